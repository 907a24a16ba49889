"""A method can be added from outside, in a few lines, and a spec may name it at once."""

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from promptdsl import methods
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods import (
    METHODS,
    WINCLIP,
    Field,
    Method,
    MethodNotLoaded,
    find_method,
    register,
)
from promptdsl.pipeline import compile_text
from promptdsl.scoring.detector import build_detector, find_builders, restore_detector

SPEC = 'inspect 1\nobject nut {\n  method darkness { model: "promptdsl-mini" }\n}\n'


@pytest.fixture(autouse=True)
def forgotten_afterwards() -> Iterator[None]:
    """What a test announces is not known to the next one."""
    before = set(METHODS)
    yield
    for name in set(METHODS) - before:
        del METHODS[name]
    methods._load_announced.cache_clear()


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


BAD_PACKAGES = {
    "raise RuntimeError('no such\\n library')": "RuntimeError: no such library",
    "import nothing_of_this_name": "ModuleNotFoundError: No module named 'nothing_of_this_name'",
    "METHOD = 3": "TypeError: bad_package:METHOD is no Method",
    "other = 3": "AttributeError: module 'bad_package' has no attribute 'METHOD'",
    "from promptdsl.methods import WINCLIP as METHOD": "is the method winclip",
    "raise SystemExit(3)": "SystemExit: 3",
}


@pytest.mark.parametrize(("module", "told"), BAD_PACKAGES.items())
def test_a_package_that_cannot_be_loaded_is_one_sentence(
    module: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "bad_package-1.0.dist-info"
    info.mkdir()
    (tmp_path / "bad_package.py").write_text(module)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[promptdsl.methods]\ntwilight = bad_package:METHOD\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "bad_package", raising=False)
    spec = SPEC.replace("darkness", "twilight")
    item = next(each for each in compile_text(spec).report.errors if each.code == "I401")
    assert "method twilight of the installed package bad-package cannot be" in item.message
    assert told in item.message
    with pytest.raises(MethodNotLoaded, match="bad-package"):
        find_method("twilight")
    with pytest.raises(EnvironmentProblem, match="method twilight of nut cannot be loaded"):
        find_builders("twilight", "nut")
    spec = spec.replace("twilight", "twilght")
    item = next(each for each in compile_text(spec).report.errors if each.code == "I401")
    assert item.help == "did you mean twilight?"


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
        name, value, dist = "fog", "fog:FOG", None

        def load(self) -> Method:
            return load()

    def entry_points(group: str, name: str = "fog") -> list[Point]:
        return [Point()] if name == "fog" else []

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    monkeypatch.setitem(METHODS, "fog", FOG)  # noted as absent, so that it is absent afterwards
    monkeypatch.delitem(METHODS, "fog")
    methods._load_announced.cache_clear()
