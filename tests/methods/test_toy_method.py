"""A method can be added from outside, in a few lines, and a spec may name it at once."""

import inspect
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from promptdsl import methods
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods import METHODS, WINCLIP, Field, Method, find_method, register
from promptdsl.pipeline import compile_text
from promptdsl.runtime.detector import build_detector, restore_detector
from promptdsl.runtime.detectors import find_builders

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
    announce(monkeypatch, lambda: FOG)
    assert find_method("fog") is FOG


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        ("method fogg { depth: 0.5 }", "fog"),
        ("method fog { depth: 3,5 }", "3.5"),
        ("method fog { depth: 1, veil 3 }", ":"),
        ("fog { depth: 1 }", "method "),
        ("method fog { depht: 1 }", "depth"),
    ],
)
def test_its_slips_are_mended_like_ours(
    monkeypatch: pytest.MonkeyPatch, lines: str, written: str
) -> None:
    announce(monkeypatch, lambda: FOG)
    defect = 'defect scratch { "scratched {object}" }'
    report = compile_text(f"inspect 1\nobject nut {{\n  {defect}\n  {lines}\n}}\n").report
    fixes = [item.fix.replacement for item in report if item.fix is not None]
    assert fixes == [written], list(report)


def test_its_settings_are_known_as_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch, lambda: FOG)
    for lines in ("depth: 1", "method winclip { depth: 1 }", "method fog { kind: thin (so far) }"):
        report = compile_text(f"inspect 1\nobject nut {{\n  {lines}\n}}\n").report
        said = [f"{item.message} {item.label}" for item in report]
        known = ("setting of the method", "setting of fog", "(so far) stands behind the end")
        assert any(words in one for words in known for one in said), said


def test_a_broken_package_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Method:
        raise RuntimeError("no fog today")

    announce(monkeypatch, broken)
    report = compile_text(SPEC.replace("darkness", "fog")).report
    told = [item.message for item in report if item.code == "I401"]
    assert told == ["the package that brings method fog cannot be loaded: no fog today"]
    assert "I401" in [item.code for item in compile_text(SPEC.replace("darkness", "fogg")).report]
    with pytest.raises(EnvironmentProblem, match="no fog today"):
        find_builders("fog", "nut")


FOG = Method(
    "fog",
    "Fog",
    "none",
    (
        *WINCLIP.fields[:1],
        Field("depth", "number", 1.0, "how deep", minimum=0, maximum=9),
        Field("veil", "count", 1, "how many", minimum=0, maximum=9),
        Field("kind", "choice", "thin", "which", choices=("thin", "thick")),
    ),
    "fog",
)


def announce(monkeypatch: pytest.MonkeyPatch, load: Callable[[], Method]) -> None:
    """As if a package that brings the method fog were installed, which nobody has named yet."""

    class Point:
        def load(self) -> Method:
            return load()

    def entry_points(group: str, name: str = "fog") -> list[Point]:
        return [Point()] if name == "fog" else []

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    monkeypatch.setattr(methods, "METHODS", METHODS)
    monkeypatch.delitem(METHODS, "fog", raising=False)
    methods._load_announced.cache_clear()
