"""Pictures that mean little are treated by validations as by runs, from the cache too."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.engine.device import choose_compute
from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets import Picture
from promptdsl.evaluate.labelled import Sample
from promptdsl.evaluate.scored import score_sample
from promptdsl.pipeline import compile_file
from promptdsl.scoring.cached_scoring import encode_files, open_scoring
from promptdsl.scoring.feature_cache import FeatureCache

from .scene import factory, part

COMPUTE = choose_compute("cpu", "fp32")


def dark(path: Path) -> Path:
    pixels = np.asarray(Image.open(part(path, 200))) // 5
    Image.fromarray(pixels).save(path)
    return path


def test_blank_ones_are_left_out_and_dark_ones_noted_every_time(tmp_path: Path) -> None:
    item = compile_file(factory(tmp_path)).plan().objects[0]
    Image.new("RGB", (64, 48)).save(tmp_path / "black.png")
    names = ["black.png", "dark.png", "good/00.png"]
    dark(tmp_path / "dark.png")
    black, dark_one = ((tmp_path / name).as_posix() for name in names[:2])
    sample = Sample(tuple(Picture(tmp_path / name, "good") for name in names), (".",))
    cache = FeatureCache(tmp_path / "features", 10**8)
    for _ in range(2):
        scored = score_sample(open_scoring(item, tmp_path, COMPUTE, cache), sample, ())
        assert [one.path.name for one in scored.unreadable] == ["black.png"]
        assert scored.problems == [
            f"{black}: not inspected: it is black all over; it is in no figure"
        ]
        assert scored.notes == [
            "very dark pictures: the brightest part is below a quarter of the range; write "
            f"`intensity: 0 to 31` in picture {{ }} (1: {dark_one})",
            f"pictures with hardly any contrast (1: {dark_one})",
        ]
    assert cache.hits == 1


def test_a_blank_reference_stops_a_validation(tmp_path: Path) -> None:
    spec = factory(tmp_path)
    Image.new("RGB", (64, 48)).save(tmp_path / "black.png")
    text = spec.read_text("utf-8").replace(
        '"promptdsl-mini" }', '"promptdsl-mini", references: "black.png" }'
    )
    spec.write_text(text, "utf-8")
    item = compile_file(spec).plan().objects[0]
    with pytest.raises(EnvironmentProblem, match=r"black.png cannot be used: it is black"):
        open_scoring(item, tmp_path, COMPUTE, None)


def test_an_error_names_the_reason_once(tmp_path: Path) -> None:
    item = compile_file(factory(tmp_path)).plan().objects[0]
    Image.new("RGB", (64, 48), "white").save(tmp_path / "white.png")
    scoring = open_scoring(item, tmp_path, COMPUTE, None)
    (found,) = encode_files(scoring, [tmp_path / "white.png"])
    assert found.error == "not inspected: it is white all over"
