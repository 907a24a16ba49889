"""Messages for people: places, carets, tabs, wide characters, long lines, several lines."""

import re

import pytest

from promptdsl.diagnostics.diagnostic import Diagnostic, Fix, Report, Severity
from promptdsl.diagnostics.render_text import MAX_COLUMNS, render_text
from promptdsl.diagnostics.width import display_width
from promptdsl.source import SourceFile, Span

NAME = "nut.inspect"


def message(
    text: str,
    marked: str,
    *,
    label: str = "here",
    severity: Severity = "error",
    at: int | None = None,
    related: tuple[tuple[Span, str], ...] = (),
    help: str | None = None,
) -> str:
    """One diagnostic over the first place where `marked` stands, rendered without colours."""
    start = text.index(marked) if at is None else at
    span = Span(NAME, start, start + len(marked))
    item = Diagnostic("I204", severity, "wrong", span, label, help, None, related)
    return render_text([item], {NAME: SourceFile(NAME, text)})


def carets_stand_under(rendered: str, marked: str) -> bool:
    """Whether the carets cover exactly the columns of the marked text, as a terminal shows it."""
    lines = rendered.splitlines()
    at = next(i for i, line in enumerate(lines) if re.search(r"\| *\^", line))
    above, below = lines[at - 1], lines[at]
    indent, count = below.index("^"), below.count("^")
    shown = display_width(above[: above.index(marked)])
    return shown == indent and count == display_width(marked)


def test_the_form_of_a_message() -> None:
    text = "\n" * 10 + '  defect scratch { "scratched" }\n'
    start = text.index('"')
    item = Diagnostic(
        "I204",
        "error",
        "this phrase never mentions the object",
        Span(NAME, start, start + 11),
        "needs {object}",
        'write "scratched {object}"',
    )
    assert render_text([item], {NAME: SourceFile(NAME, text)}) == (
        "error[I204]: this phrase never mentions the object\n"
        "  nut.inspect:11:20\n"
        "   |\n"
        '11 |   defect scratch { "scratched" }\n'
        "   |                    ^^^^^^^^^^^ needs {object}\n"
        'help: write "scratched {object}"\n'
    )


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("a b c", "b"),
        ('  "螺母" x', "x"),
        ('  x "螺母 {object}"', '"螺母 {object}"'),
        ("e\u0301e\u0301 x", "x"),
        ("🔩🔩 x", "x"),
    ],
)
def test_carets_count_columns_of_the_screen(text: str, marked: str) -> None:
    assert carets_stand_under(message(text, marked), marked)


def test_tabs_are_spaces_of_the_same_width() -> None:
    rendered = message("\tab\tx", "x")
    assert "\t" not in rendered
    assert "|     ab  x\n" in rendered
    assert carets_stand_under(rendered, "x")


@pytest.mark.parametrize("at", [0, 50, 500, 4_990])
def test_long_lines_are_cut_around_the_mark(at: int) -> None:
    text = "y" * at + "MARK" + "y" * (5_000 - at)
    rendered = message(text, "MARK")
    assert carets_stand_under(rendered, "MARK")
    assert all(len(line) <= MAX_COLUMNS + 20 for line in rendered.splitlines())
    assert "..." in rendered


def test_a_mark_longer_than_the_screen_is_cut() -> None:
    rendered = message("a " + "z" * 3_000, "z" * 3_000)
    assert all(len(line) <= 2 * MAX_COLUMNS for line in rendered.splitlines())
    assert rendered.count("^") >= MAX_COLUMNS // 2


def test_a_line_of_megabytes_costs_little() -> None:
    text = "x" * 3_000_000 + "MARK"
    assert len(message(text, "MARK")) < 1_000


def test_several_lines_show_the_first_and_the_last() -> None:
    text = "object a {\n  one\n  two\n}\n"
    rendered = message(text, "object a {\n  one\n  two\n}")
    assert rendered.splitlines()[1:] == [
        "  nut.inspect:1:1",
        "  |",
        "1 | object a {",
        "  | ^^^^^^^^^^",
        "...",
        "4 | }",
        "  | ^ here",
    ]


def test_a_mark_that_ends_with_its_line_stays_on_it() -> None:
    rendered = message("one\ntwo\n", "one\n")
    assert "two" not in rendered
    assert "  | ^^^ here" in rendered


def test_the_end_of_the_file_can_be_marked() -> None:
    rendered = message("a {\n", "", at=4)
    assert "  nut.inspect:2:1" in rendered
    assert "  | ^ here" in rendered


def test_related_places_follow() -> None:
    text = "defect a\ndefect a\n"
    rendered = message(text, "defect a", at=9, related=((Span(NAME, 0, 8), "the first one"),))
    assert "  nut.inspect:1:1\n  |\n1 | defect a\n  | -------- the first one\n" in rendered


def test_a_file_without_text_has_no_snippet() -> None:
    item = Diagnostic("I001", "error", "there is no file x.inspect", Span("x.inspect", 0, 0))
    expected = "error[I001]: there is no file x.inspect\n  x.inspect\n"
    assert render_text([item], {}) == expected
    assert render_text([item], {"x.inspect": SourceFile("x.inspect", "")}) == expected


def test_escape_sequences_do_not_reach_the_terminal() -> None:
    rendered = message('"\x1b[31mred\x1b[0m\u202eabc\x00\x7f" x', "x", help="\x1b[2J")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", rendered)
    assert carets_stand_under(rendered, "x")


def test_colours_only_when_asked() -> None:
    item = Diagnostic("I204", "warning", "wrong", Span(NAME, 0, 1), "here", "do")
    sources = {NAME: SourceFile(NAME, "abc")}
    plain, colored = render_text([item], sources), render_text([item], sources, color=True)
    assert "\x1b[1;33mwarning[I204]\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


def test_sorted_by_place_and_at_most_a_hundred() -> None:
    sources = {"main": SourceFile("main", "x" * 300), "used": SourceFile("used", "y" * 300)}
    report = Report()
    for at in range(149, -1, -1):
        report.error("I120", Span("used" if at % 2 else "main", at, at + 1), f"m{at}")
    rendered = render_text(report, sources, left_out=7)
    numbers = [int(n) for n in re.findall(r"error\[I120\]: m(\d+)", rendered)]
    assert numbers == [*range(0, 150, 2), *range(1, 50, 2)]
    assert rendered.endswith("\n... and 57 more\n")


def test_nothing_to_say() -> None:
    assert render_text([], {}) == ""


def test_a_fix_does_not_change_the_text_form() -> None:
    span = Span(NAME, 0, 1)
    bare = Diagnostic("I204", "error", "wrong", span)
    mended = Diagnostic("I204", "error", "wrong", span, fix=Fix(span, "b"))
    sources = {NAME: SourceFile(NAME, "a")}
    assert render_text([bare], sources) == render_text([mended], sources)
