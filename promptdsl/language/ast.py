"""The abstract syntax of a spec: frozen values, every one with its span.

The tree holds what the author wrote, names unresolved. Lines that could not be understood have been
reported and are absent; `broken` marks the parents of such lines, so that a later check does not
complain about what is missing because of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from promptdsl.source import Span


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: it names something in the file."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes: the model or the disk reads it."""

    value: str
    span: Span


ValueKind = Literal["text", "word", "number", "percent", "size", "pixels"]


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a field. `value` of a percent is its share of 1, of a size "RxC"."""

    kind: ValueKind
    value: str | float | int
    span: Span


@dataclass(frozen=True, slots=True)
class FieldLine:
    """`name: value, value`."""

    name: Word
    values: tuple[Value, ...]
    span: Span
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """`std.normal`, `normal_words` or `base` behind include or extends: a name of some file."""

    alias: Word | None
    name: Word
    span: Span

    @property
    def is_base(self) -> bool:
        """Whether the parent object's lines are meant, behind include."""
        return self.alias is None and self.name.value == "base"


Line = Text | Reference
ListKind = Literal["words", "templates"]
PhraseKind = Literal["normal", "defect", "templates"]


@dataclass(frozen=True, slots=True)
class NamedList:
    """`words NAME { ... }` or `templates NAME { ... }` at the top of a file."""

    kind: ListKind
    name: Word
    lines: tuple[Line, ...]
    span: Span
    broken: bool = False


@dataclass(frozen=True, slots=True)
class PhraseBlock:
    """`normal { ... }`, `defect NAME { ... }` or `templates { ... }` of an object."""

    kind: PhraseKind
    name: Word | None  # of a defect
    lines: tuple[Line, ...]
    span: Span
    broken: bool = False

    @property
    def title(self) -> str:
        """What it is called in messages: `defect scratch`."""
        return f"{self.kind} {self.name.value}" if self.name is not None else self.kind

    @property
    def list_kind(self) -> ListKind:
        """The lists that it may include."""
        return "templates" if self.kind == "templates" else "words"


@dataclass(frozen=True, slots=True)
class MethodBlock:
    """`method NAME { field lines }`, the braces optional."""

    name: Word
    fields: tuple[FieldLine, ...]
    span: Span
    head: Span
    base: Reference | None = None  # `include base`: the parent's fields come first
    broken: bool = False
    folders: Mapping[str, PurePosixPath] = field(default_factory=dict)  # where paths start


@dataclass(frozen=True, slots=True)
class Length:
    """A length of a shape, in pixels of the picture or in percent (of 100)."""

    value: float
    unit: Literal["px", "%"]


ShapeKind = Literal["box", "circle", "ring", "polygon", "mask"]


@dataclass(frozen=True, slots=True)
class Shape:
    """`box` left top width height; `circle` x y radius; `ring` x y inner outer; `polygon` x y ...;
    or a `mask`, whose path is relative to the spec's folder."""

    kind: ShapeKind
    lengths: tuple[Length, ...]
    path: str | None
    span: Span


PlaceKind = Literal["region", "ignore"]


@dataclass(frozen=True, slots=True)
class PlaceBlock:
    """`region NAME { shapes }` or `ignore "why" { shapes }`, less those of its `except`."""

    kind: PlaceKind
    name: Word  # of ignored places: why
    shapes: tuple[Shape, ...]
    without: tuple[Shape, ...]
    span: Span
    head: Span
    base: Reference | None = None  # `include base`: the parent's shapes come first
    broken: bool = False

    @property
    def title(self) -> str:
        """What it is called in messages: `region lip`, `ignore "serial number"`."""
        return f"region {self.name.value}" if self.kind == "region" else f"ignore {self.quoted}"

    @property
    def quoted(self) -> str:
        """Why places are ignored, in quotes."""
        return f'"{self.name.value}"'


@dataclass(frozen=True, slots=True)
class LocateBlock:
    """`locate { like: ..., turn: up to 15 deg, shift: up to 10%, scale: up to 5% }`."""

    like: Text | None
    bounds: Mapping[str, float]  # those that were written: degrees, shares of 1
    span: Span
    head: Span
    broken: bool = False


PictureValue = str | int | float | tuple[int, int] | tuple[float, float] | LocateBlock


@dataclass(frozen=True, slots=True)
class PictureLine:
    """One line of a picture block; None is a value that was reported."""

    name: str
    value: PictureValue | None
    span: Span


@dataclass(frozen=True, slots=True)
class PictureBlock:
    """`picture { lines }`."""

    lines: tuple[PictureLine, ...]
    span: Span
    head: Span
    base: Reference | None = None  # `include base`: the parent's lines come first
    broken: bool = False


@dataclass(frozen=True, slots=True)
class ScoreLimit:
    """`reject when score [in REGION] >= at`; None is `auto`."""

    verdict: Literal["reject", "review"]
    at: float | None
    text: str
    span: Span | None
    region: Word | None = None


@dataclass(frozen=True, slots=True)
class AreaLimit:
    """`reject when area above LEVEL [in REGION] >= SHARE`; None is `auto`."""

    verdict: Literal["reject", "review"]
    above: float
    share: float | None  # in `unit`; of "%" a share of 1
    text: str
    span: Span
    region: Word | None = None
    unit: Literal["%", "px2", "mm2"] = "%"


@dataclass(frozen=True, slots=True)
class SpotLimit:
    """`reject when spot above LEVEL [in REGION] >= SIZE`, of a named defect, or how many."""

    verdict: Literal["reject", "review"]
    of: Literal["extent", "area", "number"]
    defect: Word | None
    above: float
    at: float | None  # in `unit`; of "%" a share of 1; None is `auto`
    unit: Literal["px", "mm", "px2", "mm2", "%", ""]
    text: str
    span: Span
    region: Word | None = None
    any_unit: bool = False  # `auto` alone: millimetres where there is a scale, else pixels


@dataclass(frozen=True, slots=True)
class LocatedLimit:
    """`review when part not located`."""

    verdict: Literal["reject", "review"]
    text: str
    span: Span


Limit = ScoreLimit | AreaLimit | SpotLimit | LocatedLimit


@dataclass(frozen=True, slots=True)
class ThresholdsBlock:
    """`thresholds { ... }`, tried from top to bottom."""

    rules: tuple[Limit | Reference, ...]  # a Reference is always `include base`
    span: Span
    broken: bool = False


@dataclass(frozen=True, slots=True)
class SamplesBlock:
    """`samples LABEL { images: ..., masks: ... }`."""

    label: Word
    images: tuple[Text, ...]
    masks: tuple[Text, ...]
    span: Span
    head: Span
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """`test "title" { on: LABEL, expect VERDICT at least SHARE }`."""

    title: str
    on: str
    verdict: Literal["pass", "review", "reject"]
    bound: Literal["at least", "at most"]
    share: float
    span: Span
    on_span: Span


@dataclass(frozen=True, slots=True)
class RemoveLine:
    """`remove NAME`, or `remove region NAME` where a defect has that name, too."""

    name: Word
    span: Span
    kind: Literal["defect", "region", "ignore"] | None = None


Part = (
    PhraseBlock
    | MethodBlock
    | ThresholdsBlock
    | SamplesBlock
    | Claim
    | RemoveLine
    | PictureBlock
    | PlaceBlock
)


@dataclass(frozen=True, slots=True)
class ObjectDef:
    """`object NAME [extends NAME] { ... }`."""

    name: Word
    parent: Reference | None
    called: Text | None
    parts: tuple[Part, ...]
    span: Span
    head: Span
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """`use "path" [as NAME]`."""

    path: Text
    alias: Word
    span: Span


@dataclass(frozen=True, slots=True)
class SpecFile:
    """One parsed file."""

    name: str
    version: int
    uses: tuple[Use, ...]
    lists: tuple[NamedList, ...]
    objects: tuple[ObjectDef, ...]
    span: Span
    broken_uses: bool = False  # a `use` line was lost: unknown names may come from it
    broken_lists: bool = False
