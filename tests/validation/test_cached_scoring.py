"""Scores from cached features are the detector's own; they need no image tower."""

from pathlib import Path

import pytest

from promptdsl.pictures.reading import read_picture
from promptdsl.pipeline import compile_file
from promptdsl.runtime.cached_scoring import Scoring, encode_files, open_scoring, winclip_scorer
from promptdsl.runtime.detector import build_detector
from promptdsl.runtime.device import choose_compute
from promptdsl.runtime.feature_cache import FeatureCache

from .scene import factory

COMPUTE = choose_compute("cpu", "fp32")


def scores(scoring: Scoring, files: list[Path]) -> list[float]:
    found: dict[int, float] = {}
    for encoded in encode_files(scoring, files):
        if encoded.features is not None:
            for place, one in zip(
                encoded.places, scoring.scorer.score(encoded.features), strict=True
            ):
                found[place] = one.score
    return [found[place] for place in sorted(found)]


@pytest.mark.parametrize("references", ["", 'references: "good/0*.png", shots: 2'])
def test_the_cache_changes_nothing_but_the_time(tmp_path: Path, references: str) -> None:
    spec = factory(tmp_path)
    settings = f'"promptdsl-mini", windows: image, 2x2, 3x3, {references} }}'
    text = spec.read_text("utf-8").replace('"promptdsl-mini" }', settings)
    spec.write_text(text.replace('images: "good/*.png"', 'images: "good/1*.png"'), "utf-8")
    item = compile_file(spec).plan().objects[0]
    files = sorted((tmp_path / "scratch").glob("*.png"))[:3]
    cache = FeatureCache(tmp_path / "features", 10**8)
    first = open_scoring(item, tmp_path, COMPUTE, cache)
    fresh = scores(first, files)
    assert first.encoded == len(files) + (2 if references else 0)
    again = open_scoring(item, tmp_path, COMPUTE, cache)
    again.load_encoder = _never
    assert scores(again, files) == pytest.approx(fresh, abs=1e-6)
    detector = build_detector(item, spec_folder=tmp_path, device="cpu", precision="fp32")
    for file, score in zip(files, fresh, strict=True):
        pixels = read_picture(file, detector.size).pixels[None]
        assert detector.inspect(pixels)[0].score == pytest.approx(score, abs=1e-5)


def test_other_words_and_fewer_windows_need_no_model(tmp_path: Path) -> None:
    spec = factory(tmp_path)
    item = compile_file(spec).plan().objects[0]
    files = sorted((tmp_path / "hole").glob("*.png"))[:2]
    cache = FeatureCache(tmp_path / "features", 10**8)
    scores(open_scoring(item, tmp_path, COMPUTE, cache), files)
    text = spec.read_text("utf-8").replace("scratched {", "deeply scratched {")
    text = text.replace('"promptdsl-mini" }', '"promptdsl-mini", windows: image, 2x2 }')
    spec.write_text(text, "utf-8")
    other = open_scoring(compile_file(spec).plan().objects[0], tmp_path, COMPUTE, cache)
    other.load_encoder = _never
    assert len(scores(other, files)) == 2
    scorer = winclip_scorer(other)
    assert scorer is not None
    fewer = scorer.with_prompts([p for p in item.prompts if p.defect != "hole"])
    assert fewer.defects == ("scratch",)


def test_unreadable_pictures_come_as_errors(tmp_path: Path) -> None:
    spec = factory(tmp_path)
    item = compile_file(spec).plan().objects[0]
    (tmp_path / "bad.png").write_text("no picture")
    scoring = open_scoring(item, tmp_path, COMPUTE, None)
    found = list(encode_files(scoring, [tmp_path / "bad.png", tmp_path / "gone.png"]))
    assert [encoded.error for encoded in found] == [
        "it holds text, not a picture", "it is no longer there",
    ]  # fmt: skip


def _never() -> None:
    raise AssertionError("the image tower was loaded")
