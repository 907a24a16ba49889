"""The Spec: what a file means once names, inheritance and defaults are resolved.

Frozen dataclasses rather than pydantic: `promptdsl.check` has checked every value when a Spec is
made, and `check`, `fmt` and `prompts` must answer in a blink. Pydantic guards the Plan, which comes
back from disk.
"""

from dataclasses import dataclass, field
from typing import Literal

from promptdsl.language.ast import AreaLimit as AreaLimit
from promptdsl.language.ast import Claim as Claim
from promptdsl.language.ast import Length as Length
from promptdsl.language.ast import Limit as Limit
from promptdsl.language.ast import LocatedLimit as LocatedLimit
from promptdsl.language.ast import ScoreLimit as ScoreLimit
from promptdsl.language.ast import Shape as Shape
from promptdsl.language.ast import SpotLimit as SpotLimit
from promptdsl.methods import Setting
from promptdsl.source import Span


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase or template, the place where it was written, and the line that brought it here."""

    text: str
    span: Span
    site: Span  # the include line for a phrase out of a list, else the phrase itself


@dataclass(frozen=True, slots=True)
class Defect:
    """One named defect and its phrases."""

    name: str
    phrases: tuple[Phrase, ...]
    span: Span


ModelKind = Literal["builtin", "open_clip", "files"]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The shape of one CLIP, as far as it is known without loading it."""

    image_size: int
    patch: int
    blocks: int
    context: int = 77
    quick_gelu: bool = False
    tags: dict[str, bool] = field(default_factory=dict)  # pretrained tag -> trained with QuickGELU
    width: int = 0  # of the picture's tokens; 0 where it is not told

    def grid(self, image_size: int | None = None) -> int:
        """Patches along a side of the picture."""
        return (image_size or self.image_size) // self.patch


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """The method, every setting filled in; `spans` has the places of those that were written."""

    name: str
    model: tuple[str, ...]
    model_kind: ModelKind
    settings: dict[str, Setting]
    spans: dict[str, Span]
    span: Span | None
    facts: ModelFacts | None = None
    lost: frozenset[str] = frozenset()  # written, but wrong: their defaults stand in their place


@dataclass(frozen=True, slots=True)
class SampleSet:
    """Labelled pictures; paths and globs are relative to the spec's folder."""

    label: str
    images: tuple[str, ...]
    masks: tuple[str, ...]
    span: Span
    image_spans: tuple[Span, ...] = ()
    mask_spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """`region NAME { shapes }` or `ignore "why" { shapes }`: in a shape, outside `except`."""

    name: str  # of ignored places: why
    shapes: tuple[Shape, ...]
    without: tuple[Shape, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Locate:
    """`locate { like: ..., turn: up to 15 deg, shift: up to 10%, scale: up to 5% }`."""

    like: str
    turn: float  # degrees, either way
    shift: float  # share of the picture's sides, in [0, 1]
    scale: float  # share that a part may be larger or smaller, in [0, 1]
    span: Span
    written: frozenset[str] = frozenset({"like"})  # the lines that are


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """`picture { }`, every field filled in; `spans` has the places of those that were written."""

    fit: Literal["squeeze", "pad", "crop"]
    tile: int | None  # side of a square tile, in pixels of the picture
    tiles: tuple[int, int] | None  # or so many tiles down and across
    overlap: float  # share of a tile's side
    intensity: tuple[float, float] | None
    scale: float | None  # millimetres per pixel
    locate: Locate | None
    part: str | None
    spans: dict[str, Span]
    span: Span


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """One object, complete."""

    name: str
    called: str
    normal: tuple[Phrase, ...]
    defects: tuple[Defect, ...]
    templates: tuple[Phrase, ...]
    method: MethodSpec
    limits: tuple[Limit, ...]
    samples: tuple[SampleSet, ...]
    claims: tuple[Claim, ...]
    span: Span
    head: Span
    defaulted: frozenset[str] = frozenset()  # parts that nobody wrote: normal, templates, ...
    broken: bool = False  # something in it was reported and left out
    lost_parts: bool = False  # a defect or the parent object was
    picture: PictureSpec | None = None
    regions: tuple[Region, ...] = ()
    ignored: tuple[Region, ...] = ()
    removed: dict[str, Span] = field(default_factory=dict)  # what the parent had, and by which line

    def place_of(self, setting: str) -> Span:
        """Where a setting of the method is written; without it the method, or the object."""
        return self.method.spans.get(setting) or self.method.span or self.head

    @property
    def prompt_count(self) -> int:
        """How many prompts the expansion will have."""
        states = len(self.normal) + sum(len(defect.phrases) for defect in self.defects)
        return states * len(self.templates)


@dataclass(frozen=True, slots=True)
class Spec:
    """A whole file."""

    name: str  # as messages show it
    version: int
    objects: tuple[ObjectSpec, ...]
    plan_names: dict[str, str] = field(default_factory=dict)  # display name -> name in the plan


def limit_number(limit: Limit) -> float | None:
    """The number of a threshold line, in its unit; None for `auto`."""
    if isinstance(limit, LocatedLimit):
        return 1.0
    return limit.share if isinstance(limit, AreaLimit) else limit.at
