"""What can be left out, what it is called, and what cannot."""

from pathlib import Path

import pytest

from promptdsl.evaluate.words.units import OWN_TEMPLATES, Unit, leave_one_out
from promptdsl.plan.expand import expand

from .scoring import object_in

SPEC = """\
inspect 1
use "std/winclip" as std
words more { "clean {object}" }
object nut {
  normal { include std.normal, include more }
  defect scratch { "scratched {object}", "{object} with a scratch" }
  defect dent { "dented {object}" }
  templates { include std.photos, "a top-down photo of a {object}." }
  method winclip { model: "promptdsl-mini", windows: image, 2x2 }
}
"""
SMALL = """\
inspect 1
object nut {
  normal { "{object}" }
  defect scratch { "scratched {object}" }
  templates { "a photo of a {object}." }
  method winclip { model: "promptdsl-mini", windows: 2x2 }
}
"""


def units_of(folder: Path, text: str) -> list[Unit]:
    path = folder / "nut.inspect"
    path.write_text(text, "utf-8")
    item, sources = object_in(path)
    return leave_one_out(item, dict(sources))


def test_every_line_is_a_unit(tmp_path: Path) -> None:
    units = units_of(tmp_path, SPEC)
    kinds = [unit.kind for unit in units]
    assert kinds.count("phrase") == 8 + 3
    assert kinds.count("template") == 23
    assert [unit.name for unit in units if unit.kind == "defect"] == ["scratch", "dent"]
    assert [unit.name for unit in units if unit.kind == "window scale"] == ["image", "2x2"]
    lists = [unit for unit in units if unit.kind == "template list"]
    assert [unit.name for unit in lists] == ["std.photos", OWN_TEMPLATES]
    assert all(unit.edited is not None for unit in units)


def test_an_edited_object_lacks_the_unit_and_nothing_else(tmp_path: Path) -> None:
    units = units_of(tmp_path, SPEC)
    by_name = {(unit.kind, unit.group, unit.name): unit for unit in units}
    for key, left in {
        ("phrase", "scratch", "scratched {object}"): (8 + 2) * 23,
        ("phrase", "dent", "dented {object}"): (8 + 2) * 23,  # the defect goes with it
        ("defect", None, "scratch"): (8 + 1) * 23,
        ("template list", None, "std.photos"): 11,
        ("template list", None, OWN_TEMPLATES): 11 * 22,
    }.items():
        edited = by_name[key].edited
        assert edited is not None
        assert len(list(expand(edited))) == left
    assert by_name["phrase", "scratch", "scratched {object}"].defect == "scratch"
    assert by_name["phrase", "normal", "clean {object}"].defect is None
    assert by_name["window scale", None, "image"].windows == ("2x2",)


def test_places_are_those_of_the_phrases(tmp_path: Path) -> None:
    units = units_of(tmp_path, SPEC)
    place = {unit.name: unit.place for unit in units if unit.kind == "phrase"}
    assert place["clean {object}"].endswith("nut.inspect:3")
    assert place["flawless {object}"].startswith("std/winclip.inspect:")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("defect", "the only defect"),
        ("window scale", "the only window scale"),
    ],
)
def test_what_the_rest_needs_has_a_reason(tmp_path: Path, kind: str, reason: str) -> None:
    (unit,) = [unit for unit in units_of(tmp_path, SMALL) if unit.kind == kind]
    assert unit.edited is None
    assert unit.reason == reason


def test_the_only_phrases_are_needed(tmp_path: Path) -> None:
    phrases = [unit for unit in units_of(tmp_path, SMALL) if unit.kind == "phrase"]
    assert [unit.reason for unit in phrases] == [
        "the only normal phrase",
        "the only phrase of the only defect",
    ]


def test_without_its_only_template_the_bare_phrases_are_left(tmp_path: Path) -> None:
    units = units_of(tmp_path, SMALL)
    for kind in ("template", "template list"):
        (unit,) = [unit for unit in units if unit.kind == kind]
        assert unit.edited is not None
        assert [prompt.text for prompt in expand(unit.edited)] == ["nut", "scratched nut"]
    bare = units_of(tmp_path, SMALL.replace("a photo of a {object}.", "{object}"))
    (unit,) = [unit for unit in bare if unit.kind == "template"]
    assert unit.edited is None


def test_default_templates_are_a_list_with_a_name(tmp_path: Path) -> None:
    text = SMALL.replace('  templates { "a photo of a {object}." }\n', "")
    (unit,) = [unit for unit in units_of(tmp_path, text) if unit.kind == "template list"]
    assert unit.name == "std/winclip (the default)"
