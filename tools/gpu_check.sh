#!/usr/bin/env bash
# Everything about a CUDA card in one command: are the answers right, and how fast are they?
#
#   tools/gpu_check.sh [FOLDER]        results go into FOLDER (default: out/gpu)
#
# Needs a Python with promptdsl's packages and pytest ($PYTHON, default python3; an installed
# promptdsl is not needed) and, for the comparison, anomalib 2.7. Every step stands by itself and has
# a limit, so that one that fails costs one line. The end prints a table; FOLDER holds each step's
# output as STEP.log, its figures as STEP.json where it has any, and all states in steps.json.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd); cd "$top"
folder=${1:-out/gpu}; mkdir -p "$folder"; folder=$(cd "$folder" && pwd)
python=${PYTHON:-python3}
export PYTHONPATH=$top${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1 NO_COLOR=1
lines=()

# step NAME SECONDS COMMAND...
step() {
    local name=$1 limit=$2 start=$SECONDS state; shift 2
    printf '\n== %s\n' "$name"
    timeout -k 5 "$limit" "$@" > "$folder/$name.log" 2>&1 < /dev/null
    case $? in
        0) state=ok ;;
        124 | 137) state="longer than $limit s" ;;
        *) state=failed ;;
    esac
    tail -n "${SHOW:-40}" "$folder/$name.log"
    lines+=("$(printf '{"step": "%s", "state": "%s", "seconds": %d}' "$name" "$state" $((SECONDS - start)))")
    { printf '[\n'; local IFS=,; printf '%s\n' "${lines[*]}"; printf ']\n'; } > "$folder/steps.json"
}

bench() {  # bench NAME SECONDS OPTIONS...: the table for the eye, the figures as JSON
    local name=$1 limit=$2; shift 2
    step "$name" "$limit" bash -c '"$1" -m promptdsl bench "${@:3}" --format json > "$2" || { cat "$2"; exit 1; }
        "$1" -m json.tool --compact "$2"' - "$python" "$folder/$name.json" "$@"
}

step machine 60 "$python" -c '
import datetime, platform, torch
print(datetime.date.today(), platform.python_version(), "torch", torch.__version__, "CUDA", torch.version.cuda)
print(torch.cuda.get_device_name(), f"{torch.cuda.mem_get_info()[1] / 2**30:.0f} GiB")
'
step correct "${LIMIT_CORRECT:-150}" "$python" -m pytest -q -p no:cacheprovider tests/gpu
bench speed "${LIMIT_SPEED:-90}" --random-weights ViT-B-16-plus-240 --device cuda --batch-size 1,8,32,64 --profile
bench anomalib "${LIMIT_ANOMALIB:-150}" --against anomalib --device cuda --batch-size 1,8,32,64
step methods "${LIMIT_METHODS:-60}" "$python" tests/benchmarks/bench_methods.py --device cuda --batch 16 --rounds 5
step memory "${LIMIT_MEMORY:-60}" "$python" tests/benchmarks/bench_methods.py --device cuda --only-references --references 200
step examples "${LIMIT_EXAMPLES:-60}" bash -c '
    for device in cpu cuda; do
        "$1" -m promptdsl run examples/line.inspect --object metal_nut examples/metal_nut/pictures --device $device --precision fp32 \
            -o "$2/run-$device" --overwrite > "$2/run-$device.txt" || [ $? -le 1 ] || exit 3
    done
    "$1" - "$2" <<PYTHON
import json, pathlib, sys
read = lambda device: [json.loads(line) for line in (pathlib.Path(sys.argv[1]) / f"run-{device}" / "results.jsonl").open()]
pairs = list(zip(read("cpu"), read("cuda"), strict=True))
print(len(pairs), "pictures; largest difference of a score", max(abs(a["score"] - b["score"]) for a, b in pairs))
assert all(a["verdict"] == b["verdict"] for a, b in pairs), "a verdict differs"
PYTHON' - "$python" "$folder"

printf '\n'
"$python" - "$folder/steps.json" <<'PYTHON'
import json, sys

steps = json.load(open(sys.argv[1]))
for step in steps:
    print(f"{step['step']:<12} {step['seconds']:>5} s  {step['state']}")
sys.exit(any(step["state"] != "ok" for step in steps))
PYTHON
