"""A method can be added from outside, in a few lines, and a spec may name it at once."""

import inspect
from collections.abc import Iterator

import numpy as np
import pytest

from promptdsl.methods import METHODS, WINCLIP, Method, find_method, register
from promptdsl.pipeline import compile_text
from promptdsl.runtime.detector import build_detector, restore_detector

SPEC = 'inspect 1\nobject nut {\n  method darkness { model: "promptdsl-mini" }\n}\n'


@pytest.fixture
def toy() -> Iterator[object]:
    from . import toy

    METHODS.setdefault("darkness", register_again(toy))
    yield toy
    METHODS.pop("darkness", None)


def register_again(toy: object) -> Method:
    return Method(
        "darkness", "Darkness", "none", WINCLIP.fields[:1], toy.__name__, uses_words=False
    )


def test_in_under_forty_lines(toy: object) -> None:
    lines = [line for line in inspect.getsource(toy).splitlines() if line.strip()]
    assert len(lines) < 40


def test_a_spec_names_it_and_pictures_are_scored(toy: object, tmp_path) -> None:
    plan = compile_text(SPEC).plan().objects[0]
    detector = build_detector(plan, spec_folder=tmp_path, device="cpu", precision="fp32")
    bright, dark = np.full((32, 32, 3), 250, np.uint8), np.full((32, 32, 3), 20, np.uint8)
    scores = [one.score for one in detector.inspect(np.stack([bright, dark]))]
    assert scores[0] < 0.1 < 0.9 < scores[1]
    restored = restore_detector(
        plan, detector.state(), spec_folder=tmp_path, device="cpu", precision="fp32"
    )
    assert [one.score for one in restored.inspect(np.stack([bright, dark]))] == scores


def test_without_it_the_name_is_unknown() -> None:
    codes = [item.code for item in compile_text(SPEC).report]
    assert "I401" in codes


def test_a_name_is_taken_once() -> None:
    other = Method("winclip", "Mine", "none", WINCLIP.fields, "mine")
    with pytest.raises(ValueError, match="winclip"):
        register(other)
    register(WINCLIP)  # the same entry again is fine


def test_an_installed_package_announces_its_method(monkeypatch: pytest.MonkeyPatch) -> None:
    announced = Method("fog", "Fog", "none", WINCLIP.fields[:1], "fog")

    class Point:
        def load(self) -> Method:
            return announced

    monkeypatch.setattr("importlib.metadata.entry_points", lambda **kwargs: [Point()])
    try:
        assert find_method("fog") is announced
    finally:
        METHODS.pop("fog", None)
