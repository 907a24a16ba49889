"""Damaged files of every kind against the commands that read them.

    python -m tests.robustness.fuzz     # the short form: a minute or two; --help for the long one

Each trial is a child process that runs one command over a damaged file. It fails when the command
ends with exit code 70 (a fault of promptdsl), dies of a signal, takes more than 10 s, needs more
than 2 GB, or changes, makes or removes a file outside of the folder that it was told to write to.
What failed is kept in a folder, with the command to try it again. The long form is
`--specs 20000 --pictures 2000 --regions 20000 --others 500`.
"""

import argparse
import hashlib
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.robustness.corpus import ROOT, corpus
from tests.robustness.damage import damaged, strange_json, strange_lines
from tests.robustness.made_places import made_spec
from tests.robustness.mutations import apply, independent, mutations

SECONDS, BYTES = 10.0, 2 * 10**9
FAULT = 70
MASK = "lip.png"  # beside specs about places
OUT = "out"  # the only folder that a command may write to
PARITY = ROOT / "tests" / "data" / "parity"
SPEC = """inspect 1
object metal_nut {{
  called: "metal nut"
  defect scratch {{ "scratched {{object}}" }}
  method winclip {{ model: "tiny.json", "tiny.safetensors", windows: image{references} }}
  thresholds {{ reject when score >= {limit} }}
  samples good {{ images: "good/*.png" }}
  samples scratch {{ images: "bad/*.png", masks: "masks/*" }}
}}
"""


@dataclass(frozen=True)
class Trial:
    """One command, and the file that was damaged before it."""

    kind: str
    seed: int
    words: tuple[str, ...]
    damaged: str


@dataclass
class Outcome:
    """How the trials of a kind went."""

    tried: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    largest: int = 0


Prepare = Callable[[Path, int], Iterator[Trial]]


def part(kind: str, seed: int = 0, side: int = 96) -> Image.Image:
    """A disk with a hole; a bad one has a cut."""
    image = Image.new("RGB", (side, side), (176, 178, 182))
    draw = ImageDraw.Draw(image)
    at = seed % 5
    draw.ellipse((14 + at, 14, side - 14 + at, side - 14), fill=(186, 148, 70))
    draw.ellipse((40 + at, 40, side - 40 + at, side - 40), fill=(60, 60, 66))
    if kind == "bad":
        draw.line((24 + at, 28, 38 + at, 66), fill=(20, 16, 14), width=4)
    return image


def workspace(folder: Path) -> None:
    """A tiny model, a spec, labelled pictures, masks, a plan, a lock and results."""
    shutil.copy(PARITY / "tiny_clip.json", folder / "tiny.json")
    shutil.copy(PARITY / "tiny_clip.safetensors", folder / "tiny.safetensors")
    for name in ("good", "bad", "masks", "few"):
        (folder / name).mkdir()
    for number in range(4):
        part("good", number).save(folder / "good" / f"{number}.png")
        part("bad", number).save(folder / "bad" / f"{number}.png")
        mask = Image.new("L", (96, 96))
        ImageDraw.Draw(mask).line((24 + number, 28, 38 + number, 66), fill=255, width=4)
        mask.save(folder / "masks" / f"{number}.png")
    part("good", 9).save(folder / "few" / "0.png")
    (folder / "part.inspect").write_text(SPEC.format(limit="0.4", references=""))
    (folder / "auto.inspect").write_text(SPEC.format(limit="auto", references=""))
    (folder / "few.inspect").write_text(
        SPEC.format(limit="0.4", references=', references: "few/*.png"')
    )
    for words in (
        ("calibrate", "auto.inspect", "-q"),
        ("compile", "few.inspect", "-o", "part.plan", "--device", "cpu"),
        ("run", "part.inspect", "bad", "-o", OUT, "-q"),
    ):
        code, _, _ = run_command(folder, words)
        print(f"prepared with {words[0]}: exit code {code}")
    shutil.move(folder / OUT, folder / "results")


def run_command(
    folder: Path, words: Sequence[str], seconds: float = 300.0
) -> tuple[int, float, int]:
    """(exit code or minus the signal, seconds, bytes) of a command in a child process."""
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _become_command(folder, words)
    code, usage = _wait(child, started + seconds)
    return code, time.monotonic() - started, usage


def _become_command(folder: Path, words: Sequence[str]) -> None:
    code = FAULT
    try:
        os.setsid()
        os.chdir(folder)
        log = os.open(folder.parent / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1), os.dup2(log, 2)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb"), encoding="utf-8", errors="replace")
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb"), encoding="utf-8", errors="replace")
        os.environ |= {"PROMPTDSL_CACHE": str(folder.parent / "cache"), "NO_COLOR": "1"}
        from promptdsl.cli.main import main

        code = main(list(words))
        sys.stdout.flush(), sys.stderr.flush()
    finally:
        os._exit(code)


def _wait(child: int, until: float) -> tuple[int, int]:
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -signal.SIGKILL, 0
        time.sleep(0.002)


def snapshot(folder: Path) -> dict[str, str]:
    """Every file outside of OUT, with its hash."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name.split("/")[0] != OUT:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def specs(folder: Path, count: int) -> Iterator[Trial]:
    """Mutations of every valid spec, by rule and by bytes; four of one spec at a time."""
    valid = corpus()
    rules = {spec.name: tuple(mutations(spec.text)) for spec in valid}
    for seed in range(0, count, 50):
        batch = folder / "batch"
        shutil.rmtree(batch, ignore_errors=True)
        batch.mkdir()
        for number in range(seed, min(seed + 50, count)):
            dice = random.Random(number)
            spec = valid[number % len(valid)]
            if number % 3:
                chosen = independent(rules[spec.name], dice.randint(1, 4), dice)
                content = apply(spec.text, chosen).encode()
            else:
                content = damaged(spec.text.encode(), number)
            (batch / f"{number:06d}.inspect").write_bytes(content)
        yield Trial("specs", seed, ("check", "batch"), "batch")


def compiles(folder: Path, count: int) -> Iterator[Trial]:
    """The same, one at a time, through `compile` and `fmt`."""
    valid = corpus()
    for seed in range(count):
        spec = valid[seed % len(valid)]
        (folder / "damaged.inspect").write_bytes(damaged(spec.text.encode(), seed))
        yield Trial(
            "compiles", seed, ("compile", "damaged.inspect", "-o", f"{OUT}/plan.json"),
            "damaged.inspect",
        )  # fmt: skip


def encodings() -> list[tuple[str, bytes]]:
    """A picture in every format and number of bits that Pillow can write here."""
    colour, grey = part("bad"), part("bad").convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    clear = colour.convert("RGBA")
    clear.putalpha(grey)
    made = []
    for name, image, options in (
        ("a.png", colour, {}), ("b.png", deep, {}), ("c.png", clear, {}),
        ("d.png", colour.quantize(16), {}), ("e.png", grey.convert("1"), {}),
        ("f.jpg", colour, {}), ("g.jpg", colour.convert("CMYK"), {}),
        ("h.tif", colour, {}), ("i.tif", deep, {}), ("j.tif", colour, {"compression": "tiff_lzw"}),
        ("k.tif", grey.convert("1"), {"compression": "group4"}), ("l.bmp", colour, {}),
        ("m.gif", colour.quantize(16), {}), ("n.webp", colour, {}), ("o.ppm", colour, {}),
        ("p.jp2", colour, {}), ("q.avif", colour, {}), ("r.mpo", colour, {}),
        ("s.gif", colour.quantize(8), {"save_all": True, "append_images": [colour] * 3}),
    ):  # fmt: skip
        stream = io.BytesIO()
        kind = {"jpg": "JPEG", "tif": "TIFF", "jp2": "JPEG2000"}
        ending = name.split(".")[1]
        try:
            image.save(stream, kind.get(ending, ending.upper()), **options)
        except (OSError, KeyError, ValueError):
            continue  # this Pillow cannot write it
        made.append((name, stream.getvalue()))
    return made


def pictures(folder: Path, count: int) -> Iterator[Trial]:
    """Damaged pictures of every format, forty in a run."""
    made = encodings()
    for seed in range(0, count, 40):
        batch = folder / "batch"
        shutil.rmtree(batch, ignore_errors=True)
        batch.mkdir()
        for number in range(seed, min(seed + 40, count)):
            name, content = made[number % len(made)]
            (batch / f"{number:06d}_{name}").write_bytes(damaged(content, number))
        yield Trial(
            "pictures", seed, ("run", "part.inspect", "batch", "-o", f"{OUT}/run", "-q"), "batch"
        )


def regions(folder: Path, count: int) -> Iterator[Trial]:
    """Specs with random pictures, regions, ignored places and rules, a hundred in a check."""
    for seed in range(0, count, 100):
        batch = folder / "batch"
        shutil.rmtree(batch, ignore_errors=True)
        batch.mkdir()
        part("good").convert("L").save(batch / MASK)
        for number in range(seed, min(seed + 100, count)):
            (batch / f"{number:06d}.inspect").write_text(made_spec(number), "utf-8")
        yield Trial("regions", seed, ("check", "batch"), "batch")


def masks(folder: Path, count: int) -> Iterator[Trial]:
    """Damaged masks of every format, four in a validation."""
    made = encodings()
    for seed in range(0, count, 4):
        shutil.rmtree(folder / "masks")
        (folder / "masks").mkdir()
        for number in range(4):
            name, content = made[(seed + number) % len(made)]
            path = folder / "masks" / f"{number}.{name.split('.')[1]}"
            path.write_bytes(damaged(content, seed + number))
        words = ("validate", "part.inspect", "-o", f"{OUT}/validation", "-q")
        yield Trial("masks", seed, words, "masks")


def _one(kind: str, name: str, words: Sequence[str], json: bool = False) -> Prepare:
    """Trials over one file, which is damaged anew each time; a JSON file in two ways."""

    def prepare(folder: Path, count: int) -> Iterator[Trial]:
        content = (folder / name).read_bytes()
        for seed in range(count):
            changed = damaged(content, seed)
            if json and seed % 2:
                changed = (strange_lines if name.endswith(".jsonl") else strange_json)(
                    content, seed
                )
            (folder / name).write_bytes(changed)
            yield Trial(kind, seed, tuple(words), name)
        (folder / name).write_bytes(content)

    return prepare


def results(name: str) -> Prepare:
    """An earlier run of which one file is damaged, to be resumed or replaced."""

    def prepare(folder: Path, count: int) -> Iterator[Trial]:
        content = (folder / "results" / name).read_bytes()
        for seed in range(count):
            shutil.rmtree(folder / OUT, ignore_errors=True)
            shutil.copytree(folder / "results", folder / OUT)
            lines = strange_lines if name.endswith(".jsonl") else strange_json
            changed = lines(content, seed) if seed % 2 else damaged(content, seed)
            (folder / OUT / name).write_bytes(changed)
            how = "--overwrite" if seed % 5 == 4 else "--resume"
            words = ("run", "part.inspect", "bad", "-o", OUT, how, "-q")
            yield Trial(f"results {name}", seed, words, f"{OUT}/{name}")

    return prepare


def caches(folder: Path, count: int) -> Iterator[Trial]:
    """One damaged file of the cache: a hash, a picture's features, or text embeddings."""
    words = ("validate", "few.inspect", "-o", f"{OUT}/validation", "-q")
    run_command(folder, words)
    cache = folder.parent / "cache"
    whole = {path: path.read_bytes() for path in sorted(cache.rglob("*")) if path.is_file()}
    kinds = sorted({path.relative_to(cache).parts[0] for path in whole})
    for seed in range(count):
        for path, content in whole.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        kind = kinds[seed % len(kinds)]
        path = random.Random(seed).choice(
            [p for p in whole if p.relative_to(cache).parts[0] == kind]
        )
        path.write_bytes(damaged(whole[path], seed))
        yield Trial("caches", seed, words, str(path))


_RUN = ("bad/0.png", "-o", f"{OUT}/run", "-q", "--maps", "none")
KINDS: dict[str, tuple[str, Prepare]] = {
    "specs": ("specs", specs),
    "compiles": ("others", compiles),
    "pictures": ("pictures", pictures),
    "regions": ("regions", regions),
    "masks": ("others", masks),
    "plans": ("others", _one("plans", "part.plan", ("run", "part.plan", *_RUN))),
    "locks": (
        "others", _one("locks", "auto.inspect.lock", ("run", "auto.inspect", *_RUN), json=True),
    ),
    "weights": (
        "others", _one("weights", "tiny.safetensors", ("run", "part.inspect", *_RUN)),
    ),
    "configurations": (
        "others", _one("configurations", "tiny.json", ("run", "part.inspect", *_RUN), json=True),
    ),
    "results.jsonl": ("others", results("results.jsonl")),
    "run.json": ("others", results("run.json")),
    "previews.jsonl": ("others", results("previews.jsonl")),
    "caches": ("others", caches),
}  # fmt: skip


def judge(trial: Trial, code: int, seconds: float, size: int, changed: Sequence[str]) -> str | None:
    """What is wrong with a trial's end; None where nothing is."""
    if code == FAULT:
        return "exit code 70"
    if code < 0:
        return f"killed: {'too slow' if code == -signal.SIGKILL else signal.Signals(-code).name}"
    if seconds > SECONDS and trial.kind not in (
        "specs",
        "pictures",
        "regions",
    ):  # those hold many files
        return f"{seconds:.0f} s"
    if size > BYTES:
        return f"{size / 1e9:.1f} GB"
    return f"files changed: {', '.join(changed[:3])}" if changed else None


def fuzz(kind: str, count: int, keep: Path) -> Outcome:
    """All trials of one kind; failures are kept below `keep`."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "work"
        folder.mkdir()
        workspace(folder)
        for trial in KINDS[kind][1](folder, count):
            if not trial.kind.startswith("results"):
                shutil.rmtree(folder / OUT, ignore_errors=True)
            (folder / OUT).mkdir(exist_ok=True)
            before = snapshot(folder)
            place = folder / "batch"
            made = os.listdir(place) if trial.damaged == "batch" else [""]
            batch = len([file for file in made if file != MASK])
            code, seconds, size = run_command(folder, trial.words, 3 * SECONDS * batch)
            after = snapshot(folder)
            changed = sorted({k for k in before.keys() | after.keys()
                              if before.get(k) != after.get(k)})  # fmt: skip
            outcome.tried += batch
            outcome.codes[code] += 1
            outcome.slowest = max(outcome.slowest, seconds / batch)
            outcome.largest = max(outcome.largest, size)
            fault = judge(trial, code, seconds, size, changed)
            if fault:
                _keep(folder, trial, keep)
                said = (folder.parent / "log").read_text("utf-8", "replace")[-300:]
                outcome.failures.append(f"{kind} {trial.seed}: {fault}: {' '.join(said.split())}")
    return outcome


def _keep(folder: Path, trial: Trial, keep: Path) -> None:
    place = keep / f"{trial.kind.replace(' ', '_')}-{trial.seed}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(folder, place)
    (place / "COMMAND").write_text(" ".join(("promptdsl", *trial.words)) + "\n")


def main() -> int:
    """The command line of this script."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--specs", type=int, default=500)
    parser.add_argument("--pictures", type=int, default=80)
    parser.add_argument("--regions", type=int, default=400, help="specs about places")
    parser.add_argument("--others", type=int, default=20, help="masks, plans, locks, weights, ...")
    parser.add_argument("--only", choices=list(KINDS), action="append")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-failures")
    asked = parser.parse_args()
    import open_clip  # noqa: F401 - once, for all children
    import torch

    torch.set_num_threads(1)
    failed = 0
    for kind in asked.only or KINDS:
        outcome = fuzz(kind, getattr(asked, KINDS[kind][0]), asked.keep)
        failed += len(outcome.failures)
        print(
            f"{kind}: {outcome.tried} tried, exit codes {dict(sorted(outcome.codes.items()))}, "
            f"slowest {outcome.slowest:.2f} s, largest {outcome.largest / 1e9:.2f} GB, "
            f"{len(outcome.failures)} failures",
            flush=True,
        )
        for failure in outcome.failures[:20]:
            print(f"  {failure}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
