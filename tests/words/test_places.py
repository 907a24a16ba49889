"""Experiments with words judge by regions, sizes and spots as every command does."""

import json
from typing import Any

import pytest

from promptdsl.cli.main import main
from promptdsl.evaluate.validation.outcomes import judge
from promptdsl.evaluate.words.ablate import variant_of
from promptdsl.evaluate.words.evidence import judge_variants

from ..evaluate.places import planned
from ..judge.made import area, picture, region, score_in, shape, spot
from .conftest import Write
from .scoring import Silence, evidence_of

MIDDLE = region("middle", shape("circle", "50%", "50%", "40%"))
EDGE = region("edge", shape("box", 0, 0, "100%", "10%"))
LINES = (
    spot(0.55, 1.5, "mm", "middle"), area(0.5, 300, "px2", verdict="review"),
    spot(0.5, 4, "", verdict="review"), score_in("middle", 0.6, "review"),
)  # fmt: skip
MORE: dict[str, Any] = {
    "thresholds": LINES, "picture": picture(scale=0.05), "regions": (MIDDLE,), "ignored": (EDGE,),
}  # fmt: skip
CPU = ("--device", "cpu", "--precision", "fp32", "-q")


def test_the_unmodified_words_give_the_verdicts_that_validate_gives(
    write_spec: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(monkeypatch, **MORE)
    evidence, _ = evidence_of(write_spec("placed"))
    assert evidence.needs_maps
    variant = variant_of(evidence, evidence.item)
    (found,) = judge_variants(evidence, [variant], lambda number: True, Silence())
    expected = [one.verdict for one in judge(evidence.pictures, evidence.rules)]
    assert list(found.verdicts) == expected
    assert len(set(expected)) > 1, "the lines must tell some pictures from others"
    table = found.pixels
    assert table is not None
    counted = table.good_NK + table.defective_NK
    side = evidence.sample.maps.size[0]
    ignored = round(0.1 * side) * side
    assert set(counted.sum(axis=1)) == {side * side - ignored}


def test_why_and_diff_tell_of_places(
    write_spec: Write, pictures: Any, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    planned(monkeypatch, **MORE)
    path = write_spec("told")
    image = sorted((pictures / "scratch").glob("*.png"))[0]
    assert main(["why", str(path), str(image), "--format", "json", *CPU[:-1]]) == 0
    why = json.loads(capsys.readouterr().out)
    assert [rule["unit"] for rule in why["rules"]] == ["mm", "px2", "", ""]
    assert why["rules"][0]["measure"] == "extent of spot above 0.55 in middle (mm)"
    assert all(rule["distance"] == rule["value"] - rule["limit"] for rule in why["rules"])
    assert {spot["above"] for spot in why["spots"]} <= {0.5, 0.55}
    assert main(["diff", str(path), str(path), "--on", str(image), "--format", "json", *CPU]) == 0
    (item,) = json.loads(capsys.readouterr().out)["objects"]
    assert item["fields"] == [] and item["flips"] == 0
    (row,) = item["results"]
    assert set(row["after"]["measures"]) == {rule["measure"] for rule in why["rules"]}
