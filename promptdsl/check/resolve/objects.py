"""Objects with `extends` resolved: a child's block replaces its parent's of that name."""

from dataclasses import dataclass, field, replace
from itertools import islice

from promptdsl.check.resolve.lists import Budget, Resolver
from promptdsl.check.resolve.modules import Module
from promptdsl.check.resolve.places import merged_picture, merged_place, relocate
from promptdsl.diagnostics.diagnostic import Report
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import (
    Claim,
    Limit,
    MethodBlock,
    ObjectDef,
    Part,
    PhraseBlock,
    PictureBlock,
    PlaceBlock,
    Reference,
    RemoveLine,
    SamplesBlock,
    ThresholdsBlock,
)
from promptdsl.language.builders.objects import UNNAMED
from promptdsl.language.vocabulary import FORMS
from promptdsl.source import Span
from promptdsl.spec import Defect, Phrase, SampleSet

MAX_CHAIN = 100
MAX_NAMED = 300  # other objects that a misspelt parent is compared with


@dataclass(slots=True)
class Merged:
    """An object with everything that it inherits; None is "nobody wrote it"."""

    definition: ObjectDef
    module: Module
    parent: "Merged | None" = None
    called: str | None = None
    normal: tuple[Phrase, ...] | None = None
    defects: dict[str, Defect] = field(default_factory=dict)
    templates: tuple[Phrase, ...] | None = None
    method: MethodBlock | None = None  # the inherited fields first
    rules: tuple[Limit, ...] | None = None
    samples: dict[str, SampleSet] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    picture: PictureBlock | None = None  # the inherited lines first
    regions: dict[str, PlaceBlock] = field(default_factory=dict)
    ignored: dict[str, PlaceBlock] = field(default_factory=dict)
    removed: dict[str, Span] = field(default_factory=dict)  # defects and regions, and by which line
    broken: bool = False  # a line was lost: what is missing may have been in it
    lost_parts: bool = False  # a whole part was lost: a defect, or the parent object
    _titles: dict[str, list[str]] | None = None

    def inherited_lines(self) -> int:
        """What a child of this object begins with: its phrases, rules and named parts."""
        blocks = (self.normal, self.templates, self.rules, self.method and self.method.fields)
        words = sum(len(defect.phrases) + 1 for defect in self.defects.values())
        named = len(self.samples) + len(self.claims)
        places = [*self.regions.values(), *self.ignored.values()]
        named += sum(len(place.shapes) + len(place.without) + 1 for place in places)
        return words + named + sum(len(block) for block in blocks if block)

    def titles_on(self, label: str) -> list[str]:
        """The tests on the samples of that label, indexed once: a child may remove thousands."""
        if self._titles is None:
            self._titles = {}
            for title, claim in self.claims.items():
                self._titles.setdefault(claim.on, []).append(title)
        return self._titles.get(label, [])


@dataclass(slots=True)
class ObjectResolver:
    """Resolves each object once, parents first."""

    report: Report
    lists: Resolver
    budget: Budget
    _done: dict[tuple[str, str], Merged] = field(default_factory=dict)
    _open: list[tuple[str, str]] = field(default_factory=list)

    def resolve(self, definition: ObjectDef, module: Module) -> Merged:
        """The object with its inheritance."""
        key = (module.source.name, definition.name.value)
        done = self._done.get(key)
        if done is not None and done.definition is definition:
            return done
        self._open.append(key)
        merged = self._start(definition, module)
        self._open.pop()
        if self.budget.exhausted:
            return merged
        seen: dict[str, Span] = {}
        own = {name for name in map(_own_name, definition.parts) if name is not None}
        for part in definition.parts:
            name = _part_name(part)
            first = seen.setdefault(name, part.span)
            if first is not part.span:
                self.report.error(
                    "I128", _head(part), f"{name} stands twice in this object",
                    label="said before", related=((first, "the first one"),),
                    help="remove this line" if isinstance(part, RemoveLine)
                    else "join the two blocks, or remove one",
                )  # fmt: skip
            else:
                self._add(merged, part, own)
        self._done.setdefault(key, merged)
        return merged

    def _start(self, definition: ObjectDef, module: Module) -> Merged:
        """A copy of the parent, or an empty object."""
        parent = self._parent(definition, module)
        inherited = 0 if parent is None else parent.inherited_lines()
        # An object by itself costs a line, too: what it leaves open is filled with defaults.
        if not self.budget.take(inherited + 1, definition.head):
            return Merged(definition, module, broken=True, lost_parts=True)
        if parent is None:
            lost = definition.broken or definition.parent is not None
            lost = lost or definition.name.value == UNNAMED
            merged = Merged(definition, module, broken=lost, lost_parts=lost)
        else:
            merged = replace(
                parent,
                definition=definition,
                module=module,
                parent=parent,
                called=None,
                _titles=None,
                defects=dict(parent.defects),
                samples=dict(parent.samples),
                claims=dict(parent.claims),
                regions=dict(parent.regions),
                ignored=dict(parent.ignored),
                removed=dict(parent.removed),
                broken=parent.broken or definition.broken,
                lost_parts=parent.lost_parts or definition.broken,
            )
        if definition.called is not None:
            merged.called = definition.called.value
        return merged

    def _parent(self, definition: ObjectDef, module: Module) -> Merged | None:
        named = definition.parent
        home = self._home(named, module) if named is not None else None
        if named is None or home is None:
            return None
        name = named.name.value
        candidate = home.objects.get(name)
        if candidate is not None:
            return self._resolved_parent(named, candidate, home)
        if UNNAMED in home.objects:
            return None  # an object without its name, which was reported, may be the one
        if self.report.skips():
            return None
        others = (other for other, item in home.objects.items() if item is not definition)
        names = list(islice(others, MAX_NAMED))
        self.report.error(
            "I310", named.span, f"there is no object {name} to extend",
            near=nearest(name, names), at=named.name.span,
            help=f"there is {', '.join(names[:8])}" if names else "write the parent object first",
        )  # fmt: skip
        return None

    def _home(self, named: Reference, module: Module) -> Module | None:
        """The file that an object's parent is looked for in."""
        if named.alias is None:
            return module
        alias = named.alias.value
        module.used_aliases.add(alias)
        if alias not in module.imports and not module.forgives(alias):
            self.report.error(
                "I301", named.alias.span, f"no file is used under the short name {alias}",
                help=f'bring the file in first: use "FILE" as {alias}',
            )  # fmt: skip
        return module.imports.get(alias)

    def _resolved_parent(
        self, named: Reference, candidate: ObjectDef, home: Module
    ) -> Merged | None:
        key = (home.source.name, candidate.name.value)
        if key in self._open or len(self._open) > MAX_CHAIN:
            chain = [name for _file, name in self._open[-5:]] + [candidate.name.value]
            self.report.error(
                "I311", named.span,
                f"these objects extend each other in a circle: {' -> '.join(chain)}"
                if key in self._open else f"objects extend each other more than {MAX_CHAIN} deep",
                help="let one of them stand alone",
            )  # fmt: skip
            return None
        return self.resolve(candidate, home)

    # parts

    def _add(self, merged: Merged, part: Part, own: set[str]) -> None:
        if isinstance(part, PhraseBlock):
            self._phrases(merged, part)
        elif isinstance(part, MethodBlock):
            merged.method = self._method(merged, part)
            merged.broken = merged.broken or part.broken
        elif isinstance(part, ThresholdsBlock):
            self._thresholds(merged, part)
        elif isinstance(part, SamplesBlock):
            merged.samples[part.label.value] = self._samples(merged, part)
        elif isinstance(part, Claim):
            merged.claims[part.title] = part
        elif isinstance(part, PictureBlock):
            self._picture(merged, part)
        elif isinstance(part, PlaceBlock):
            self._place(merged, part)
        else:
            self._remove(merged, part, own)

    def _phrases(self, merged: Merged, part: PhraseBlock) -> None:
        name = part.name.value if part.name is not None else ""
        if part.kind == "defect":
            parent = merged.defects.get(name)
            above = parent.phrases if parent is not None else None
        else:
            above = merged.normal if part.kind == "normal" else merged.templates
        base = () if above is None and merged.lost_parts else above  # lost without complaint
        inherits = merged.definition.parent is not None
        kind = part.list_kind
        phrases, lost = self.lists.expand(part.lines, merged.module, kind, base, inherits)
        lost = lost or part.broken
        if not part.lines and not lost:
            help = "write at least one phrase in quotes, or remove the block"
            self.report.error("I127", part.span, f"{part.title} has no phrases", help=help)
            lost = True
        merged.broken = merged.broken or lost
        if part.name is not None:
            merged.defects[name] = Defect(name, phrases, part.name.span)
        elif part.kind == "normal":
            merged.normal = phrases
        else:
            merged.templates = phrases

    def _method(self, merged: Merged, part: MethodBlock) -> MethodBlock:
        fields = {line.name.value: line for line in part.fields}
        folders = dict.fromkeys(fields, merged.module.plan_folder)
        if part.base is not None and merged.method is None:
            self._no_base(part.base, merged)
        elif part.base is not None and merged.method is not None:
            fields = {line.name.value: line for line in merged.method.fields} | fields
            folders = {**merged.method.folders, **folders}
        return replace(part, fields=tuple(fields.values()), folders=folders)

    def _no_base(self, line: Reference, merged: Merged) -> None:
        if merged.lost_parts:
            return
        what = (
            "the parent object has no block of this name to include"
            if merged.definition.parent is not None
            else "there is no parent object whose lines base could mean"
        )
        self.report.error("I313", line.span, what, help="remove the line")
        merged.broken = True

    def _thresholds(self, merged: Merged, part: ThresholdsBlock) -> None:
        rules: list[Limit] = []
        for line in part.rules:
            if not isinstance(line, Reference):
                rules.append(line)
            elif merged.rules is None:
                self._no_base(line, merged)
            elif self.budget.take(len(merged.rules), line.span):
                rules += merged.rules
        if not part.rules and not part.broken:
            help = f"write {FORMS['rule']}, or remove the block"
            self.report.error("I127", part.span, "thresholds has no lines", help=help)
            merged.broken = True
        merged.rules = tuple(rules)
        merged.broken = merged.broken or part.broken

    def _samples(self, merged: Merged, part: SamplesBlock) -> SampleSet:
        folder = merged.module.plan_folder
        merged.broken = merged.broken or part.broken
        return SampleSet(
            part.label.value,
            tuple(relocate(folder, text.value) for text in part.images),
            tuple(relocate(folder, text.value) for text in part.masks),
            part.label.span,
            tuple(text.span for text in part.images),
            tuple(text.span for text in part.masks),
        )

    def _picture(self, merged: Merged, part: PictureBlock) -> None:
        if part.base is not None and merged.picture is None:
            self._no_base(part.base, merged)
        merged.picture = merged_picture(part, merged.picture, merged.module.plan_folder)
        merged.broken = merged.broken or part.broken

    def _place(self, merged: Merged, part: PlaceBlock) -> None:
        places = merged.regions if part.kind == "region" else merged.ignored
        parent = places.get(part.name.value)
        if part.base is not None and parent is None:
            self._no_base(part.base, merged)
        if part.base is not None and parent is not None:
            self.budget.take(len(parent.shapes) + len(parent.without), part.base.span)
        if not part.shapes and part.base is None and not part.broken:
            help = f"write for example {FORMS[part.kind]}, or remove the block"
            self.report.error("I127", part.head, f"{part.title} has no shapes", help=help)
            merged.broken = True
        places[part.name.value] = merged_place(part, parent, merged.module.plan_folder)
        merged.broken = merged.broken or part.broken

    def _remove(self, merged: Merged, part: RemoveLine, own: set[str]) -> None:
        name, kind = part.name.value, part.kind
        kinds = ("defect", "region") if kind is None else (kind,)
        written = next((each for each in kinds if f"{each} {name}" in own), None)
        if written is not None:
            self.report.error(
                "I312", part.name.span, f"{written} {name} is written in this object itself",
                help=f"remove drops a {written} of the parent object; here, delete one of the two"
                if written != "ignore"
                else "remove drops places of the parent object; here, delete one of the two",
            )  # fmt: skip
            return
        if name in merged.defects and kind in (None, "defect"):
            del merged.defects[name]
            merged.removed[name] = part.span
            self._remove_what_came_with(name, merged)
        elif name in merged.regions and kind in (None, "region"):
            del merged.regions[name]
            merged.removed[name] = part.span
        elif name in merged.ignored and kind == "ignore":
            del merged.ignored[name]
        elif not merged.lost_parts and not self.report.skips():
            self._nothing_to_remove(merged, part)

    def _nothing_to_remove(self, merged: Merged, part: RemoveLine) -> None:
        name, kind = part.name.value, part.kind or "defect"
        names: list[str] = []
        names += merged.defects if part.kind in (None, "defect") else []
        names += merged.regions if part.kind in (None, "region") else []
        if part.kind is None and merged.regions and not merged.defects:
            kind = "region"
        what = f'ignore "{name}"' if kind == "ignore" else f"{kind} {name}"
        if part.kind is None and merged.regions and merged.defects:
            what = f"defect or region {name}"
        help = "remove this line"
        if merged.definition.parent is None:
            help = f"remove drops a {kind} of the parent object, and this object extends none"
            help = help.replace("a ignore", "ignored places")
        self.report.error(
            "I312", part.name.span, f"there is no {what} to remove", near=nearest(name, names),
            help=help,
        )  # fmt: skip

    def _remove_what_came_with(self, name: str, merged: Merged) -> None:
        """The parent's samples of a removed defect and its tests on them; own ones stay."""
        parent = merged.parent
        if parent is None:
            return
        if merged.samples.get(name) is parent.samples.get(name):
            merged.samples.pop(name, None)
        for title in parent.titles_on(name):
            if merged.claims.get(title) is parent.claims[title]:
                del merged.claims[title]


def _part_name(part: Part) -> str:
    if isinstance(part, PhraseBlock):
        return part.title
    if isinstance(part, SamplesBlock):
        return f"samples {part.label.value}"
    if isinstance(part, Claim):
        return f'test "{part.title}"'
    if isinstance(part, RemoveLine):
        return f"remove {part.kind} {part.name.value}" if part.kind else f"remove {part.name.value}"
    if isinstance(part, PlaceBlock):
        return part.title
    if isinstance(part, PictureBlock):
        return "picture"
    return "method" if isinstance(part, MethodBlock) else "thresholds"


def _own_name(part: Part) -> str | None:
    """What a remove line would call a part; None for one that cannot be removed."""
    if isinstance(part, PlaceBlock):
        return f"{part.kind} {part.name.value}"
    if isinstance(part, PhraseBlock) and part.name is not None:
        return f"defect {part.name.value}"
    return None


def _head(part: Part) -> Span:
    if isinstance(part, (MethodBlock, SamplesBlock, PictureBlock, PlaceBlock)):
        return part.head
    if isinstance(part, PhraseBlock) and part.name is not None:
        return part.name.span
    word = _part_name(part).split(" ")[0]
    return part.span._replace(end=part.span.start + len(word))
