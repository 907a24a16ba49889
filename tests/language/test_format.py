"""The formatter on fixtures: NAME.input becomes NAME.expected, which stays as it is.

PROMPTDSL_REWRITE=1 writes the expected files anew; read the difference before keeping it.
"""

import os
from pathlib import Path

import pytest

from promptdsl.language import format as formatter
from promptdsl.language.format import FormatFault, format_source
from promptdsl.language.layout import lay_out
from promptdsl.language.statements import Comment, Statement
from promptdsl.pipeline import compile_text
from promptdsl.resources import standard_library
from promptdsl.source import SourceFile

CASES = Path(__file__).parent / "format_cases"
READY = sorted(standard_library().rglob("*.inspect"))


def tidy(text: str) -> str:
    """Format a text that has no mistakes of form."""
    formatted = format_source(SourceFile("x.inspect", text))
    assert formatted.text is not None, [item.message for item in formatted.report]
    return formatted.text


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.input")))
def test_fixture(name: str) -> None:
    expected = CASES / f"{name}.expected"
    made = tidy(read(CASES / f"{name}.input"))
    if os.environ.get("PROMPTDSL_REWRITE"):
        expected.write_text(made, encoding="utf-8", newline="")
    assert made == read(expected)
    assert tidy(made) == made


def test_there_are_fixtures() -> None:
    assert len(list(CASES.glob("*.input"))) >= 8


@pytest.mark.parametrize("path", READY, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_ships_is_tidy(path: Path) -> None:
    assert tidy(read(path)) == read(path)


@pytest.mark.parametrize("path", READY, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_meaning_survives_a_mangled_layout(path: Path) -> None:
    text = read(path)
    mangled = "".join(
        f"{'   ' * (i % 4)}{line.strip()}{' ' * (i % 3)}\n" + "\n" * (i % 5 == 0)
        for i, line in enumerate(text.split("\n"))
    ).replace("\n", "\r\n")
    before = compile_text(text, path.name, folder=path.parent)
    after = compile_text(tidy(mangled), path.name, folder=path.parent)
    assert before.spec is not None
    assert after.spec is not None
    assert [o.name for o in after.spec.objects] == [o.name for o in before.spec.objects]
    for left, right in zip(before.spec.objects, after.spec.objects, strict=True):
        assert [p.text for p in left.normal] == [p.text for p in right.normal]
        assert [p.text for p in left.templates] == [p.text for p in right.templates]
        assert [(d.name, [p.text for p in d.phrases]) for d in left.defects] == [
            (d.name, [p.text for p in d.phrases]) for d in right.defects
        ]
        assert left.method.settings == right.method.settings
        assert [limit.text for limit in left.limits] == [limit.text for limit in right.limits]


@pytest.mark.parametrize(
    "text", ['inspect 1\nobject a {\n  "x\n}\n', "inspect 1\nobject a {\n", "inspect 1\n}\n"]
)
def test_mistakes_of_form_are_told_and_not_formatted(text: str) -> None:
    formatted = format_source(SourceFile("x.inspect", text))
    assert formatted.text is None
    assert formatted.report.errors


def test_empty_files_stay_empty() -> None:
    assert tidy("") == ""
    assert tidy(" \n\t\n") == ""
    assert tidy("# only\n\n\n# comments") == "# only\n\n# comments\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 0.5 %", "a: 0.5%\n"),
        ("a: 3 X 3, 2×2", "a: 3x3, 2x2\n"),
        ("a: 1.50, .5, +3", "a: 1.50, .5, +3\n"),
        ("a: 518px", "a: 518 px\n"),
        ("reject when score ≥ 0.5", "reject when score >= 0.5\n"),
        ("include std . normal", "include std.normal\n"),
        ('a : "b"', 'a: "b"\n'),
        ('a: "b",\n\n "c"', 'a: "b", "c"\n'),
        ('"tab\\t \\"q\\" # no comment"', '"tab\\t \\"q\\" # no comment"\n'),
        ("a: 3  x  3", "a: 3  x  3\n"),
    ],
)
def test_one_statement(before: str, after: str) -> None:
    assert tidy(before) == after


@pytest.mark.parametrize("fault", ["words", "comments", "unstable"])
def test_a_faulty_layout_is_never_given_away(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def faulty(text: str, statements: list[Statement], comments: list[Comment]) -> str:
        calls.append(text)
        made = lay_out(text, statements, comments)
        if fault == "words":
            return made.replace("nut", "bolt")
        if fault == "comments":
            return made.replace("# why", "#")
        return made + "\n" * (len(calls) > 1)

    monkeypatch.setattr(formatter, "lay_out", faulty)
    with pytest.raises(FormatFault):
        format_source(SourceFile("x", 'inspect 1\nobject nut {\n"a"   # why\n}\n'))
