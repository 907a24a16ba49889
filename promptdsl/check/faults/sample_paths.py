"""I601, I602, I604, I606, I607: pictures that are missing, out of bounds, or used twice.

Why: a glob that matches nothing, or a reference that is also a test picture, makes numbers that
look good and mean nothing.
"""

import os
import re
from pathlib import Path

from promptdsl.check.context import Context
from promptdsl.methods import METHODS
from promptdsl.source import MAX_ENTRIES, Span
from promptdsl.spec.model import ObjectSpec, SampleSet

_DRIVE = re.compile(r"[A-Za-z]:/")  # C:/pictures, which other systems would take for relative


def sample_paths(context: Context) -> None:
    """Check every path of the method and of the samples."""
    for item in context.objects:
        references = _setting_paths(context, item)
        for sample in item.samples:
            _samples(context, item, sample, references)


def _setting_paths(context: Context, item: ObjectSpec) -> set[Path]:
    """Check paths of the method block; gives the reference pictures."""
    references: set[Path] = set()
    for field in METHODS[item.method.name].fields:
        value = item.method.settings.get(field.name)
        if field.kind not in ("file", "files") or not value:
            continue
        place = item.method.spans.get(field.name) or item.head
        for path in value if isinstance(value, tuple) else (value,):
            found = _matches(context, str(path), place)
            if found is None:
                continue
            if not found:
                context.report.error(
                    "I601", place, f"{field.name}: no file matches {path}",
                    help=_advice(context, str(path)),
                )  # fmt: skip
            if field.name == "references":
                references.update(found)
    if item.method.model_kind == "files":
        for path in item.method.model:
            found = _matches(context, path, item.method.spans.get("model") or item.head)
            if found == []:
                context.report.error(
                    "I601", item.method.spans.get("model") or item.head, f"there is no file {path}",
                    help="paths are relative to the spec's folder; check the spelling",
                )  # fmt: skip
    return references


def _samples(context: Context, item: ObjectSpec, sample: SampleSet, references: set[Path]) -> None:
    spans = dict(zip(sample.images, sample.image_spans, strict=True))
    images: list[Path] = []
    for path, place in spans.items():
        found = _matches(context, path, place)
        if found == []:
            context.report.warning(
                "I607", place, f"samples {sample.label}: no picture matches {path}",
                help=_advice(context, path),
            )  # fmt: skip
        images += found or []
        shared = sorted(references.intersection(found or []))
        if shared:
            context.report.error(
                "I604", place,
                f"{_shown(context, shared[0])} is a reference and a sample of {item.name}"
                + (f" ({len(shared)} pictures are both)" if len(shared) > 1 else ""),
                label="also a reference",
                help="keep them in different folders: a picture compared with itself looks perfect",
            )  # fmt: skip
    _masks(context, sample, images)


def _masks(context: Context, sample: SampleSet, images: list[Path]) -> None:
    masks: list[Path] = []
    for path, place in zip(sample.masks, sample.mask_spans, strict=True):
        found = _matches(context, path, place)
        if found == []:
            context.report.warning(
                "I607", place, f"samples {sample.label}: no mask matches {path}",
                help=_advice(context, path),
            )  # fmt: skip
        masks += found or []
    if images and masks and len(images) != len(masks):
        context.report.warning(
            "I606", sample.span,
            f"samples {sample.label} has {len(images)} pictures and {len(masks)} masks",
            help="a mask has the name of its picture, with or without _mask behind it",
        )  # fmt: skip


def _matches(context: Context, pattern: str, place: Span) -> list[Path] | None:
    """Files behind a path or glob; None when it leaves the spec's folder, which is reported."""
    folder = context.library.root_folder
    whole = Path(os.path.normpath(folder / pattern))
    if not context.library.inside(whole) or _DRIVE.match(pattern):
        _outside(context, pattern, place)
        return None
    found = context.files(pattern)
    if pattern in context.too_wide:
        context.report.error(
            "I601", place, f"{pattern} leads through more than {MAX_ENTRIES:,} files and folders",
            help="name the folder of the pictures more exactly",
        )  # fmt: skip
        return None
    for path in found:
        if not context.library.inside(context.library.loader.resolve(path)):
            _outside(context, _shown(context, path), place)
            return None
    return found


def _advice(context: Context, path: str) -> str:
    """What may have gone wrong with a path that no file matches."""
    if context.files(f"{path.rstrip('/')}/*"):
        return f'it is a folder: write "{path.rstrip("/")}/*.png"'
    return "paths are relative to the spec's folder; check the spelling"


def _outside(context: Context, path: str, place: Span) -> None:
    context.report.error(
        "I602", place, f"{path} lies outside of the spec's folder",
        help="copy the files into the spec's folder, or allow their folder with --allow FOLDER",
    )  # fmt: skip


def _shown(context: Context, path: Path) -> str:
    try:
        return path.relative_to(context.library.root_folder).as_posix()
    except ValueError:
        return path.as_posix()
