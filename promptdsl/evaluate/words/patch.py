"""Words added to and removed from a spec as a unified diff; comments and layout stay.

A phrase that an include line brought is removed by writing the others of that line out. A block
that the object does not have itself (it inherits it, or lives on a default) is added.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.errors import SpecProblem
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.words.units import NORMAL, groups_of
from promptdsl.files.difference import unified_lines
from promptdsl.files.hashing import hash_bytes
from promptdsl.files.opening import read_regular
from promptdsl.language.ast import ObjectDef, PhraseBlock
from promptdsl.language.builders.tree import build_ast
from promptdsl.language.statements import quote
from promptdsl.pipeline import compile_text
from promptdsl.source import MAX_BYTES, SourceFile, Span
from promptdsl.spec import ObjectSpec


@dataclass(frozen=True, slots=True)
class Rewording:
    """What one group (`normal` or a defect) loses, by place in its phrases, and gains."""

    removed: frozenset[int] = frozenset()
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Task:
    """An edit at a place, found only when all behind that place is done.

    What a phrase takes with it depends on its neighbours: of two that go at the end of a line, the
    first is the last one once the second is gone.
    """

    at: int
    edit: Callable[[str], _Edit]


def reword(text: str, item: ObjectSpec, changes: Mapping[str, Rewording]) -> str:
    """The spec's text with some groups of one object changed."""
    file = build_ast(SourceFile(item.head.file, text), Report())
    definition = next(found for found in file.objects if found.name.value == item.name)
    tasks: list[_Task] = []
    for group, change in changes.items():
        if change.removed or change.added:
            tasks += _tasks(text, item, definition, group, change)
    for task in sorted(tasks, key=lambda task: task.at, reverse=True):
        edit = task.edit(text)
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def patch_for(job: Job, changes: Mapping[str, Rewording], allow: tuple[Path, ...]) -> str:
    """The unified diff, of text that the checker accepts, relative to the current folder."""
    path = job.spec.path
    content = read_regular(path, MAX_BYTES)
    if hash_bytes(content) != job.spec.compilation.sha256:
        raise SpecProblem(
            f"{path} was changed while words were searched for",
            "run the command again: the steps above are about the file as it was",
        )
    before = content.decode("utf-8")
    mark = "\ufeff" if before.startswith("\ufeff") else ""
    after = reword(before.removeprefix(mark), job.written, changes)
    compiled = compile_text(after, str(path), folder=path.parent.absolute(), allow=allow)
    if not compiled.ok:
        first = compiled.report.errors[0].message
        raise SpecProblem(
            f"{path}: its layout is one that no patch can be written for ({first})",
            "edit it by hand: the steps above say which words; promptdsl fmt may make it simpler",
        )
    here = os.path.relpath(path)
    return unified(
        before, mark + after, path.name if here.startswith("..") else Path(here).as_posix()
    )


def _tasks(
    text: str, item: ObjectSpec, definition: ObjectDef, group: str, change: Rewording
) -> Iterator[_Task]:
    phrases = groups_of(item)[group]
    block = _block(definition, group)
    if block is None:
        left = [p.text for n, p in enumerate(phrases) if n not in change.removed]
        every = [*left, *change.added]
        yield _Task(definition.span.end - 1, lambda now: _new_block(now, definition, group, every))
        return
    by_line: dict[Span, list[int]] = {}
    for number, phrase in enumerate(phrases):
        by_line.setdefault(phrase.site, []).append(number)
    single = "\n" not in text[block.span.start : block.span.end]
    for site, members in by_line.items():
        if change.removed.isdisjoint(members):
            continue
        left = [phrases[n].text for n in members if n not in change.removed]
        yield _Task(site.start, partial(_without, site=site, left=left, single=single))
    if change.added:
        yield _Task(
            block.span.end - 1,
            partial(_appended, block=block, added=change.added, single=single),
        )


def _without(text: str, site: Span, left: list[str], single: bool) -> _Edit:
    """A line with what is left of it."""
    return _replaced(text, site, left, single) if left else _dropped(text, site)


def _block(definition: ObjectDef, group: str) -> PhraseBlock | None:
    title = NORMAL if group == NORMAL else f"defect {group}"
    blocks = (part for part in definition.parts if isinstance(part, PhraseBlock))
    return next((block for block in blocks if block.title == title), None)


def _new_block(text: str, definition: ObjectDef, group: str, phrases: list[str]) -> _Edit:
    """Before the closing brace of the object."""
    head = NORMAL if group == NORMAL else f"defect {group}"
    end = _newline(text)
    lines = [f"  {head} {{", *(f"    {quote(phrase)}" for phrase in phrases), "  }"]
    at = definition.span.end - 1
    start = _line_start(text, at)
    if text[start:at].strip():
        return _Edit(at, at, end + end.join(lines) + end)
    return _Edit(start, start, end.join(lines) + end)


def _replaced(text: str, site: Span, left: list[str], single: bool) -> _Edit:
    """An include line written out."""
    quoted = [quote(phrase) for phrase in left]
    if single:
        return _Edit(site.start, site.end, ", ".join(quoted))
    return _Edit(site.start, site.end, (_newline(text) + _indent(text, site.start)).join(quoted))


def _dropped(text: str, site: Span) -> _Edit:
    """A line, with the comma that goes with it; a line that held nothing else goes whole."""
    start, end = site.start, site.end
    line_start, line_end = _line_start(text, start), _line_end(text, end)
    before = text[line_start:start].strip()
    behind = text[end:line_end].strip()
    if not before and (not behind or behind == "," or behind.lstrip(", ").startswith("#")):
        return _Edit(line_start, min(line_end + 1, len(text)), "")
    rest = text[end:line_end]
    after = len(rest) - len(rest.lstrip(" \t"))
    if rest[after : after + 1] == ",":
        tail = rest[after + 1 :]
        return _Edit(start, end + after + 1 + len(tail) - len(tail.lstrip(" \t")), "")
    lead = text[line_start:start].rstrip(" \t")
    if lead.endswith(","):
        return _Edit(line_start + len(lead[:-1].rstrip(" \t")), end, "")
    return _Edit(start, end, "")


def _appended(text: str, block: PhraseBlock, added: tuple[str, ...], single: bool) -> _Edit:
    """Behind the last line of a block; before its brace where the two stand on one line."""
    quoted = [quote(phrase) for phrase in added]
    brace = block.span.end - 1
    if single:
        at = len(text[:brace].rstrip(" \t"))
        comma = "" if text[:at].endswith(("{", ",")) else ","
        return _Edit(at, brace, f"{comma} {', '.join(quoted)} ")
    end = _newline(text)
    indent = _indent(text, block.lines[0].span.start) if block.lines else "    "
    start = _line_start(text, brace)
    lines = "".join(f"{indent}{phrase}{end}" for phrase in quoted)
    if text[start:brace].strip():
        return _Edit(brace, brace, end + lines)
    return _Edit(start, start, lines)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _indent(text: str, at: int) -> str:
    line = text[_line_start(text, at) : at]
    return line[: len(line) - len(line.lstrip(" \t"))] if not line.strip() else "    "


def unified(before: str, after: str, path: str) -> str:
    """What `patch -p1` and `git apply` take; `path` is relative to where they run."""
    return "".join(unified_lines(before, after, f"a/{path}", f"b/{path}"))
