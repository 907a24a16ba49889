"""The registry of methods: one entry each, with its fields, defaults, ranges and capabilities.

The checker, `check --show-defaults`, the documentation's tables, the plan and the runtime all read
this table. Each entry stands in `fields.py` of its method's folder and names the modules of its
detector, training and learned weights, which are imported when they are needed and not before.
`register` adds an entry; a package outside may announce its own under the entry point group
`promptdsl.methods`.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
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
    builtin: Setting = None  # the default under the built-in model, where scaling gives another
    scores_only: bool = False  # features of a picture are the same whatever its value


@dataclass(frozen=True, slots=True)
class Method:
    """What a `method NAME { ... }` block may hold and what the method can do."""

    name: str
    title: str
    paper: str
    fields: tuple[Field, ...]
    detector: str  # module with `build_NAME` and `restore_NAME` (`promptdsl.scoring.detector`)
    uses_words: bool = True  # False: prompts are learned, the spec's words change nothing
    needs_weights: bool = False  # True: learned parts must come from a `weights:` file
    few_shot: bool = True  # accepts `references`
    profile: str = "std/winclip"  # whose lists stand in where a spec writes none
    paths: int = 1  # through the image tower, beside one another: what a picture costs
    training: str = ""  # module with `start_NAME`, for a method that `promptdsl train` knows
    learned: str = ""  # module that reads and checks its learned weights
    benchmark: str = ""  # module that `promptdsl bench` measures without a spec

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field.name == name), None)


DEFAULT_MODEL = ("ViT-B-16-plus-240", "laion400m_e31")
BUILTIN_MODEL = "promptdsl-mini"
DEFAULT_METHOD = "winclip"
OWN = (DEFAULT_METHOD, "anomalyclip", "april_gan")
ENTRY_POINTS = "promptdsl.methods"
METHODS: dict[str, Method] = {}


class MethodNotLoaded(ImportError):
    """An installed package announces a method and does not bring it; one sentence says why."""


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


for _name in OWN:
    register(import_module(f"{__name__}.{_name}.fields").METHOD)
WINCLIP = METHODS["winclip"]
