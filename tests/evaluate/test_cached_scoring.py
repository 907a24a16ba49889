"""Scores from cached features are the detector's own; they need no image tower."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from promptdsl.clip.model import ClipModel
from promptdsl.engine.device import Compute, choose_compute
from promptdsl.files.hashing import hash_now
from promptdsl.methods import METHODS, WINCLIP
from promptdsl.pictures.reading import read_picture
from promptdsl.pipeline import compile_file
from promptdsl.scoring import cached_scoring
from promptdsl.scoring.cached_scoring import (
    Scoring,
    encode_files,
    hash_picture,
    open_scoring,
)
from promptdsl.scoring.detector import build_detector
from promptdsl.scoring.feature_cache import FeatureCache

from .scene import factory

COMPUTE = choose_compute("cpu", "fp32")


def scores(scoring: Scoring, files: list[Path]) -> list[float]:
    found: dict[int, float] = {}
    for encoded in encode_files(scoring, files):
        if encoded.features is not None:
            for place, one in zip(
                encoded.places, scoring.detector.score(encoded.features), strict=True
            ):
                found[place] = one.score
    return [found[place] for place in sorted(found)]


@pytest.mark.parametrize("references", ["", 'references: "good/0*.png", shots: 2'])
def test_the_cache_changes_nothing_but_the_time(
    tmp_path: Path, references: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = factory(tmp_path)
    settings = f'"promptdsl-mini", windows: image, 2x2, 3x3, {references} }}'
    text = spec.read_text("utf-8").replace('"promptdsl-mini" }', settings)
    spec.write_text(text.replace('images: "good/*.png"', 'images: "good/1*.png"'), "utf-8")
    item = compile_file(spec).plan().objects[0]
    files = sorted((tmp_path / "scratch").glob("*.png"))[:3]
    files.append(Path(shutil.copy(files[0], tmp_path / "again.png")))  # as if under another label
    cache = FeatureCache(tmp_path / "features", 10**8)
    first = open_scoring(item, tmp_path, COMPUTE, cache)
    fresh = scores(first, files)
    assert fresh[-1] == fresh[0]
    assert first.encoded == len(files) + (2 if references else 0)
    with monkeypatch.context() as without:
        without.setattr(ClipModel, "vision_tower", _never)
        again = open_scoring(item, tmp_path, COMPUTE, cache)
        assert scores(again, files) == fresh  # to the last bit
        assert scores(again, files[2:]) == fresh[2:]
    detector = build_detector(item, spec_folder=tmp_path, device="cpu", precision="fp32")
    for file, score in zip(files, fresh, strict=True):
        pixels = read_picture(file, detector.size).pixels[None]
        assert detector.inspect(pixels)[0].score == score


def test_other_words_and_fewer_windows_need_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = factory(tmp_path)
    item = compile_file(spec).plan().objects[0]
    files = sorted((tmp_path / "hole").glob("*.png"))[:2]
    cache = FeatureCache(tmp_path / "features", 10**8)
    scores(open_scoring(item, tmp_path, COMPUTE, cache), files)
    text = spec.read_text("utf-8").replace("scratched {", "deeply scratched {")
    text = text.replace('"promptdsl-mini" }', '"promptdsl-mini", windows: image, 2x2 }')
    spec.write_text(text, "utf-8")
    monkeypatch.setattr(ClipModel, "vision_tower", _never)
    other = open_scoring(compile_file(spec).plan().objects[0], tmp_path, COMPUTE, cache)
    assert len(scores(other, files)) == 2
    (encoded,) = encode_files(other, files[:1])
    assert encoded.features is not None
    words = [prompt for prompt in item.prompts if prompt.defect != "hole"]
    (fewer,) = other.detector.score(encoded.features, words)
    assert tuple(fewer.defects) == ("scratch",)


def test_unreadable_pictures_come_as_errors(tmp_path: Path) -> None:
    spec = factory(tmp_path)
    item = compile_file(spec).plan().objects[0]
    (tmp_path / "bad.png").write_text("no picture")
    scoring = open_scoring(item, tmp_path, COMPUTE, None)
    found = list(encode_files(scoring, [tmp_path / "bad.png", tmp_path / "gone.png"]))
    assert [encoded.error for encoded in found] == [
        "it holds text, not a picture", "it is no longer there",
    ]  # fmt: skip


def test_features_are_kept_under_the_hash_of_the_bytes_that_were_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that is replaced between hashing and decoding."""
    spec = factory(tmp_path)
    item = compile_file(spec).plan().objects[0]
    good, bad = (sorted((tmp_path / name).glob("*.png"))[0] for name in ("good", "scratch"))
    picture = tmp_path / "picture.png"
    shutil.copy(good, picture)
    cache = FeatureCache(tmp_path / "features", 10**8)
    scoring = open_scoring(item, tmp_path, COMPUTE, cache)
    real = cached_scoring._hash_all

    def hash_and_replace(files: Sequence[Path]) -> list[str | None]:
        hashes = real(files)
        shutil.copy(bad, picture)
        return hashes

    monkeypatch.setattr(cached_scoring, "_hash_all", hash_and_replace)
    (encoded,) = encode_files(scoring, [picture])
    assert encoded.sha256 == (hash_now(bad),)
    assert cache.get(hash_now(bad), scoring.encoding) is not None
    assert cache.get(hash_now(good), scoring.encoding) is None
    monkeypatch.undo()
    first = scores(open_scoring(item, tmp_path, COMPUTE, None), [good])
    assert scores(open_scoring(item, tmp_path, COMPUTE, cache), [good]) == first


def test_what_decides_features_is_in_the_key_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = factory(tmp_path)
    item = compile_file(spec).plan().objects[0]

    def key(compute: Compute = COMPUTE, model: str = "m", **settings: object) -> str:
        method = item.method.model_copy(update={"settings": {**item.method.settings, **settings}})
        return cached_scoring.cache_key(
            item.model_copy(update={"method": method}), tmp_path, compute, model
        )

    bf16 = Compute(torch.device("cpu"), torch.bfloat16, "")
    cuda = Compute(torch.device("cuda"), torch.float32, "")
    keys = [key(), key(bf16), key(cuda), key(model="other"), key(image_size=128)]
    for name, value in (
        ("pillow_version", "99"), ("PREPROCESSING", 99), ("torch.__version__", "99"),
    ):  # fmt: skip
        monkeypatch.setattr(f"promptdsl.scoring.cached_scoring.{name}", value)
        keys.append(key())
        monkeypatch.undo()
    method = item.method.model_copy(update={"name": "another"})
    other = item.model_copy(update={"method": method})
    monkeypatch.setitem(METHODS, "another", replace(WINCLIP, name="another"))
    keys.append(cached_scoring.cache_key(other, tmp_path, COMPUTE, "m"))
    monkeypatch.undo()
    (tmp_path / "learned").write_bytes(b"one")
    keys.append(key(weights="learned"))
    (tmp_path / "learned").write_bytes(b"two")
    keys.append(key(weights="learned"))
    assert len(set(keys)) == len(keys)
    assert key() == keys[0]
    assert key(temperature=0.5) == keys[0], "it changes scores alone"


@pytest.mark.skipif(os.name == "nt", reason="pipes and links of POSIX systems")
def test_what_is_no_file_has_no_hash_and_makes_nobody_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "vast.png").touch()
    os.truncate(tmp_path / "vast.png", 50 * 10**9)
    for name in ("pipe.png", "loop.png", "vast.png", "gone.png", "zero\0.png"):
        assert hash_picture(tmp_path / name) is None


def _never(*_: object, **__: object) -> None:
    raise AssertionError("the image tower was loaded")
