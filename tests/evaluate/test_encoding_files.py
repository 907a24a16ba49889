"""How pictures are encoded for scoring: in batches, once, told as they are done."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from promptdsl.engine.device import Compute, choose_compute
from promptdsl.errors import EnvironmentProblem
from promptdsl.files.hashing import hash_now
from promptdsl.pipeline import compile_file
from promptdsl.scoring import cached_scoring
from promptdsl.scoring.batching import BatchSize
from promptdsl.scoring.cached_scoring import (
    Encoded,
    Scoring,
    cache_key,
    encode_files,
    hash_picture,
    open_scoring,
)
from promptdsl.scoring.detector import Builders
from promptdsl.scoring.feature_cache import Encoding, FeatureCache
from promptdsl.scoring.features import Features, Pictures

from .scene import WEIGHTS, SeesRed, factory, part

COMPUTE = choose_compute("cpu", "fp32")


@dataclass(frozen=True)
class Failing(SeesRed):
    """Sees red, and may fail for some sizes of a batch."""

    compute: Compute = COMPUTE
    fails: Callable[[int], Exception | None] = lambda _: None

    def encode(self, pictures: Pictures) -> Features:
        """How red each pixel is, or an error."""
        error = self.fails(len(pictures))
        if error is not None:
            raise error
        return super().encode(pictures)


def scoring(cache: FeatureCache | None, detector: SeesRed | None = None) -> Scoring:
    return Scoring(detector or SeesRed(COMPUTE), Encoding("red", None), cache)  # type: ignore[arg-type]


def parts(folder: Path, number: int) -> list[Path]:
    return [part(folder / f"{n:02d}.png", 5 * n, number=n) for n in range(number)]


def fixed(monkeypatch: pytest.MonkeyPatch, size: int) -> BatchSize:
    batch = BatchSize(size, size, searching=False)
    monkeypatch.setattr(cached_scoring, "batch_size", lambda asked, device: batch)
    return batch


def places(found: list[Encoded]) -> list[tuple[int, ...]]:
    return [encoded.places for encoded in found]


def reds(found: list[Encoded]) -> list[float]:
    """The redness of each picture, in the order of the question."""
    by_place = {
        place: float(encoded.features.tensors["red"][row].max())
        for encoded in found
        if encoded.features is not None
        for row, place in enumerate(encoded.places)
    }
    return [by_place[place] for place in sorted(by_place)]


def test_pictures_are_encoded_in_batches_and_read_from_the_cache_in_sixteens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, told = parts(tmp_path, 19), list[int]()
    cache = FeatureCache(tmp_path / "features", 10**8)
    batch = fixed(monkeypatch, 8)
    taken: list[tuple[int, float]] = []
    monkeypatch.setattr(BatchSize, "took", lambda _, n, seconds: taken.append((n, seconds)))
    first = scoring(cache)
    found = list(encode_files(first, files, told.append))
    assert batch.size == 8
    assert places(found) == [tuple(range(8)), tuple(range(8, 16)), (16, 17, 18)]
    assert told == [8, 8, 3] and first.encoded == 19
    assert [number for number, _ in taken] == told
    assert all(0 <= seconds < 60 for _, seconds in taken), "what a batch took, no time of day"
    told.clear()
    later = scoring(cache)
    again = list(encode_files(later, files, told.append))
    assert later.encoded == 0 and told == [16, 3]
    assert places(again) == [tuple(range(16)), (16, 17, 18)]
    assert reds(again) == reds(found) == [pytest.approx(5 * n / 255) for n in range(19)]
    hashes = [sha256 for encoded in again for sha256 in encoded.sha256]
    assert hashes == [hash_now(file) for file in files]


def test_a_picture_that_gives_none_is_told_and_no_miss(tmp_path: Path) -> None:
    (good,) = parts(tmp_path, 1)
    told: list[int] = []
    cache = FeatureCache(tmp_path / "features", 10**8)
    found = list(encode_files(scoring(cache), [tmp_path / "gone.png", good], told.append))
    assert places(found) == [(0,), (1,)] and told == [1, 1]
    assert found[0].sha256 == (None,) and found[0].error == "it is no longer there"
    assert found[1].sha256 == (hash_now(good),) and cache.misses == 1


def test_out_of_memory_halves_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(number: int) -> Exception | None:
        return RuntimeError("out of memory") if number > 3 else None

    files, batch = parts(tmp_path, 8), fixed(monkeypatch, 8)
    found = list(encode_files(scoring(None, Failing(fails=too_much)), files))
    assert batch.size == 2 and reds(found) == [pytest.approx(5 * n / 255) for n in range(8)]
    broken = scoring(None, Failing(fails=lambda _: RuntimeError("a kernel failed")))
    with pytest.raises(EnvironmentProblem, match="the device failed: a kernel failed"):
        list(encode_files(broken, files))


def test_a_picture_with_something_to_say_is_not_kept(tmp_path: Path) -> None:
    frames = [Image.open(file) for file in parts(tmp_path, 2)]
    animated = tmp_path / "animated.gif"
    frames[0].save(animated, save_all=True, append_images=frames[1:])
    plain = tmp_path / "00.png"
    cache = FeatureCache(tmp_path / "features", 10**8)
    for _ in range(2):
        found = list(encode_files(scoring(cache), [animated, plain]))
        notes = {p: n for one in found for p, n in zip(one.places, one.notes, strict=False)}
        assert notes[0] == ("only the first frame was inspected",)
    assert cache.hits == 1, "the plain one, the second time"


def test_only_wanted_tensors_are_kept(tmp_path: Path) -> None:
    class Wide(SeesRed):
        def encode(self, pictures: Pictures) -> Features:
            red = super().encode(pictures).tensors["red"]
            return Features({"red": red, "other": red})

    one = scoring(None, Wide(COMPUTE))
    one.encoding = Encoding("red", frozenset({"red"}))
    (encoded,) = encode_files(one, parts(tmp_path, 1))
    assert encoded.features is not None and encoded.features.tensors.keys() == {"red"}


def test_a_reference_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    spec = factory(tmp_path)
    text = spec.read_text("utf-8").replace('images: "good/*.png"', 'images: "good/1*.png"')
    settings = '"promptdsl-mini", references: "good/0*.png", shots: 2 }'
    spec.write_text(text.replace('"promptdsl-mini" }', settings), "utf-8")
    item = compile_file(spec).plan().objects[0]
    told: list[tuple[Any, ...]] = []
    open_scoring(item, tmp_path, COMPUTE, None, lambda *what: told.append(what))
    assert [what for what in told if what[0] == "references"][-1] == ("references", 2, 2)
    for file in (tmp_path / "good").glob("0*.png"):
        file.write_text("no picture")
    with pytest.raises(EnvironmentProblem) as caught:
        open_scoring(item, tmp_path, COMPUTE, None)
    assert "png cannot be used: it holds text, not a picture" in caught.value.sentence
    assert "the reference " in caught.value.sentence


def test_a_detector_that_can_nothing_more_than_it_must_is_scored_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = compile_file(factory(tmp_path)).plan().objects[0]
    item = item.model_copy(update={"method": item.method.model_copy(update={"name": "april_gan"})})
    asked: list[tuple[Any, ...]] = []

    class Whole(SeesRed):
        engine_notes = ("it did without",)

    def build(*given: Any) -> Whole:
        asked.append(given)
        return Whole(COMPUTE)

    found_builders = Builders(build, build)  # type: ignore[arg-type]
    monkeypatch.setattr(cached_scoring, "find_builders", lambda name, item: found_builders)
    found = open_scoring(item, tmp_path, COMPUTE, None)
    assert asked == [(item, tmp_path, COMPUTE, None)]
    assert isinstance(found.detector, Whole)
    assert found.encoding == Encoding(cache_key(item, tmp_path, COMPUTE, WEIGHTS), None)
    assert found.engine_notes == (), "nothing was encoded yet"
    (encoded,) = encode_files(found, parts(tmp_path / "p", 1))
    assert encoded.features is not None
    assert found.engine_notes == ("it did without",)


def test_the_largest_picture_still_has_a_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_scoring, "MAX_BYTES", 3)
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").write_bytes(b"abcd")
    assert hash_picture(tmp_path / "a") == hash_now(tmp_path / "a")
    assert hash_picture(tmp_path / "b") is None
