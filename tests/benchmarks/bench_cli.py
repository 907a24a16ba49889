"""How long the everyday commands take as whole processes, beside `python -c pass` in the same run.

    python tests/benchmarks/bench_cli.py [RUNS]

Prints medians over RUNS (default 15) of `check`, `fmt --check` and `prompts` on a spec of 50 lines
and one of 2,400 lines. The rounds are interleaved, so that a busy machine slows all of them alike.
The targets are 0.3 s for 50 lines and 0.6 s for 2,400 lines on two cores.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

SHORT, LONG = 50, 2_400
TARGETS = {SHORT: 0.3, LONG: 0.6}
HEAD = ["inspect 1", 'use "std/winclip" as std', ""]
OBJECT_LINES = 48
ROOT = Path(__file__).resolve().parents[2]


def write_spec(path: Path, lines: int) -> int:
    """A tidy spec of about that many lines, with an object every 48; gives the exact number."""
    text = list(HEAD)
    for number in range(max(1, (lines - len(HEAD)) // OBJECT_LINES)):
        text += _object(number)
    path.write_text("\n".join(text[:-1]) + "\n", encoding="utf-8")
    return len(text) - 1


def _object(number: int) -> list[str]:
    defects = ["scratch", "dent", "crack", "stain"]
    lines = [f"object part_{number} {{", f'  called: "part number {number}"', ""]
    lines += ["  normal {", "    include std.normal", '    "{object} without burrs"', "  }", ""]
    for defect in defects:
        lines += [f"  defect {defect} {{  # kind {number}", f'    "{{object}} with a {defect}"']
        lines += [f'    "{{object}} with a deep {defect}"', "  }"]
    lines += ["", "  templates {"]
    lines += [f'    "a photo of the {{object}}, view {view}."' for view in range(4)]
    lines += ["  }", "", "  method winclip {", "    windows: image, 2x2, 3x3", "    seed: 7", "  }"]
    lines += ["", "  thresholds {", "    reject when score >= 0.62", "  }", "}", ""]
    lines[-2:-2] = ["  # end of the part"] * (OBJECT_LINES - len(lines))
    return lines


def seconds(command: list[str]) -> float:
    """Wall time of one process; its exit code must be 0."""
    # byte code is kept, as it is for an installed package
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT, env=env)
    return time.perf_counter() - start


def measure(commands: dict[str, list[str]], runs: int) -> dict[str, float]:
    """Median seconds of each command over interleaved runs, one warm-up round left out."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if turn:
                times[name].append(taken)
    return {name: median(taken) for name, taken in times.items()}


def main(runs: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {"python -c pass": [sys.executable, "-c", "pass"]}
        targets: dict[str, float] = {}
        for lines in (SHORT, LONG):
            path = Path(folder) / f"spec_{lines}.inspect"
            exact = write_spec(path, lines)
            for words in ("check", "fmt --check", "prompts"):
                name = f"{words}, {exact:,} lines"
                commands[name] = [sys.executable, "-m", "promptdsl", *words.split(), str(path)]
                targets[name] = TARGETS[lines]
        medians = measure(commands, runs)
    base = medians["python -c pass"]
    width = max(map(len, medians))
    print(f"{'command':<{width}}  median s  times pass  target s")
    for name, taken in medians.items():
        target = f"{targets[name]:>8}" if name in targets else ""
        print(f"{name:<{width}}  {taken:8.3f}  {taken / base:10.1f}  {target}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
