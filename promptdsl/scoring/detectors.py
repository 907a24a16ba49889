"""From a method's name to what builds its detector; the registry itself is `promptdsl.methods`.

A method's module holds `build_NAME` and `restore_NAME`; it is imported when it is needed.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from promptdsl.engine.device import Compute
from promptdsl.errors import EnvironmentProblem
from promptdsl.files.naming import shown
from promptdsl.files.opening import reason
from promptdsl.methods import METHODS, find_method
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.detector import Detector, DetectorState, Progress


@dataclass(frozen=True, slots=True)
class Builders:
    """From a plan and its spec's folder, or from a plan and what was compiled."""

    build: Callable[[ObjectPlan, Path, Compute, Progress | None], Detector]
    restore: Callable[[ObjectPlan, DetectorState, Path, Compute], Detector]


class _Detectors(Mapping[str, Builders]):
    def __getitem__(self, name: str) -> Builders:
        method = find_method(name)
        if method is None:
            raise KeyError(name)
        module = import_module(method.detector)
        return Builders(getattr(module, f"build_{name}"), getattr(module, f"restore_{name}"))

    def __iter__(self) -> Iterator[str]:
        return iter(METHODS)

    def __len__(self) -> int:
        return len(METHODS)


DETECTORS: Mapping[str, Builders] = _Detectors()


def find_builders(name: str, item: str) -> Builders:
    """The method's builders. EnvironmentProblem where its package is missing or broken."""
    try:
        return DETECTORS[name]
    except KeyError:
        raise EnvironmentProblem(
            f"{item} is inspected by method {shown(name[:60])}, which is not installed here",
            f"install the package that brings it; promptdsl itself has {', '.join(METHODS)}",
        ) from None
    except Exception as error:  # whatever the package of somebody else raises
        raise EnvironmentProblem(
            f"method {shown(name[:60])} of {item} cannot be loaded: {reason(error)}",
            "install the package that brings it again",
        ) from error
