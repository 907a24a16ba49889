"""What somebody who has pictures judged says about them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """Which spec, and which labelled pictures: the spec's own, folders, or a data set."""

    spec: str | None
    object_name: str | None
    good: tuple[Path, ...] = ()
    defects: tuple[tuple[str, Path], ...] = ()
    masks: Path | None = None
    mvtec: Path | None = None
    visa: Path | None = None
    data: Path | None = None
    categories: tuple[str, ...] = ()
    shots: int | None = None
    allow: tuple[Path, ...] = ()

    @property
    def root(self) -> tuple[Path, Any] | None:
        """A data set's folder and layout."""
        roots = [(self.mvtec, "mvtec"), (self.visa, "visa"), (self.data, "auto")]
        return next(((path, layout) for path, layout in roots if path is not None), None)

    @property
    def dataset(self) -> str:
        """What the data set is called: a tree in MVTec AD's shape can be anything, but --visa is
        VisA in whatever shape it came."""
        return "visa" if self.visa else "mvtec" if self.mvtec else "plain"
