"""One folder with labelled pictures to a Dataset, its layout found or given."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from promptdsl.diagnostics.nearest import did_you_mean
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.evaluate.datasets import visa
from promptdsl.evaluate.datasets.files import (
    Notes,
    content,
    note_left_out,
    same_folder_name,
)
from promptdsl.evaluate.datasets.model import Category, Dataset, Layout
from promptdsl.evaluate.datasets.trees import TREES, read_category
from promptdsl.files.naming import counted

LAYOUTS: tuple[str, ...] = ("auto", "mvtec", "visa", "plain")
ONE_CLASS = "1cls"  # the folder that VisA's own preparation writes, in MVTec AD's layout
SHAPES = (
    "MVTec AD has CATEGORY/train/good and CATEGORY/test/DEFECT; VisA has split_csv/1cls.csv; "
    "plain folders are CATEGORY/good and CATEGORY/DEFECT"
)


def read_dataset(
    root: Path,
    layout: Literal["auto", "mvtec", "visa", "plain"] = "auto",
    categories: Sequence[str] | None = None,
) -> Dataset:
    """All categories below `root`, or those named; `root` may be a single category itself.

    Raises UsageProblem for a folder, layout or category that is not there, and EnvironmentProblem
    where a category has no pictures at all. What is left out stands in `Dataset.notes`, what was
    meant as evidence and cannot be used in `Dataset.problems`.
    """
    if not root.is_dir():
        raise UsageProblem(f"{root} is no folder; it should hold the labelled pictures")
    if layout not in LAYOUTS:
        raise UsageProblem(f"there is no layout {layout}; there are {', '.join(LAYOUTS)}")
    _refuse_unreadable(root)
    place = root / ONE_CLASS if _has_one_class(root, layout) else root
    notes = Notes(place)
    kind = _layout(place) if layout == "auto" else _sure(place, layout)
    found = _chosen(_categories(place, kind, categories, notes), categories, place)
    for category in found:
        if not category.test:
            raise _empty(place / category.name, category)
    return Dataset(
        same_folder_name(root), kind, found, tuple(notes.sentences), tuple(notes.problems)
    )


def _refuse_unreadable(root: Path) -> None:
    notes = Notes(root.parent)
    content(root, notes)
    if notes.problems:
        raise EnvironmentProblem(notes.problems[0].partition(";")[0])


def _empty(folder: Path, category: Category) -> EnvironmentProblem:
    first = next(iter(category.problems), None)
    return EnvironmentProblem(
        f"{folder} holds no pictures to test" + (f": {first}" if first else "")
    )


def _has_one_class(root: Path, layout: str) -> bool:
    """Whether the folder that VisA's own preparation writes is meant."""
    inner = root / ONE_CLASS
    return (
        layout != "plain"
        and inner.is_dir()
        and not visa.is_root(root)
        and TREES["mvtec"].is_below(inner)
    )


def _layout(root: Path) -> Layout:
    if visa.is_root(root):
        return "visa"
    if visa.lacks_table(root):
        raise EnvironmentProblem(
            f"{root} looks like VisA, but {visa.TABLE.as_posix()} is missing in it",
            help="the table comes with VisA's code; copy split_csv/1cls.csv into this folder",
        )
    for kind, tree in TREES.items():
        if tree.is_category(root) or tree.is_below(root):
            return kind
    raise UsageProblem(f"{root} has none of the known layouts", help=SHAPES)


def _sure(root: Path, layout: Literal["mvtec", "visa", "plain"]) -> Layout:
    """The layout that was asked for, if the folder can have it."""
    if layout == "visa":
        if visa.is_root(root):
            return "visa"
        if TREES["mvtec"].is_below(root):
            return "mvtec"  # VisA's one-class split
        raise UsageProblem(f"{root} has no {visa.TABLE.as_posix()}, so it is not VisA", SHAPES)
    tree = TREES[layout]
    if not tree.is_category(root) and not tree.is_below(root):
        raise UsageProblem(
            f"{root} is not in the layout {layout}: no folder in it has a folder {tree.sign}",
            SHAPES,
        )
    return layout


def _categories(
    root: Path, kind: Layout, wanted: Sequence[str] | None, notes: Notes
) -> list[Category]:
    if kind == "visa":
        return visa.read_categories(root, notes)
    tree = TREES[kind]
    if tree.is_category(root):
        return [read_category(root, same_folder_name(root), tree, Notes(root))]
    here = content(root, notes)
    if here.pictures:
        notes.problem(
            f"{counted(len(here.pictures), 'picture')} directly in {root} left out "
            f"({here.pictures[0].name}): they belong to no category"
        )
    found = []
    for folder in here.folders:
        if not tree.is_category(folder):
            note_left_out([folder], "which is no category", notes)
        elif wanted is None or folder.name in wanted:
            found.append(read_category(folder, folder.name, tree, Notes(root)))
        else:
            found.append(Category(folder.name, (), ()))  # known by name, not asked for
    return found


def _chosen(
    found: Sequence[Category], wanted: Sequence[str] | None, root: Path
) -> tuple[Category, ...]:
    if wanted is None:
        return tuple(found)
    by_name = {category.name: category for category in found}
    for name in wanted:
        if name not in by_name:
            hint = did_you_mean(name, by_name) or f"it has {', '.join(by_name)}"
            raise UsageProblem(f"{root} has no category {name}", hint)
    return tuple(by_name[name] for name in dict.fromkeys(wanted))
