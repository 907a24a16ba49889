"""The registry of methods: one entry each, with its fields, defaults, ranges and capabilities.

The checker, `check --show-defaults`, the documentation's tables, the plan and the runtime all read
this table; an entry names the module of its detector, which is imported when pictures are inspected
and not before. `register` adds an entry; a package outside may announce its own under the entry
point group `promptdsl.methods`. Sources of the defaults: WinCLIP arXiv 2303.14814, AnomalyCLIP
arXiv 2310.18961, APRIL-GAN arXiv 2305.17382.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind = Literal[
    "model",  # strings: a built-in name; an open_clip name and tag; config and weights files
    "file",  # one string: a path relative to the spec
    "files",  # strings: paths or globs relative to the spec
    "windows",  # image and RxC, in patches of the model
    "blocks",  # whole numbers: transformer blocks, counted from 1
    "choice",  # one bare word out of `choices`
    "count",  # a whole number
    "number",  # a decimal number
    "pixels",  # a number with the unit px
]
Setting = str | int | float | tuple[str, ...] | tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Field:
    """One `name: value` line of a method block."""

    name: str
    kind: Kind
    default: Setting
    doc: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    minimum_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """What a `method NAME { ... }` block may hold and what the method can do."""

    name: str
    title: str
    paper: str
    fields: tuple[Field, ...]
    detector: str  # module with `build_NAME` and `restore_NAME` (`promptdsl.scoring.detectors`)
    uses_words: bool = True  # False: prompts are learned, the spec's words change nothing
    needs_weights: bool = False  # True: learned parts must come from a `weights:` file
    few_shot: bool = True  # accepts `references`

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


DEFAULT_MODEL = ("ViT-B-16-plus-240", "laion400m_e31")
BUILTIN_MODEL = "promptdsl-mini"
DEFAULT_METHOD = "winclip"
# Defaults that the built-in model's own learned weights decide, where scaling would give others.
BUILTIN_SETTINGS: dict[str, dict[str, Setting]] = {
    "april_gan": {"stages": (4, 5), "temperature": 0.07}  # 0.07 is what the model was trained with
}


def _model(default: tuple[str, ...]) -> Field:
    return Field(
        "model",
        "model",
        default,
        "the CLIP underneath: an open_clip name and its pretrained tag, the built-in "
        f'"{BUILTIN_MODEL}", or a config JSON and a weights file next to the spec',
    )


def _temperature(default: float) -> Field:
    return Field(
        "temperature",
        "number",
        default,
        "divides the cosines before the softmax; smaller pushes scores towards 0 and 1",
        minimum=0.0,
        maximum=10.0,
        minimum_excluded=True,
    )


_REFERENCES = Field(
    "references", "files", (), "pictures of good parts to compare with; none means zero-shot"
)
_SHOTS = Field(
    "shots",
    "count",
    None,
    "how many of the references to use, drawn with the seed; the default is all of them",
    minimum=1,
    maximum=10_000,
)
_SEED = Field(
    "seed", "count", 0, "decides which references are drawn", minimum=0, maximum=2**31 - 1
)
_WEIGHTS = Field("weights", "file", None, "the learned parts of the method (prompts or adapters)")


def _image_size(default: int | None) -> Field:
    return Field(
        "image_size",
        "pixels",
        default,
        "side of the square that pictures are squeezed into; a multiple of the patch size; "
        "without it, the model's own size",
        minimum=16,
        maximum=4096,
    )


_AVERAGING = Field(
    "averaging",
    "choice",
    "normalized",
    "how prompts become one direction: normalise each before the mean, or take the plain mean",
    choices=("normalized", "plain"),
)


def _position_embedding(default: str) -> Field:
    return Field(
        "position_embedding",
        "choice",
        default,
        "how the model's position embedding is resized to another image size",
        choices=("bilinear", "bicubic"),
    )


WINCLIP = Method(
    "winclip",
    "WinCLIP",
    "arXiv 2303.14814",
    (
        _model(DEFAULT_MODEL),
        Field(
            "windows",
            "windows",
            ("image", "2x2", "3x3"),
            "window sizes in patches of the model; image adds the score of the whole picture",
        ),
        Field("stride", "count", 1, "patches between neighbouring windows", minimum=1, maximum=64),
        _temperature(0.07),
        _AVERAGING,
        Field(
            "pooling",
            "choice",
            "mean",
            "mean: one direction for all defects; defects: the worst named defect; "
            "max: the nearest single prompt",
            choices=("mean", "defects", "max"),
        ),
        Field(
            "fuse",
            "choice",
            "harmonic",
            "how overlapping windows and window sizes are combined",
            choices=("harmonic", "mean", "max"),
        ),
        Field(
            "image_score",
            "choice",
            "mean",
            "how the score by words and the score by references combine: their mean, "
            "their sum cut at 1, or one of them alone",
            choices=("mean", "sum", "words", "references"),
        ),
        _REFERENCES,
        _SHOTS,
        _SEED,
        _image_size(None),
    ),
    "promptdsl.methods.winclip.detector",
)

ANOMALYCLIP = Method(
    "anomalyclip",
    "AnomalyCLIP",
    "arXiv 2310.18961",
    (
        _model(("ViT-L-14-336-quickgelu", "openai")),
        _WEIGHTS,
        Field(
            "dpam_layer",
            "count",
            20,
            "the V-V path covers the last this-many-minus-one blocks",
            minimum=2,
            maximum=64,
        ),
        Field("blocks", "blocks", (24,), "blocks whose V-V output makes the map", minimum=1),
        Field(
            "blur",
            "pixels",
            4,
            "sigma of the Gaussian blur over the map",
            minimum=0,
            maximum=64,
        ),
        _temperature(0.07),
        _position_embedding("bilinear"),
        _SEED,
        _image_size(518),
    ),
    "promptdsl.methods.anomalyclip.detector",
    uses_words=False,
    needs_weights=True,
    few_shot=False,
)

APRIL_GAN = Method(
    "april_gan",
    "APRIL-GAN",
    "arXiv 2305.17382",
    (
        _model(("ViT-L-14-336-quickgelu", "openai")),
        _WEIGHTS,
        Field("stages", "blocks", (6, 12, 18, 24), "blocks that have an adapter", minimum=1),
        _temperature(0.01),
        _AVERAGING,
        _position_embedding("bicubic"),
        _REFERENCES,
        _SHOTS,
        _SEED,
        _image_size(518),
    ),
    "promptdsl.methods.april_gan.detector",
    needs_weights=True,
)


class MethodNotLoaded(ImportError):
    """An installed package announces a method and does not bring it; one sentence says why."""


ENTRY_POINTS = "promptdsl.methods"
METHODS: dict[str, Method] = {method.name: method for method in (WINCLIP, ANOMALYCLIP, APRIL_GAN)}


def register(method: Method) -> None:
    """Add a method, so that specs may name it. Raises ValueError when the name is taken."""
    if method.field("model") is None:
        raise ValueError(f"{method.name} has no field model")
    if METHODS.setdefault(method.name, method) != method:
        raise ValueError(f"there is a method {method.name} already")


def find_method(name: str) -> Method | None:
    """The method of that name, also one that an installed package announces; else None.

    Raises MethodNotLoaded where the package's entry point does not lead to that method.
    """
    if name not in METHODS:
        from importlib.metadata import entry_points  # slow to import, and rarely needed

        for point in entry_points(group=ENTRY_POINTS, name=name):
            _register_announced(name, point)
    return METHODS.get(name)


def known_methods() -> Mapping[str, Method]:
    """All methods, with those that installed packages announce and nobody has named yet.

    For messages: asked on import, or through METHODS alone, they would know of none of them.
    """
    _load_announced()
    return METHODS


def method_names() -> list[str]:
    """Names of the methods that there are, those of packages that cannot be loaded included."""
    from importlib.metadata import entry_points

    announced = (point.name for point in entry_points(group=ENTRY_POINTS))
    return list(dict.fromkeys([*known_methods(), *announced]))


def known_fields() -> tuple[Field, ...]:
    """The fields of all of them."""
    return tuple(field for method in known_methods().values() for field in method.fields)


@cache
def _load_announced() -> None:
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINTS):
        with suppress(MethodNotLoaded):  # a broken package is told to who names its method
            _register_announced(point.name, point)


def _register_announced(name: str, point: "EntryPoint") -> None:
    """Somebody else's package may do anything when it is imported: its fault is one sentence."""
    try:
        method = point.load()
        if not isinstance(method, Method):
            raise TypeError(f"{point.value} is no Method")
        if method.name != name:
            raise ValueError(f"{point.value} is the method {method.name}")
        register(method)
    except (Exception, SystemExit) as fault:
        package = point.dist.name if point.dist is not None else point.value
        told = " ".join(f"{type(fault).__name__}: {fault}".split())
        raise MethodNotLoaded(
            f"the method {name} of the installed package {package} cannot be loaded ({told[:200]})"
        ) from fault
