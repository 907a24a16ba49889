"""The lock pins how pictures are looked at, and tells what of it changed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from promptdsl.judge.verdict import key_of, meaning, resolve
from promptdsl.lock.changes import changes_since
from promptdsl.lock.file import lock_path, read_lock, write_lock
from promptdsl.lock.model import Lock, Promised, Threshold
from promptdsl.lock.pin import pin_object, pin_places
from promptdsl.plan.model import ObjectPlan, Rule
from promptdsl.versions import versions

from .made import area, picture, placed, region, score_in, shape, spot

WEIGHTS = "a" * 64
LIP = region("lip", shape("mask", "lip.png"))
PRINT = region("serial number", shape("box", 0, 0, 5, 5))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("lip.png", "good/000.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8), 255, np.uint8)).save(tmp_path / name)
    return tmp_path


def item(**more: Any) -> ObjectPlan:
    told = {"regions": (LIP,), "ignored": (PRINT,)}
    looked = picture(fit="pad", tile=480, scale=0.05, intensity=(0, 4095), locate=True)
    return placed(**{**told, "picture": looked, **more})


def told(then: ObjectPlan, now: ObjectPlan, folder: Path) -> list[str]:
    locked = pin_object(then, folder, WEIGHTS, "fp32")
    lock = Lock(spec="nut.inspect", written="", versions=versions(), objects={"nut": locked})
    return changes_since(lock, now, folder, WEIGHTS, "fp32")


def test_nothing_changed(folder: Path) -> None:
    assert told(item(), item(), folder) == []
    assert pin_places(placed(), folder) is None


@pytest.mark.parametrize(
    ("more", "sentences"),
    [
        ({"fit": "crop", "tile": 480, "scale": 0.05, "intensity": (0, 4095), "locate": True},
         ["fit of the pictures is crop and was pad"]),
        ({"fit": "pad", "tiles": (3, 2), "scale": 0.05, "intensity": (0, 4095), "locate": True},
         ["tiles of the pictures is 3x2 and was 480 px"]),
        ({"fit": "pad", "tile": 480, "overlap": 0.5, "scale": 0.1, "locate": True},
         ["intensity of the pictures is not set and was 0 to 4095",
          "overlap of the pictures is 50% and was 25%",
          "scale of the pictures is 0.1 mm per px and was 0.05 mm per px"]),
        ({"fit": "pad", "tile": 480, "scale": 0.05, "intensity": (0, 4095)},
         ['locate of the pictures is not set and was { like: "good/000.png", turn: up to 15 deg, '
          "shift: up to 10%, scale: up to 0% }"]),
    ],
    ids=["fit", "tiles", "several", "locate"],
)  # fmt: skip
def test_what_changed_of_the_pictures(
    folder: Path, more: dict[str, Any], sentences: list[str]
) -> None:
    assert told(item(), item(picture=picture(**more)), folder) == sentences
    assert told(item(), item(picture=picture(part="{part}.png", **more)), folder) == sentences


def test_what_changed_of_the_regions(folder: Path) -> None:
    other = region("serial number", shape("box", 0, 0, 5, "5%"))
    assert told(item(), item(ignored=(other,)), folder) == ['ignore "serial number" changed']
    assert told(item(), item(ignored=()), folder) == ['ignore "serial number" is gone']
    seal = region("seal", shape("circle", 5, 5, 2))
    assert told(item(), item(regions=(LIP, seal)), folder) == ["region seal is new"]
    moved = LIP.model_copy(update={"origin": LIP.origin.model_copy(update={"line": 9})})
    assert told(item(), item(regions=(moved,)), folder) == []


def test_a_mask_and_a_golden_picture_that_are_replaced(folder: Path) -> None:
    locked = pin_object(item(), folder, WEIGHTS, "fp32")
    lock = Lock(spec="nut.inspect", written="", versions=versions(), objects={"nut": locked})
    Image.fromarray(np.full((8, 8), 254, np.uint8)).save(folder / "lip.png")
    (folder / "good/000.png").unlink()
    assert changes_since(lock, item(), folder, WEIGHTS, "fp32") == [
        "good/000.png is not there", "lip.png is another picture",
    ]  # fmt: skip


def test_a_lock_of_a_plain_spec_has_no_word_of_places(folder: Path) -> None:
    spec = folder / "nut.inspect"
    write_lock(spec, {"nut": pin_object(placed(), folder, WEIGHTS, "fp32")})
    assert "places" not in lock_path(spec).read_text("utf-8")
    write_lock(spec, {"nut": pin_object(item(), folder, WEIGHTS, "fp32")})
    read = read_lock(spec)
    assert read is not None
    assert read.objects["nut"].places == pin_places(item(), folder)


AUTO = [
    spot(0.7, None, "px"), spot(0.7, None, "mm", "lip"), spot(0.705, None, "px2"),
    spot(0.7, None, "%"), spot(0.7, None, "", defect="dent"), area(0.7, None, "mm2", "lip"),
    area(0.7, None), score_in("lip", None), score_in(None, None),
]  # fmt: skip


@pytest.mark.parametrize("rule", AUTO, ids=meaning)
def test_a_number_is_found_again_by_what_its_line_means(folder: Path, rule: Rule) -> None:
    key = meaning(rule)
    assert key_of(key) == key
    assert len({meaning(other) for other in AUTO}) == len(AUTO)
    value = 0.25 if rule.kind == "score" or getattr(rule, "unit", "") == "%" else 12.5
    promised = Promised(
        of="good parts rejected", share=0.02, confidence=0.95, wrong=0, pictures=200
    )
    threshold = Threshold(
        rule=key, value=value, promise=promised, good=None, defective=None, date=""
    )
    locked = pin_object(item(), folder, WEIGHTS, "fp32", [threshold])
    write_lock(folder / "nut.inspect", {"nut": locked})
    read = read_lock(folder / "nut.inspect")
    assert read is not None
    numbers = {one.rule: one.value for one in read.objects["nut"].thresholds}
    (resolved,) = resolve(placed(rule), numbers)
    assert value in (getattr(resolved, "at", None), getattr(resolved, "share", None))
