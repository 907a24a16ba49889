"""What `check` knows of the cost of a picture, and of lines that decide nothing."""

import re
from pathlib import Path

import pytest

from promptdsl.check.faults.costly_picture import picture_cost
from promptdsl.check.known_models import open_clip_facts
from promptdsl.pipeline import compile_text

FULL = '"ViT-B-16-plus-240", "laion400m_e31"'


def spec(fields: str, thresholds: str = "", method: str = "winclip") -> str:
    """A spec with these lines."""
    rules = f"  thresholds {{ {thresholds} }}\n" if thresholds else ""
    return (
        'inspect 1\nobject nut {\n  defect bent { "bent {object}" }\n'
        f"  method {method} {{ {fields} }}\n{rules}}}\n"
    )


def codes(text: str, folder: Path | None = None) -> list[str]:
    """The codes of the messages about a spec."""
    return [item.code for item in compile_text(text, "nut.inspect", folder=folder).report]


def operations(fields: str, size: int, references: int = 0, method: str = "winclip") -> float:
    """Operations of one picture, by estimate, in TFLOP."""
    compilation = compile_text(spec(fields, method=method), "nut.inspect")
    assert compilation.spec is not None
    cost = picture_cost(compilation.spec.objects[0].method, size, references)
    assert cost is not None
    return cost.seconds / 10


def test_the_estimate_is_near_what_was_counted() -> None:
    """619.7 GFLOP were counted for the default; estimates leave out what the engine saves."""
    assert operations(f"model: {FULL}", 240) == pytest.approx(0.6197, rel=0.15)


def test_cost_grows_as_tokens_and_attention_do() -> None:
    default = operations(f"model: {FULL}", 240)
    assert operations(f"model: {FULL}", 480) > 4 * default
    assert operations(f"model: {FULL}, windows: image, 2x2", 240) < 0.6 * default
    assert operations(f"model: {FULL}, stride: 2", 240) < 0.5 * default
    assert operations(f"model: {FULL}", 240, references=100) > default


def test_every_listed_model_has_a_width() -> None:
    from promptdsl.check.known_models import open_clip_names

    for name in open_clip_names():
        facts = open_clip_facts(name)
        assert facts is not None and facts.width >= 384, name


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (f"model: {FULL}", []),
        (f"model: {FULL}, image_size: 480 px", []),
        (f"model: {FULL}, image_size: 4000 px", ["I422"]),
        (f"model: {FULL}, image_size: 4096 px, windows: image, 40x40", ["I423"]),
        ('model: "promptdsl-mini", image_size: 4000 px', ["I422"]),
        ('model: "promptdsl-mini", image_size: 240 px', []),
        ('model: "ViT-bigG-14", "laion2b_s39b_b160k"', []),
    ],
)
def test_sizes_that_no_run_would_end_with(fields: str, found: list[str]) -> None:
    text = spec(fields).replace("bent", "scratched")
    assert [code for code in codes(text) if code.startswith("I42")] == found


def test_the_advised_size_is_affordable() -> None:
    text = spec(f"model: {FULL}, image_size: 4000 px")
    (item,) = compile_text(text, "nut.inspect").report
    assert re.search(r"about 66 minutes and \d+ GB a picture on two cores", item.message)
    assert item.help is not None
    size = item.help.removeprefix("write image_size: ").removesuffix(" px or less")
    assert not codes(text.replace("4000", size))


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("reject when score >= 0", ["I508"]),
        ("review when score >= 0.0", ["I508"]),
        ("reject when area above 0 >= 2%", ["I508"]),
        ("reject when area above 0 >= 100%", ["I508"]),
        ("reject when score >= 1", ["I509"]),
        ("review when area above 1.0 >= 2%", ["I509"]),
        ("reject when area above 0.7 >= 100%", ["I509"]),
        ("reject when score >= 0.01", []),
        ("reject when area above 0.01 >= 0.01%", []),
        ("reject when score >= auto", []),
        ("reject when area above 0.7 >= auto", []),
        ("reject when area above 0.7 >= 0%", ["I503"]),
    ],
)
def test_lines_for_every_picture_or_none(rule: str, found: list[str]) -> None:
    assert codes(spec("stride: 1", rule)) == found


def test_a_sum_is_cut_at_one_and_reaches_it() -> None:
    assert codes(spec("image_score: sum", "reject when score >= 1")) == []


def test_a_line_that_children_have_too_is_told_once() -> None:
    text = spec("stride: 1", "reject when score >= 0") + "object small extends nut { }\n"
    assert codes(text) == ["I508"]
