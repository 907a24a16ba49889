"""Wrong lines by rule: every correction offered is made, and what comes of it is looked at.

A correction must take its message away, bring no new one, and, where it is certain what the author
meant, give the right line's meaning. PROMPTDSL_SHOW=FILE writes all lines with their messages into
a file, for a person to read.
"""

import os
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from promptdsl.diagnostics.diagnostic import Diagnostic
from promptdsl.diagnostics.places import in_order
from promptdsl.language.recovery.signs import plain, unseen
from promptdsl.pipeline import Compilation, compile_text
from tests.robustness.corpus import PretendedPictures
from tests.robustness.places import without_places
from tests.robustness.said_otherwise import SAID, Said
from tests.robustness.wrong_lines import FAMILIES, HOSTS, Family, Host, Wrong, wrong_lines

LINES = list(wrong_lines())
ROUNDS = 6
UNSEEN = ("I132", "I133")  # warnings about what cannot be seen: their fixes keep the meaning
# `write NAME { ... }` names a form; everything else that begins with `write` is to be typed.
FORM = re.compile(
    r"for example|\.\.\.|NAME|\(or|an opening|as the first line|every quote|one line for"
)


def compiled(text: str) -> Compilation:
    """Compile a spec whose pictures all exist."""
    return compile_text(text, "wrong.inspect", loader=PretendedPictures(), folder=Path("/"))


def meaning(compilation: Compilation) -> object:
    """What a spec says, places left out; None for one with errors."""
    if not compilation.ok or compilation.spec is None:
        return None
    return [
        (
            item.name, item.called, [each.text for each in item.normal],
            [(each.name, [one.text for one in each.phrases]) for each in item.defects],
            [each.text for each in item.templates],
            item.method.name, item.method.model, sorted(map(str, item.method.settings.items())),
            [
                (each.verdict, getattr(each, "at", None), getattr(each, "above", None),
                 getattr(each, "share", None), getattr(each, "unit", None),
                 getattr(getattr(each, "region", None), "value", None),
                 getattr(getattr(each, "defect", None), "value", None))
                for each in item.limits
            ],
            without_places((item.picture, item.regions, item.ignored)),
            [(each.label, each.images, each.masks) for each in item.samples],
            [(each.title, each.on, each.verdict, each.bound, each.share) for each in item.claims],
        )
        for item in compilation.spec.objects
    ]  # fmt: skip


@cache
def meant(host: Host) -> object:
    """The meaning of the right line; `cache` goes by the host."""
    return meaning(compiled(host.text(host.line)))


def with_fix(text: str, item: Diagnostic) -> str:
    """The text with one correction made."""
    assert item.fix is not None
    return text[: item.fix.span.start] + item.fix.replacement + text[item.fix.span.end :]


def corrected(text: str) -> str:
    """The text with all corrections made, again and again, those that do not overlap at a time."""
    for _ in range(ROUNDS):
        compilation = compiled(text)
        fixes = [
            item.fix for item in compilation.report
            if item.fix is not None and (item.severity == "error" or item.code in UNSEEN)
        ]  # fmt: skip
        if not fixes:
            return text
        done = len(text) + 1
        for fix in sorted(fixes, key=lambda each: (-each.span.end, each.span.start)):
            if fix.span.end <= done:
                text = text[: fix.span.start] + fix.replacement + text[fix.span.end :]
                done = fix.span.start
    return text


def kinds(compilation: Compilation) -> Counter[tuple[str, str]]:
    """How often each error is told."""
    return Counter((item.code, item.message) for item in compilation.report.errors)


def look_at(text: str, label: str, mendable: bool) -> Compilation:
    """Check every message about a wrong line, and every correction that it offers."""
    compilation = compiled(text)
    before, codes = kinds(compilation), Counter(item.code for item in compilation.report.errors)
    for item in compilation.report:
        help = item.help or ""
        said = re.sub(r'"[^"]*"', "", help)
        assert not any(unseen(sign) or plain(sign) for sign in said), (label, help)
        typed = re.match(r"(?:\w+ )?write (.*)", help)
        if item.fix is None:
            assert not typed or FORM.search(help), (label, item.message, help)
            continue
        after = compiled(with_fix(text, item))
        left = kinds(after)
        assert left[item.code, item.message] < max(1, before[item.code, item.message]), (
            label, item.message, help,
        )  # fmt: skip
        # What the mistake hid may be seen now, as long as all of it can be corrected.
        fresh = Counter(each.code for each in after.report.errors) - codes
        assert mendable or not fresh, (label, item.message, help, fresh)
    return compilation


def test_there_are_many_lines_of_every_kind() -> None:
    assert len(LINES) >= 500
    assert {line.host.name for line in LINES} == {host.name for host in HOSTS}
    assert {line.family for line in LINES} == {family.name for family in FAMILIES}


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_right_lines_are_right(host: Host) -> None:
    assert compiled(host.text(host.line)).ok


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_corrections_give_the_line_that_was_meant(family: Family) -> None:
    """A third of the lines, another third for each family."""
    lines = [line for line in LINES if line.family == family.name]
    for line in lines[FAMILIES.index(family) % 3 :: 3]:
        check(line)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_all_corrections_give_the_line_that_was_meant(family: Family) -> None:
    for line in LINES:
        if line.family == family.name:
            check(line)


def check(line: Wrong) -> None:
    """One wrong line: its messages, its corrections, its meaning after all of them."""
    label = f"{line.host.name} / {line.family}: {line.line!r}"
    compilation = look_at(line.text, label, line.same is True)
    if line.same:
        assert meaning(compiled(corrected(line.text))) == meant(line.host), label
    elif line.same is False:
        assert not compilation.ok, label


@pytest.mark.parametrize("said", SAID, ids=lambda said: said.line)
def test_lines_said_otherwise(said: Said) -> None:
    """Lines in other words: corrected to the line that they mean, or left to the author."""
    host = next(host for host in HOSTS if host.name == said.host)
    line, means = said.line, said.means
    compilation = look_at(host.text(line), line, means is not None)
    assert not compilation.ok, line
    assert len(compilation.report.errors) == 1, [each.message for each in compilation.report]
    after = corrected(host.text(line))
    if means is None:
        assert after == host.text(line), (line, "must leave the choice to the author")
    else:
        assert meaning(compiled(after)) == meaning(compiled(host.text(means))), (line, after)
        assert meaning(compiled(after)) is not None, line


def test_what_comes_out_can_be_read() -> None:
    """PROMPTDSL_SHOW=FILE: every line and its messages."""
    target = os.environ.get("PROMPTDSL_SHOW")
    if not target:
        pytest.skip("PROMPTDSL_SHOW names no file")
    rows = []
    for line in LINES:
        rows.append(f"{line.host.name} / {line.family}: {line.line}")
        found = compiled(line.text)
        items = in_order(found.report, found.sources)
        rows += [f"    {item.code} {item.message} | {item.help}" for item in items]
    Path(target).write_text("\n".join(rows), encoding="utf-8")
