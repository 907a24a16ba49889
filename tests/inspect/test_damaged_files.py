"""Damaged files of an earlier run: resuming and replacing it end in a sentence or in the truth."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from promptdsl.errors import Problem
from promptdsl.results import Record
from tests.robustness.damage import damaged, strange_json, strange_lines

from .fakes import paint_many
from .going import go, lines

ROUNDS = int(os.environ.get("PROMPTDSL_FUZZ_ROUNDS", "10"))
NAMES = ("results.jsonl", "run.json", "previews.jsonl", "report.html")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paint_many(Path("pics"), 5)
    go(out="whole")
    Path("whole/maps/mine.png").write_text("mine")
    Path("whole/maps/mine.0123456789abcdef01234567.png").write_text("mine")


def damage(name: str, seed: int) -> bytes:
    content = Path("whole", name).read_bytes()
    if seed % 2 == 0 or name == "report.html":
        return damaged(content, seed)
    return (strange_lines if name.endswith("l") else strange_json)(content, seed)


def everything_else() -> dict[str, bytes]:
    """All files but those that the run wrote into `out`."""
    found = {p: p.read_bytes() for p in Path().rglob("*") if p.is_file() and p.parts[0] != "out"}
    found |= {p: p.read_bytes() for p in Path("out/maps").glob("mine*")}
    return {str(path): content for path, content in found.items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", ["resume", "overwrite"])
def test_damage_ends_in_a_sentence_or_in_the_truth(name: str, mode: str) -> None:
    def by_image(records: list[dict[str, object]]) -> list[dict[str, object]]:
        return sorted(records, key=lambda record: str(record["image"]))

    whole = by_image(lines("whole"))
    for seed in range(ROUNDS):
        shutil.rmtree("out", ignore_errors=True)
        shutil.copytree("whole", "out")
        Path("out", name).write_bytes(damage(name, seed))
        before = everything_else()
        with suppress(Problem):
            outcome = go(mode=mode, batch_size=2)
            assert len(outcome.records) == 5, seed
            if name != "results.jsonl" or mode == "overwrite":
                assert by_image(lines()) == whole, seed
            else:  # an edit that leaves a record possible stays; nothing is lost
                assert {r["image"] for r in whole} <= {r["image"] for r in lines()}, seed
        assert everything_else() == before, seed


def test_the_counts_are_those_of_the_records() -> None:
    shutil.copytree("whole", "out")
    Path("out/results.jsonl").write_bytes(damaged(Path("whole/results.jsonl").read_bytes(), 7))
    outcome = go(mode="resume")
    verdicts = [record.verdict for record in outcome.records]
    assert outcome.counts.total() == len(verdicts) == 5
    assert all(isinstance(record, Record) for record in outcome.records)
