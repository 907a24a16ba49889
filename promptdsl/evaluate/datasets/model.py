"""What a labelled data set is, whatever its folders look like."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Layout = Literal["mvtec", "visa", "plain"]
GOOD = "good"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture; `label` is `good` or the name of its defect."""

    path: Path
    label: str
    mask: Path | None = None  # a file, or a folder of files; None for good pictures

    @property
    def is_good(self) -> bool:
        """Whether it shows a part without defects."""
        return self.label == GOOD

    @property
    def name(self) -> str:
        """As the results call it."""
        return self.path.as_posix()


@dataclass(frozen=True, slots=True)
class Category:
    """One kind of object: good pictures to learn from or compare with, and pictures to test."""

    name: str
    train_good: tuple[Picture, ...]
    test: tuple[Picture, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects among the test pictures, each once."""
        return tuple(dict.fromkeys(p.label for p in self.test if not p.is_good))

    @property
    def without_mask(self) -> tuple[Picture, ...]:
        """Defective pictures that nobody drew a mask for."""
        return tuple(p for p in self.test if not p.is_good and p.mask is None)


@dataclass(frozen=True, slots=True)
class Dataset:
    """All categories below one folder.

    `notes` say what was left out or understood, `problems` what was meant as evidence and cannot be
    used; both hold those of the categories too.
    """

    name: str
    layout: Layout
    categories: tuple[Category, ...]
    own_notes: tuple[str, ...] = ()
    own_problems: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know."""
        return (*self.own_notes, *(note for c in self.categories for note in c.notes))

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be used."""
        return (*self.own_problems, *(told for c in self.categories for told in c.problems))

    def category(self, name: str) -> Category | None:
        """The category of that name, or None."""
        return next((category for category in self.categories if category.name == name), None)

    def pictures(self) -> Iterator[Picture]:
        """Every picture."""
        for category in self.categories:
            yield from category.train_good
            yield from category.test
