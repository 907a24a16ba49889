"""Includes replaced by what they bring, each phrase remembering where it was written.

Lists are counted before they are walked: a few hundred short lines can mean millions of phrases.
"""

from dataclasses import dataclass, field
from itertools import chain, islice

from promptdsl.check.resolve.modules import Module
from promptdsl.diagnostics.diagnostic import Report
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import Line, ListKind, NamedList, Reference, Text
from promptdsl.source import Span
from promptdsl.spec import Phrase

MAX_LINES = 20_000
MAX_LINES_OF_ALL = 200_000
MAX_CHAIN = 100
_OTHER: dict[ListKind, ListKind] = {"words": "templates", "templates": "words"}
_Key = tuple[str, str, ListKind]
_Base = tuple[Phrase, ...] | None  # the parent's lines, None where there is no such block


@dataclass(slots=True)
class Budget:
    """The lines that all objects together may have, what they include and inherit counted."""

    report: Report
    spent: int = 0
    exhausted: bool = False

    def take(self, lines: int, place: Span) -> bool:
        """Whether so many lines more are allowed; the first that are not are reported."""
        if not self.exhausted and self.spent + lines > MAX_LINES_OF_ALL:
            self.exhausted = True
            message = f"up to here the objects of this spec have {self.spent + lines:,} lines with "
            message += "all that they include and inherit, and the limit is "
            help = "use shorter lists, or put the objects into several specs"
            self.report.error("I211", place, f"{message}{MAX_LINES_OF_ALL:,}", help=help)
        if not self.exhausted:
            self.spent += lines
        return not self.exhausted


@dataclass(slots=True)
class Resolver:
    """Resolves includes; what is known of a list is kept, so that it is walked once."""

    report: Report
    budget: Budget
    _counts: dict[_Key, int] = field(default_factory=dict)
    _depths: dict[_Key, int] = field(default_factory=dict)
    _texts: dict[_Key, tuple[Text, ...]] = field(default_factory=dict)
    _open: list[_Key] = field(default_factory=list)
    _too_many: set[Span] = field(default_factory=set)
    _told_aliases: set[tuple[str, str]] = field(default_factory=set)

    def expand(
        self, lines: tuple[Line, ...], module: Module, kind: ListKind, base: _Base, inherits: bool
    ) -> tuple[tuple[Phrase, ...], bool]:
        """Phrases of a block, and whether some line was lost; `base` is what the parent has."""
        count, lost = self._count_lines(lines, module, kind, base, inherits)
        if count is None or (lines and not self.budget.take(count, lines[-1].span)):
            return (), True
        phrases: list[Phrase] = []
        for line in lines:
            if isinstance(line, Reference) and line.is_base:
                phrases += [Phrase(p.text, p.span, line.span) for p in base or ()]
            else:
                texts = self._brought(line, module, kind)
                phrases += [Phrase(text.value, text.span, line.span) for text in texts]
        return tuple(phrases), lost

    def _count_lines(
        self, lines: tuple[Line, ...], module: Module, kind: ListKind, base: _Base, inherits: bool
    ) -> tuple[int | None, bool]:
        """How many phrases lines bring, None for too many, and whether some line was lost."""
        total, lost = 0, False
        for line in lines:
            if isinstance(line, Text):
                total += 1
                continue
            if line.is_base:
                self._check_base(line, base, inherits)
                brought = None if base is None else len(base)
            else:
                brought = self._count_include(line, module, kind)
            lost = lost or brought is None
            total += brought or 0
            if total > MAX_LINES:
                self._report_too_many(line)
                return None, True
        return total, lost

    def _report_too_many(self, line: Reference) -> None:
        if line.span not in self._too_many:
            self._too_many.add(line.span)
            self.report.error(
                "I211", line.span, f"this include brings a block to more than {MAX_LINES:,} lines",
                help="use shorter lists; a few hundred prompts are plenty",
            )  # fmt: skip

    def _count_include(self, line: Reference, module: Module, kind: ListKind) -> int | None:
        """How many phrases an include line brings; None, and a message, for an unknown name."""
        if line.alias is not None:
            module.used_aliases.add(line.alias.value)
        home, named = _included(line, module, kind)
        if home is None:
            self._unknown_alias(line, module)
        elif named is None:
            self._unknown_list(line, module, home, kind)
        else:
            return self.count(named, home)
        return None

    def _check_base(self, line: Reference, base: _Base, inherits: bool) -> None:
        if base is not None:
            return
        message = "there is no parent object whose lines base could mean"
        help = "write object NAME extends PARENT { ... }, or include a list by its name"
        if inherits:
            message, help = (
                "the parent object has no block of this name to include",
                "remove the line",
            )
        self.report.error("I313", line.span, message, help=help)

    def count(self, named: NamedList, home: Module) -> int | None:
        """How many phrases a named list has; its mistakes are reported, once."""
        key = _key(named, home)
        if key in self._counts:
            return self._counts[key]
        if key in self._open:
            names = [entry[1] for entry in self._open[self._open.index(key) :]] + [key[1]]
            message = f"these lists include each other in a circle: {' -> '.join(names)}"
            help = "remove one of the include lines"
            self.report.error("I305", named.name.span, message, help=help)
            return None
        if len(self._open) >= MAX_CHAIN:
            self._report_too_deep(named)
            return None
        self._open.append(key)
        count, _lost = self._count_lines(named.lines, home, named.kind, None, False)
        self._open.pop()
        self._counts[key] = count or 0
        self._depths[key] = 1 + self._deepest(named, home)
        if self._depths[key] > MAX_CHAIN:  # lists that were counted one by one, from the last on
            self._report_too_deep(named)
            self._depths[key] = 0
        return self._counts[key]

    def _deepest(self, named: NamedList, home: Module) -> int:
        """How many lists include each other in a row below this one, as far as they are counted."""
        includes = (line for line in named.lines if isinstance(line, Reference))
        found = (_included(line, home, named.kind) for line in includes)
        keys = (_key(inner, other) for other, inner in found if other and inner)
        return max((self._depths.get(key, 0) for key in keys), default=0)

    def _report_too_deep(self, named: NamedList) -> None:
        message = f"lists include each other more than {MAX_CHAIN} deep"
        self.report.error("I305", named.name.span, message, help="put the phrases into one list")

    def list(self, named: NamedList, home: Module) -> tuple[Text, ...]:
        """The texts of a named list that was counted; none of a list with too many."""
        key = _key(named, home)
        if key not in self._texts:
            if key in self._open or len(self._open) >= MAX_CHAIN or not self._counts.get(key):
                return ()  # which was reported
            self._open.append(key)
            brought = (self._brought(line, home, named.kind) for line in named.lines)
            self._texts[key] = tuple(chain.from_iterable(brought))
            self._open.pop()
        return self._texts[key]

    def _brought(self, line: Line, module: Module, kind: ListKind) -> tuple[Text, ...]:
        """The texts of a line, without a word about what is unknown."""
        if isinstance(line, Text):
            return (line,)
        home, named = _included(line, module, kind)
        return () if home is None or named is None else self.list(named, home)

    def _unknown_alias(self, line: Reference, module: Module) -> None:
        assert line.alias is not None
        alias = line.alias.value
        if module.forgives(alias) or (module.source.name, alias) in self._told_aliases:
            return  # one missing `use` is one mistake, however many lines need it
        self._told_aliases.add((module.source.name, alias))
        if self.report.skips():
            return
        name = line.name.value
        near = nearest(alias, module.imports)
        holder = next(module.holders(name, "words", "templates"), None)
        if holder and not (
            near and any((kind, name) in module.imports[near].lists for kind in _OTHER)
        ):
            near = holder
        help = 'write use "std/winclip" as std at the top of the file'
        if near:
            help = f"did you mean {near}.{name}?"
        elif alias != "std":
            help = f'bring the file in first: use "FILE" as {alias}'
        message = f"no file is used under the short name {alias}"
        self.report.error("I301", line.alias.span, message, write=near, help=help)

    def _unknown_list(self, line: Reference, module: Module, home: Module, kind: ListKind) -> None:
        name, span = line.name.value, line.name.span
        if home.file.broken_lists or self.report.skips():
            return
        where = "this file" if home is module else home.source.name
        if (_OTHER[kind], name) in home.lists:
            takes = "phrases" if kind == "words" else "templates"
            message = f"{name} is a list of {_OTHER[kind]}, and this block takes {takes}"
            help = f"include a list that was written with {kind} NAME {{ ... }}"
            self.report.error("I307", span, message, help=help)
            return
        names = home.list_names[kind]
        prefix = f"{line.alias.value}." if line.alias is not None else ""
        near, made = nearest(name, names), None
        holders = [f"{alias}.{name}" for alias in islice(module.holders(name, kind), 2)]
        if not prefix and name in module.imports:
            lists = [f"{name}.{each}" for each in module.imports[name].list_names[kind][:8]]
            help = f"{name} is a used file, and it has {', '.join(lists) or 'no such list'}"
        elif near:
            help, made = f"did you mean {prefix}{near}?", near
        elif holders and not prefix:
            help, made = f"did you mean {holders[0]}?", holders[0] if len(holders) == 1 else None
        elif names:
            help = f"{where} has {', '.join(prefix + each for each in names[:8])}"
        else:
            help = f"{where} has no list of {kind}"
        message = f"{where} has no list of {kind} named {name}"
        self.report.error("I301", span, message, write=made, help=help)


def _included(
    line: Reference, module: Module, kind: ListKind
) -> tuple[Module | None, NamedList | None]:
    """The file and the list that an include line means, as far as they are known."""
    home = module if line.alias is None else module.imports.get(line.alias.value)
    return home, home.lists.get((kind, line.name.value)) if home is not None else None


def _key(named: NamedList, home: Module) -> _Key:
    return home.source.name, named.name.value, named.kind
