"""Each change since a calibration is told by its own sentence, and nothing else is."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from promptdsl.lock import changes as module
from promptdsl.lock.changes import changes_since
from promptdsl.lock.model import Lock, LockedObject, Model, Pictures, Promised, Threshold
from promptdsl.lock.pin import pin_files, pin_hashes, pin_object, pin_references, pin_words
from promptdsl.pipeline import compile_file
from promptdsl.plan.model import ObjectPlan
from promptdsl.versions import versions

from .scene import factory, part

WEIGHTS = "a" * 64


@pytest.fixture
def item(tmp_path: Path) -> ObjectPlan:
    return compile_file(factory(tmp_path, "    reject when score >= auto")).plan().objects[0]


def told(item: ObjectPlan, folder: Path, **then: Any) -> list[str]:
    """The changes to a lock that differs from now in these fields."""
    locked = pin_object(item, folder, WEIGHTS, "fp32").model_copy(update=then)
    return changes_since(lock_of(locked), item, folder, WEIGHTS, "fp32")


def lock_of(locked: LockedObject, **given: Any) -> Lock:
    return Lock(
        spec="nut.inspect", written="", versions=given.get("versions", versions()),
        objects={"nut": locked},
    )  # fmt: skip


def test_nothing_changed(item: ObjectPlan, tmp_path: Path) -> None:
    assert told(item, tmp_path) == []
    other = item.model_copy(update={"name": "bolt"})
    locked = pin_object(item, tmp_path, "b" * 64, "bf16")
    assert changes_since(lock_of(locked), other, tmp_path, WEIGHTS, "fp32") == []


def test_method_model_weights_and_precision(item: ObjectPlan, tmp_path: Path) -> None:
    assert told(item, tmp_path, method="april_gan") == ["the method is winclip and was april_gan"]
    other = Model(name=("ViT-B-32", "openai"), weights_sha256="c" * 64)
    assert told(item, tmp_path, model=other) == [
        "the model is promptdsl-mini and was ViT-B-32 openai"
    ]
    same = Model(name=("promptdsl-mini",), weights_sha256="c" * 64)
    assert told(item, tmp_path, model=same) == [
        f"the weights of promptdsl-mini are others ({'a' * 12}, not {'c' * 12})"
    ]
    assert told(item, tmp_path, learned_sha256="d" * 64) == ["the learned weights are others"]
    assert told(item, tmp_path, precision="bf16") == ["it computes in fp32 and did in bf16"]


def test_words_by_group(item: ObjectPlan, tmp_path: Path) -> None:
    words = pin_words(item)
    groups = words.groups

    def changed(new: dict[str, str]) -> list[str]:
        return told(
            item, tmp_path, words=words.model_copy(update={"groups": new, "sha256": "0" * 64})
        )

    assert changed({**groups, "normal": "x"}) == ["the normal phrases changed"]
    assert changed({**groups, "templates": "x"}) == ["the templates changed"]
    assert changed({**groups, "defect hole": "x"}) == ["the phrases of defect hole changed"]
    assert changed({**groups, "defect dent": "x"}) == ["the phrases of defect dent are gone"]
    fewer = {name: value for name, value in groups.items() if name != "defect hole"}
    assert changed(fewer) == ["the phrases of defect hole are new"]
    assert changed({**fewer, "defect dent": "x"}) == [
        "the phrases of defect dent are gone", "the phrases of defect hole are new"
    ]  # fmt: skip
    assert changed(groups) == ["the prompts changed (their order, or what the object is called)"]
    kept = words.model_copy(update={"groups": {**groups, "normal": "x"}})
    assert told(item, tmp_path, words=kept) == [], "the hash over all decides"


def test_settings(item: ObjectPlan, tmp_path: Path) -> None:
    settings = dict(item.method.settings)
    assert told(item, tmp_path, settings={**settings, "temperature": 0.1}) == [
        "temperature is 0.07 and was 0.1"
    ]
    assert told(item, tmp_path, settings={**settings, "windows": ("image", "2x2")}) == [
        "windows is image, 2x2, 3x3 and was image, 2x2"
    ]
    assert told(item, tmp_path, settings={**settings, "shots": 4, "references": ("a",)}) == [
        "references is none and was a", "shots is not set and was 4"
    ]  # fmt: skip
    assert told(item, tmp_path, settings={**settings, "older": 3}) == ["older is not set and was 3"]
    other = told(item, tmp_path, method="april_gan", settings={**settings, "temperature": 0.1})
    assert other == ["the method is winclip and was april_gan"]


def with_pictures(good: Pictures | None, defective: Pictures | None) -> tuple[Threshold, ...]:
    promise = Promised(of="good parts rejected", share=0.1, confidence=0.9, wrong=0, pictures=3)
    one = Threshold(
        rule="reject when score >= auto", value=0.5, promise=promise, good=good,
        defective=defective, date="",
    )  # fmt: skip
    return (one, one.model_copy(update={"rule": "review when score >= auto"}))


def test_pictures_of_the_calibration(item: ObjectPlan, tmp_path: Path) -> None:
    good = pin_files(["good/*.png"], tmp_path)
    bad = pin_files(["hole"], tmp_path)
    assert good is not None and bad is not None and (good.number, bad.number) == (20, 4)
    assert told(item, tmp_path, thresholds=with_pictures(good, bad)) == []
    part(tmp_path / "good" / "new.png", 33, number=999)
    assert told(item, tmp_path, thresholds=with_pictures(good, bad)) == [
        "the good pictures of the calibration are 21 and were 20"
    ], "once, although two thresholds rest on them"
    part(tmp_path / "hole" / "00.png", 77, number=998)
    assert told(item, tmp_path, thresholds=with_pictures(None, bad)) == [
        "the defective pictures of the calibration are others, as many as before (4)"
    ]
    gone = Pictures(origin=("nowhere/*.png",), number=3, sha256="0")
    assert told(item, tmp_path, thresholds=with_pictures(gone, None)) == []


def test_references(item: ObjectPlan, tmp_path: Path) -> None:
    method = item.method.model_copy(
        update={"settings": {**item.method.settings, "references": ("hole/*.png",)}}
    )
    item = item.model_copy(update={"method": method})
    now = pin_references(item, tmp_path)
    assert now is not None and now.number == 4 and now.origin == ("hole/*.png",)
    fewer = now.model_copy(update={"number": 3})
    assert told(item, tmp_path, references=fewer) == ["the references are 4 and were 3"]
    others = now.model_copy(update={"sha256": "0"})
    assert told(item, tmp_path, references=others) == [
        "the references are others, as many as before (4)"
    ]
    assert told(item, tmp_path, references=None) == []


def test_versions_but_not_of_python(
    item: ObjectPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = pin_object(item, tmp_path, WEIGHTS, "fp32")
    lock = lock_of(locked, versions={"torch": "1", "python": "2", "gone": "3", "numpy": "4"})
    monkeypatch.setattr(
        module, "versions", lambda: {"torch": "2", "python": "3", "numpy": "4", "new": "5"}
    )
    assert changes_since(lock, item, tmp_path, WEIGHTS, "fp32") == ["torch is 2 and was 1"]


def test_a_set_of_pictures_is_its_bytes(tmp_path: Path) -> None:
    one = pin_hashes(["b", "a"], ["x"])
    assert one == pin_hashes(["a", "b"], ["x"]) and one.number == 2
    assert one.sha256 != pin_hashes(["a", "a"], ["x"]).sha256
    assert one.sha256 == hashlib.sha256(b"a\nb").hexdigest(), "as in the locks written before"
    assert pin_files(["nowhere"], tmp_path) is None


def test_pictures_that_cannot_all_be_seen_are_not_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part(tmp_path / "p" / "a.png", 1)
    part(tmp_path / "p" / "locked" / "b.png", 2)
    assert pin_files(["p/**"], tmp_path) is not None
    real = os.scandir

    def scandir(path: str) -> object:
        if os.path.basename(path) == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("promptdsl.files.search.os.scandir", scandir)
    assert pin_files(["p/**"], tmp_path) is None, "a part of them would be another set"


def test_learned_weights_and_references_are_pinned(item: ObjectPlan, tmp_path: Path) -> None:
    assert pin_object(item, tmp_path, WEIGHTS, "fp32").learned_sha256 is None
    assert pin_references(item, tmp_path) is None
    weights = tmp_path / "learned.safetensors"
    weights.write_bytes(b"weights")
    settings = {**item.method.settings, "weights": weights.name}
    method = item.method.model_copy(update={"settings": settings})
    learning = item.model_copy(update={"method": method})
    first = pin_object(learning, tmp_path, WEIGHTS, "fp32")
    assert first.learned_sha256 is not None and len(first.learned_sha256) == 64
    assert list(first.settings) == sorted(settings)
    weights.write_bytes(b"others")
    assert pin_object(learning, tmp_path, WEIGHTS, "fp32").learned_sha256 != first.learned_sha256
    weights.unlink()
    assert pin_object(learning, tmp_path, WEIGHTS, "fp32").learned_sha256 is None


def test_words_are_pinned_by_group(item: ObjectPlan) -> None:
    words = pin_words(item)
    assert words.prompts == len(item.prompts) == 3
    assert set(words.groups) == {"normal", "templates", "defect scratch", "defect hole"}
    doubled = pin_words(item.model_copy(update={"prompts": (*item.prompts, item.prompts[0])}))
    assert doubled.groups == words.groups and doubled.sha256 != words.sha256
