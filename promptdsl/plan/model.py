"""The Plan: everything a spec means, expanded, with the origin of each prompt.

A Plan is JSON. Its canonical form (sorted keys, no spaces, ASCII) is hashed, so that the same spec
gives the same bytes and the same hash on every machine. Paths are relative to the spec and use `/`.
"""

from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from promptdsl.methods import Setting

PLAN_VERSION = 1


class Frozen(BaseModel):
    """Immutable, and strict about unknown keys: a newer plan must not be half understood."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sparse(Frozen):
    """Leaves its `sparse` fields out of the JSON while they have their defaults.

    So a plan that does not use them keeps the bytes and the hash that it always had.
    """

    sparse: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = handler(self)
        for name in self.sparse:
            if getattr(self, name) == type(self).model_fields[name].default:
                found.pop(name, None)
        return found


class Origin(Frozen):
    """Where something was written: 1-based line and column, end exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Prompt(Frozen):
    """One sentence for the text tower: a phrase put into a template."""

    text: str
    label: Literal["normal", "anomalous"]
    defect: str | None  # None for normal
    phrase: str
    template: str
    phrase_origin: Origin
    template_origin: Origin | None  # None: the built-in default template


class MethodPlan(Frozen):
    """The method with every setting made explicit (see `promptdsl.methods`)."""

    name: str
    model: tuple[str, ...]  # built-in name; open_clip name, tag; config file, weights file
    model_kind: Literal["builtin", "open_clip", "files"]
    settings: dict[str, Setting]  # all fields but `model`
    origin: Origin | None


class ScoreRule(Sparse):
    """`reject when score >= 0.62`; `at` is None for `auto`.

    With a region it is the highest value of the map there.
    """

    sparse: ClassVar = ("region",)
    kind: Literal["score"] = "score"
    verdict: Literal["reject", "review"]
    at: float | None
    text: str
    origin: Origin | None
    region: str | None = None


class AreaRule(Sparse):
    """`reject when area above 0.70 >= 0.5%`: all that is scored `above` or more, taken together.

    `share` is counted in `unit`: of "%" it is a share in [0, 1], of the region where there is one.
    """

    sparse: ClassVar = ("region", "unit")
    kind: Literal["area"] = "area"
    verdict: Literal["reject", "review"]
    above: float
    share: float | None  # None for `auto`
    text: str
    origin: Origin | None
    region: str | None = None
    unit: Literal["%", "px2", "mm2"] = "%"


class SpotRule(Frozen):
    """`reject when spot above 0.70 >= 0.3 mm`: connected places that are scored `above` or more.

    `extent` is the longest diameter of any, `area` the largest area of any, `number` how many.
    """

    kind: Literal["spot"] = "spot"
    verdict: Literal["reject", "review"]
    of: Literal["extent", "area", "number"]
    defect: str | None  # only those that the words call so
    above: float
    at: float | None  # in `unit`; of "%" a share in [0, 1]; None for `auto`
    unit: Literal["px", "mm", "px2", "mm2", "%", ""]  # "" of a number
    region: str | None
    text: str
    origin: Origin | None


class LocatedRule(Frozen):
    """`review when part not located`."""

    kind: Literal["located"] = "located"
    verdict: Literal["reject", "review"]
    text: str
    origin: Origin | None


Rule = Annotated[ScoreRule | AreaRule | SpotRule | LocatedRule, Field(discriminator="kind")]


class Length(NamedTuple):
    """A length of a shape: pixels of the picture, or a share in percent (of 100).

    Percent is of the width across, of the height down, and of the shorter side for a radius.
    """

    value: float
    unit: Literal["px", "%"]


class Shape(Frozen):
    """`box` left top width height; `circle` x y radius; `ring` x y inner outer; `polygon` x y ...

    A `mask` is a picture whose white pixels are inside; its path is relative to the spec.
    """

    kind: Literal["box", "circle", "ring", "polygon", "mask"]
    lengths: tuple[Length, ...]
    path: str | None = None


class Region(Frozen):
    """Places of the picture: inside any of `shapes` and of none `without`. Ignored places, too."""

    name: str  # of ignored places: why they are
    shapes: tuple[Shape, ...]
    without: tuple[Shape, ...]
    origin: Origin


class Locate(Frozen):
    """How far a part may be from where it lies on the golden picture `like`."""

    like: str  # path, relative to the spec
    turn: float  # degrees, either way
    shift: float  # share of the picture's sides, in [0, 1]
    scale: float  # share that it may be larger or smaller, in [0, 1]


class PictureSettings(Frozen):
    """`picture { }`: how a picture becomes what a model sees."""

    fit: Literal["squeeze", "pad", "crop"] = "squeeze"
    tile: int | None = None  # side of a square tile, in pixels of the picture
    tiles: tuple[int, int] | None = None  # or so many tiles down and across
    overlap: float = 0.25  # share of a tile's side that it has in common with the next
    intensity: tuple[float, float] | None = None  # stored values that become black and white
    scale: float | None = None  # millimetres per pixel
    locate: Locate | None = None
    part: str | None = None  # pattern of file names: "{part}_{view}.png"
    origin: Origin | None


class Samples(Frozen):
    """Labelled pictures: `label` is `good` or a defect's name."""

    label: str
    images: tuple[str, ...]
    masks: tuple[str, ...]
    origin: Origin


class Expectation(Frozen):
    """`expect reject at least 95%` on the samples of `on`."""

    name: str
    on: str
    verdict: Literal["pass", "review", "reject"]
    bound: Literal["at least", "at most"]
    share: float  # in [0, 1]
    origin: Origin


class ObjectPlan(Sparse):
    """One object: its prompts, method and rules."""

    sparse: ClassVar = ("picture", "regions", "ignored")
    name: str
    called: str
    prompts: tuple[Prompt, ...]
    method: MethodPlan
    thresholds: tuple[Rule, ...]
    default_thresholds: bool  # True: nobody wrote thresholds; 0.5 is an uncalibrated default
    samples: tuple[Samples, ...]
    tests: tuple[Expectation, ...]
    origin: Origin
    picture: PictureSettings | None = None  # None: squeezed whole into what the model takes
    regions: tuple[Region, ...] = ()
    ignored: tuple[Region, ...] = ()

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the file."""
        names = (prompt.defect for prompt in self.prompts if prompt.defect is not None)
        return tuple(dict.fromkeys(names))


class Plan(Frozen):
    """A whole spec. `hash` is the SHA-256 of the canonical JSON of the rest."""

    plan_version: Literal[1] = 1
    language: int
    spec: str  # file name of the spec
    objects: tuple[ObjectPlan, ...]
    hash: str
