"""Includes replaced by what they bring, each phrase remembering where it was written."""

from dataclasses import dataclass, field

from promptdsl.check.modules import Module
from promptdsl.diagnostics.diagnostic import Fix, Report
from promptdsl.diagnostics.nearest import nearest
from promptdsl.source import Span
from promptdsl.spec.model import Phrase
from promptdsl.syntax.ast import IncludeLine, Line, ListKind, NamedList, Text

MAX_LINES = 20_000
MAX_CHAIN = 100
_OTHER: dict[ListKind, ListKind] = {"words": "templates", "templates": "words"}


@dataclass(slots=True)
class Resolver:
    """Resolves includes; expanded lists are kept, so that a list is walked once."""

    report: Report
    _expanded: dict[tuple[str, str, ListKind], tuple[Phrase, ...]] = field(default_factory=dict)
    _open: list[tuple[str, str, ListKind]] = field(default_factory=list)
    _too_many: set[Span] = field(default_factory=set)
    _told_aliases: set[tuple[str, str]] = field(default_factory=set)

    def expand(
        self,
        lines: tuple[Line, ...],
        module: Module,
        kind: ListKind,
        base: tuple[Phrase, ...] | None = None,
        inherits: bool = False,
    ) -> tuple[tuple[Phrase, ...], bool]:
        """Phrases of a block, and whether some line was lost; `base` is what the parent has."""
        phrases: list[Phrase] = []
        lost = False
        for line in lines:
            if isinstance(line, Text):
                phrases.append(Phrase(line.value, line.span, line.span))
                continue
            brought = self._include(line, module, kind, base, inherits)
            lost = lost or brought is None
            phrases += [Phrase(p.text, p.span, line.span) for p in brought or ()]
            if len(phrases) > MAX_LINES:
                self._report_too_many(line)
                return tuple(phrases[:1]), True
        return tuple(phrases), lost

    def _report_too_many(self, line: IncludeLine) -> None:
        if line.span not in self._too_many:
            self._too_many.add(line.span)
            self.report.error(
                "I211", line.span, f"this include brings a block to more than {MAX_LINES:,} lines",
                help="use shorter lists; a few hundred prompts are plenty",
            )  # fmt: skip

    def _include(
        self,
        line: IncludeLine,
        module: Module,
        kind: ListKind,
        base: tuple[Phrase, ...] | None,
        inherits: bool,
    ) -> tuple[Phrase, ...] | None:
        if line.is_base:
            return self._base(line, base, inherits)
        home = module
        if line.alias is not None:
            alias = line.alias.value
            found = module.imports.get(alias)
            module.used_aliases.add(alias)
            if found is None:
                self._unknown_alias(line, module)
                return None
            home = found
        named = find_list(home, kind, line.name.value)
        if named is None:
            self._unknown_list(line, module, home, kind)
            return None
        return self.list(named, home)

    def _base(
        self, line: IncludeLine, base: tuple[Phrase, ...] | None, inherits: bool
    ) -> tuple[Phrase, ...] | None:
        if base is None and not inherits:
            self.report.error(
                "I313", line.span, "there is no parent object whose lines base could mean",
                help="write object NAME extends PARENT { ... }, or include a list by its name",
            )  # fmt: skip
            return None
        if base is None:
            self.report.error(
                "I313", line.span, "the parent object has no block of this name to include",
                help="remove the line",
            )  # fmt: skip
        return base

    def list(self, named: NamedList, home: Module) -> tuple[Phrase, ...] | None:
        """The phrases of a named list."""
        key = (home.source.name, named.name.value, named.kind)
        if key in self._expanded:
            return self._expanded[key]
        if key in self._open:
            names = [entry[1] for entry in self._open[self._open.index(key) :]] + [key[1]]
            self.report.error(
                "I305", named.name.span,
                f"these lists include each other in a circle: {' -> '.join(names)}",
                help="remove one of the include lines",
            )  # fmt: skip
            return None
        if len(self._open) >= MAX_CHAIN:
            self.report.error(
                "I305", named.name.span, f"lists include each other more than {MAX_CHAIN} deep",
                help="put the phrases into one list",
            )  # fmt: skip
            return None
        self._open.append(key)
        phrases, _lost = self.expand(named.lines, home, named.kind)
        self._open.pop()
        self._expanded[key] = phrases
        return phrases

    def _unknown_alias(self, line: IncludeLine, module: Module) -> None:
        assert line.alias is not None
        alias = line.alias.value
        if module.forgives(alias) or (module.source.name, alias) in self._told_aliases:
            return  # one missing `use` is one mistake, however many lines need it
        self._told_aliases.add((module.source.name, alias))
        near, fix = nearest(alias, module.imports), None
        holders = [
            known
            for known, other in module.imports.items()
            if any(named.name.value == line.name.value for named in other.file.lists)
        ]
        if near or holders:
            likely = near if near and (near in holders or not holders) else holders[0]
            help = f"did you mean {likely}.{line.name.value}?"
            fix = Fix(line.alias.span, likely)
        elif alias == "std":
            help = 'write use "std/winclip" as std at the top of the file'
        else:
            help = f'bring the file in first: use "FILE" as {alias}'
        self.report.error(
            "I301", line.alias.span, f"no file is used under the short name {alias}", help=help,
            fix=fix,
        )  # fmt: skip

    def _unknown_list(
        self, line: IncludeLine, module: Module, home: Module, kind: ListKind
    ) -> None:
        name = line.name.value
        if home.lost_imports and home is module and line.alias is None and home.file.broken_lists:
            return
        if home.file.broken_lists:
            return
        if self.report.full:
            self.report.left_out += 1
            return
        where = "this file" if home is module else home.source.name
        if find_list(home, _OTHER[kind], name) is not None:
            held, wanted = _OTHER[kind], kind
            what = "phrases" if wanted == "words" else "templates"
            self.report.error(
                "I307", line.name.span, f"{name} is a list of {held}, and this block takes {what}",
                help=f"include a list that was written with {wanted} NAME {{ ... }}",
            )  # fmt: skip
            return
        names = [named.name.value for named in home.file.lists if named.kind == kind]
        prefix = f"{line.alias.value}." if line.alias is not None else ""
        near, fix = nearest(name, names), None
        if not prefix and name in module.imports:
            other = module.imports[name]
            lists = [
                f"{name}.{named.name.value}" for named in other.file.lists if named.kind == kind
            ]
            help = f"{name} is a used file, and it has {', '.join(lists[:8]) or 'no such list'}"
        elif near:
            help, fix = f"did you mean {prefix}{near}?", Fix(line.name.span, near)
        else:
            aliases = [
                alias for alias, other in module.imports.items() if find_list(other, kind, name)
            ]
            meant = f"{aliases[0]}.{name}" if len(aliases) == 1 and not prefix else None
            fix = Fix(line.name.span, meant) if meant else None
            help = (
                f"did you mean {aliases[0]}.{name}?" if aliases and not prefix else
                f"{where} has {', '.join(prefix + each for each in names[:8])}" if names else
                f"{where} has no list of {kind}"
            )  # fmt: skip
        self.report.error(
            "I301", line.name.span, f"{where} has no list of {kind} named {name}", help=help,
            fix=fix,
        )  # fmt: skip


def find_list(module: Module, kind: ListKind, name: str) -> NamedList | None:
    """The first list of that kind and name in a file."""
    return module.lists().get((kind, name))
