"""Compile hostile texts or files in a process of its own, with little memory; one JSON line each.

`python -m tests.robustness.driver texts NAME ...` and `... files PATH ...` (with `allow=FOLDER`).
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

from promptdsl.pipeline import Compilation, compile_file, compile_text
from tests.robustness.hostile import TEXTS

MEMORY = 1_000_000_000


def measured(name: str, compile_it: Callable[[], Compilation]) -> None:
    """Compile, look at every span, and say what it cost."""
    started = time.process_time()
    compilation = compile_it()
    seconds = time.process_time() - started
    for each in compilation.report:
        source = compilation.sources[each.span.file]
        assert 0 <= each.span.start <= each.span.end <= len(source.text), each
        source.position(each.span.start)
    print(
        json.dumps({
            "name": name,
            "seconds": seconds,
            "codes": sorted({each.code for each in compilation.report}),
            "first": next((each.message for each in compilation.report), ""),
            "messages": len(compilation.report),
            "longest": max((len(each.message) for each in compilation.report), default=0),
            "ok": compilation.ok,
        }),
        flush=True,
    )  # fmt: skip


def main(kind: str, names: list[str]) -> None:
    """Do all of them, one after the other."""
    allow = tuple(Path(name[6:]) for name in names if name.startswith("allow="))
    for name in names:
        if kind == "texts":
            data = TEXTS[name]()
            measured(name, lambda data=data: compile_text(data, "hostile.inspect"))
        elif not name.startswith("allow="):
            measured(name, lambda name=name: compile_file(Path(name), allow=allow))
    print(json.dumps({"name": "peak", "megabytes": _peak_megabytes()}), flush=True)


def _peak_megabytes() -> float:
    """The most memory that this program held; ru_maxrss would count what its parent held too."""
    status = Path("/proc/self/status")
    if status.exists():
        held = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(held.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    main(sys.argv[1], sys.argv[2:])
