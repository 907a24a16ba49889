"""Starting whole runs in the current folder, and reading what they wrote."""

import json
from pathlib import Path
from typing import Any

from promptdsl.inspect.run import Outcome, run

from .fakes import FakeSource, Seen, make_plan


def go(
    *inputs: str,
    source: FakeSource | None = None,
    out: str = "out",
    watch: Seen | None = None,
    **more: Any,
) -> Outcome:
    source = source or FakeSource(make_plan())
    return run(source, inputs or ("pics",), Path(out), watch or Seen(), **more)  # type: ignore[arg-type]


def lines(out: str = "out") -> list[dict[str, Any]]:
    """All that is the same whenever it is made: without the time."""
    records = whole_lines(out)
    for record in records:
        record.pop("time", None)
    return records


def whole_lines(out: str = "out") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(out, "results.jsonl").read_text().splitlines()]


def images(out: str = "out") -> list[str]:
    return [line["image"] for line in lines(out)]


def run_json(out: str = "out") -> dict[str, Any]:
    described: dict[str, Any] = json.loads(Path(out, "run.json").read_text())
    return described
