"""What can be left out of an object, one thing at a time, and the object without it.

Units are phrases, templates, defects, window scales and lists of templates. A unit that the rest
needs (the only normal phrase, the only defect) has no edited object but a reason. Without its only
template, or its only list of templates, an object is left with its bare phrases: the template is
then "{object}" itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from promptdsl.plan.expand import PLACEHOLDER
from promptdsl.source import SourceFile, Span
from promptdsl.spec import ObjectSpec, Phrase

Kind = Literal["phrase", "template", "defect", "window scale", "template list"]
T = TypeVar("T")
WINDOWS = "windows"
NORMAL = "normal"
OWN_TEMPLATES = "templates written in the block"


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to leave out. `edited` is the object without it; None where that cannot be."""

    kind: Kind
    name: str
    group: str | None  # `normal` or a defect, for phrases
    place: str  # file:line
    edited: ObjectSpec | None
    reason: str | None = None  # why it cannot be left out

    @property
    def defect(self) -> str | None:
        """The defect whose words these are."""
        if self.kind == "defect":
            return self.name
        return None if self.group == NORMAL else self.group

    @property
    def windows(self) -> tuple[str, ...] | None:
        """The window sizes that are left, for a window scale."""
        if self.kind != "window scale" or self.edited is None:
            return None
        return windows_of(self.edited)


def windows_of(item: ObjectSpec) -> tuple[str, ...]:
    """`image` and sizes, as the method has them; () where it has none."""
    value = item.method.settings.get(WINDOWS)
    return tuple(str(name) for name in value) if isinstance(value, tuple) else ()


def leave_one_out(item: ObjectSpec, sources: Mapping[str, SourceFile]) -> list[Unit]:
    """Every unit of an object, in the order of the file."""
    places = Places(sources)
    return [
        *_phrases(item, places),
        *_defects(item, places),
        *_templates(item, places),
        *_template_lists(item, places, sources),
        *_scales(item, places),
    ]


@dataclass(frozen=True, slots=True)
class Places:
    """Spans as `file:line`."""

    sources: Mapping[str, SourceFile]

    def __call__(self, span: Span | None) -> str:
        """Empty for nothing."""
        if span is None:
            return ""
        return f"{span.file}:{self.sources[span.file].position(span.start).line}"


def groups_of(item: ObjectSpec) -> dict[str, tuple[Phrase, ...]]:
    """The phrases of `normal` and of each defect."""
    return {NORMAL: item.normal, **{defect.name: defect.phrases for defect in item.defects}}


def with_phrases(item: ObjectSpec, group: str, phrases: tuple[Phrase, ...]) -> ObjectSpec:
    """The object with other phrases in one group; a defect without any is dropped."""
    if group == NORMAL:
        return replace(item, normal=phrases)
    changed = [replace(d, phrases=phrases) if d.name == group else d for d in item.defects]
    return replace(item, defects=tuple(defect for defect in changed if defect.phrases))


def _phrases(item: ObjectSpec, places: Places) -> Iterator[Unit]:
    for group, phrases in groups_of(item).items():
        for number, phrase in enumerate(phrases):
            edited = with_phrases(item, group, _without(phrases, number))
            needed = "the only normal phrase" if not edited.normal else None
            if group != NORMAL and not edited.defects:
                needed = "the only phrase of the only defect"
            kept = None if needed else edited
            yield Unit("phrase", phrase.text, group, places(phrase.span), kept, needed)


def _defects(item: ObjectSpec, places: Places) -> Iterator[Unit]:
    for number, defect in enumerate(item.defects):
        left = _without(item.defects, number)
        edited = replace(item, defects=left) if left else None
        reason = None if left else "the only defect"
        yield Unit("defect", defect.name, None, places(defect.span), edited, reason)


def _templates(item: ObjectSpec, places: Places) -> Iterator[Unit]:
    for number, template in enumerate(item.templates):
        edited, reason = _with_templates(item, _without(item.templates, number), "template")
        yield Unit("template", template.text, None, places(template.span), edited, reason)


def _template_lists(
    item: ObjectSpec, places: Places, sources: Mapping[str, SourceFile]
) -> Iterator[Unit]:
    """Templates that one include line brought, and those written in the block itself."""
    groups: dict[Span | None, list[int]] = {}
    for number, template in enumerate(item.templates):
        site = None if template.site == template.span else template.site
        groups.setdefault(site, []).append(number)
    for site, members in groups.items():
        left = tuple(t for n, t in enumerate(item.templates) if n not in members)
        edited, reason = _with_templates(item, left, "list of templates")
        first = item.templates[members[0]]
        name = _list_name(site, first, item, sources)
        place = places(site or first.span)
        yield Unit("template list", name, None, place, edited, reason)


def _list_name(
    site: Span | None, first: Phrase, item: ObjectSpec, sources: Mapping[str, SourceFile]
) -> str:
    if site is None:
        return OWN_TEMPLATES
    if "templates" in item.defaulted:
        return f"{first.span.file.removesuffix('.inspect')} (the default)"
    return sources[site.file].text[site.start : site.end].removeprefix("include").strip()


def _with_templates(
    item: ObjectSpec, left: tuple[Phrase, ...], what: str
) -> tuple[ObjectSpec | None, str | None]:
    if left:
        return replace(item, templates=left), None
    first = item.templates[0]
    if all(template.text == PLACEHOLDER for template in item.templates):
        return None, f'the only {what}, which is "{PLACEHOLDER}" itself'
    return replace(item, templates=(replace(first, text=PLACEHOLDER),)), None


def _scales(item: ObjectSpec, places: Places) -> Iterator[Unit]:
    names = windows_of(item)
    place = places(item.method.spans.get(WINDOWS) or item.method.span or item.head)
    for number, name in enumerate(names):
        left = _without(names, number)
        if not left:
            yield Unit("window scale", name, None, place, None, "the only window scale")
            continue
        settings = {**item.method.settings, WINDOWS: left}
        edited = replace(item, method=replace(item.method, settings=settings))
        yield Unit("window scale", name, None, place, edited)


def _without(values: tuple[T, ...], number: int) -> tuple[T, ...]:
    return values[:number] + values[number + 1 :]
