"""Patches: what they change, what they leave alone, and that patch and the compiler take them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from promptdsl.evaluate.words.patch import Rewording, reword, unified
from promptdsl.evaluate.words.suggest import rewordings_between
from promptdsl.evaluate.words.units import groups_of, with_phrases
from promptdsl.pipeline import compile_text
from promptdsl.source import SourceFile
from promptdsl.spec import ObjectSpec

SPEC = """\
inspect 1
use "std/winclip" as std  # keep me
words mine {
  "tidy {object}"
  "neat {object}"
}

object nut {
  normal {
    include mine   # from above
    "clean {object}"  # planted
    "shiny {object}"
  }
  defect scratch { "scratched {object}", "{object} with a scratch", "scuffed {object}" }
  defect dent {
    "dented {object}", "{object} with a dent"
    # a comment of its own
  }
  method winclip { model: "promptdsl-mini" }
}

object bolt extends nut {
  called: "bolt"
}
object screw { defect rust { "rusty {object}" } }
"""


def compiled(text: str) -> dict[str, ObjectSpec]:
    result = compile_text(text, "nut.inspect")
    assert result.ok, [item.message for item in result.report.errors]
    assert result.spec is not None
    return {item.name: item for item in result.spec.objects}


def texts(item: ObjectSpec, group: str) -> list[str]:
    return [phrase.text for phrase in groups_of(item)[group]]


CASES = [
    ("nut", "normal", [2], ["spotless {object}"]),
    ("nut", "normal", [3], []),
    ("nut", "normal", [0], ["spotless {object}", "pristine {object}"]),
    ("nut", "normal", [0, 1], []),
    ("nut", "scratch", [0], []),
    ("nut", "scratch", [1], []),
    ("nut", "scratch", [2], ["{object} with a deep scratch"]),
    ("nut", "scratch", [0, 2], []),
    ("nut", "scratch", [], ["{object} with a deep scratch"]),
    ("nut", "dent", [0], []),
    ("nut", "dent", [1], ["{object} with a dented edge"]),
    ("nut", "dent", [], ["{object} with a dented edge"]),
    ("bolt", "scratch", [1], ["{object} with a deep scratch"]),
    ("bolt", "normal", [], ["spotless {object}"]),
    ("screw", "normal", [1], ["spotless {object}"]),  # nobody wrote normal
    ("screw", "rust", [], ["corroded {object}"]),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("name", "group", "removed", "added"), CASES)
def test_a_group_becomes_what_was_asked(
    name: str, group: str, removed: list[int], added: list[str], newline: str
) -> None:
    text = SPEC.replace("\n", newline)
    objects = compiled(text)
    edited = reword(text, objects[name], {group: Rewording(frozenset(removed), tuple(added))})
    after = compiled(edited)
    old = texts(objects[name], group)
    left = [phrase for number, phrase in enumerate(old) if number not in removed]
    assert sorted(texts(after[name], group)) == sorted([*left, *added])
    for other, item in objects.items():
        for side in ("normal", *(defect.name for defect in item.defects)):
            inherits = name == "nut" and other == "bolt"
            if (other, side) != (name, group) and not (inherits and side == group):
                assert texts(after[other], side) == texts(item, side)
    if newline == "\r\n":
        assert "\n" not in edited.replace("\r\n", "")


def test_comments_stay_except_on_lines_that_go() -> None:
    item = compiled(SPEC)["nut"]
    edited = reword(
        SPEC, item, {"normal": Rewording(frozenset([2])), "dent": Rewording(frozenset([0]))}
    )
    assert "# planted" not in edited
    for comment in ("# keep me", "# from above", "# a comment of its own"):
        assert comment in edited


def test_changes_of_several_groups_go_together() -> None:
    item = compiled(SPEC)["nut"]
    changes = {
        "normal": Rewording(frozenset([2]), ("spotless {object}",)),
        "scratch": Rewording(frozenset([2]), ("{object} with a deep scratch",)),
        "dent": Rewording(frozenset(), ("{object} with a dented edge",)),
    }
    after = compiled(reword(SPEC, item, changes))["nut"]
    assert texts(after, "normal") == [
        "tidy {object}",
        "neat {object}",
        "shiny {object}",
        "spotless {object}",
    ]
    assert texts(after, "scratch")[-1] == "{object} with a deep scratch"
    assert len(texts(after, "dent")) == 3


def test_what_changed_is_read_off_two_objects() -> None:
    item = compiled(SPEC)["nut"]
    changed = with_phrases(item, "scratch", item.defects[0].phrases[1:])
    assert rewordings_between(item, changed) == {"scratch": Rewording(frozenset([0]), ())}
    assert rewordings_between(item, item) == {}


@pytest.mark.parametrize("tool", ["patch", "git"])
@pytest.mark.parametrize("ending", ["\n", "", "\r\n"])
def test_patch_and_git_take_it(tmp_path: Path, tool: str, ending: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"there is no {tool} here")
    text = SPEC.rstrip("\n") + "\n" if ending else SPEC.rstrip("\n")
    text = text.replace("\n", "\r\n") if ending == "\r\n" else text
    item = compiled(text)["screw"]
    edited = reword(text, item, {"rust": Rewording(frozenset(), ("corroded {object}",))})
    (tmp_path / "specs").mkdir()
    spec = tmp_path / "specs" / "nut.inspect"
    spec.write_bytes(text.encode())
    (tmp_path / "nut.patch").write_bytes(unified(text, edited, "specs/nut.inspect").encode())
    command = ["patch", "-p1", "--binary", "-i", "nut.patch"]
    if tool == "git":
        command = ["git", "apply", "nut.patch"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert spec.read_bytes() == edited.encode()


def test_a_source_file_is_all_it_needs() -> None:
    """`reword` parses the text it was given, not the file on disk."""
    item = compiled(SPEC)["nut"]
    edited = reword(SPEC, item, {"normal": Rewording(frozenset([3]))})
    assert (
        SourceFile("nut.inspect", edited).line_count
        == SourceFile("nut.inspect", SPEC).line_count - 1
    )
