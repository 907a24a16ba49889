"""I601, I602, I604, I606, I607, I615, I616: pictures missing, out of bounds, or used twice.

Why: a pattern that matches nothing, or a reference that is also a test picture, makes numbers that
look good and mean nothing.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from promptdsl.check.context import SPELLING, Context
from promptdsl.files.find import Found, together
from promptdsl.files.found import LINKS
from promptdsl.files.naming import shown
from promptdsl.methods import METHODS
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec, SampleSet

_DRIVE = re.compile(r"[A-Za-z]:/")  # C:/pictures, which other systems would take for relative


def sample_paths(context: Context) -> None:
    """Check every path of the method and of the samples."""
    for item in context.objects:
        references = _setting_paths(context, item)
        for sample in item.samples:
            _samples(context, item, sample, references)
    patterns = dict.fromkeys(path for item in context.objects for path in _patterns(item))
    found = together(context.searched.get(path, Found()) for path in patterns)
    context.library.pictures = len(found.files)


def _setting_paths(context: Context, item: ObjectSpec) -> set[str]:
    """Check paths of the method block; gives the places of the reference pictures."""
    references: set[str] = set()
    for field in METHODS[item.method.name].fields:
        value, name = item.method.settings.get(field.name), field.name
        if field.kind not in ("file", "files") or not value:
            continue
        place = item.method.spans.get(name) or item.head
        if field.kind == "file":
            check_file(context, str(value), place, f"{name}: there is no file {value}")
            continue
        for path in value if isinstance(value, tuple) else (str(value),):
            found = _pictures(context, "I601", str(path), place, f"{name}: no picture matches")
            references.update(found.places.values())
    _enough(context, item, len(references))
    if item.method.model_kind == "files":
        place = item.method.spans.get("model") or item.head
        for path in item.method.model:
            check_file(context, path, place, f"there is no file {path}")
    return references


def _enough(context: Context, item: ObjectSpec, references: int) -> None:
    """More shots than references: no command could draw them."""
    shots, place = item.method.settings.get("shots"), item.method.spans.get("shots")
    if references and place is not None and isinstance(shots, int) and shots > references:
        there = "there is 1 picture" if references == 1 else f"there are {references} pictures"
        context.report.error(
            "I616", place, f"shots asks for {shots} references, and {there}",
            help=f"write shots: {references}, or add pictures to the references",
        )  # fmt: skip


def check_file(context: Context, path: str, place: Span, missing: str) -> bool:
    """Whether there is such a file, by its name alone; what is wrong is told."""
    if not _may_lead(context, path, place):
        return False
    found = context.file(path)
    if found is None:
        other = context.other_than_file(path)
        context.report.error(
            "I601", place, missing if other is None else f"{path} is {other}",
            help=SPELLING if other is None else "name a file",
        )  # fmt: skip
    elif not context.library.inside(context.library.loader.resolve(found)):
        _outside(context, path, place)
    else:
        return True
    return False


def _samples(context: Context, item: ObjectSpec, sample: SampleSet, references: set[str]) -> None:
    spans = dict(zip(sample.images, sample.image_spans, strict=True))
    images: list[Found] = []
    for path, place in spans.items():
        sentence = f"samples {sample.label}: no picture matches"
        found = _pictures(context, "I607", path, place, sentence)
        images.append(found)
        shared = [file for file in found.files if found.places[file] in references]
        if shared:
            context.report.error(
                "I604", place,
                f"{_named(context, shared[0])} is a reference and a sample of {item.name}"
                + (f" ({len(shared)} pictures are both)" if len(shared) > 1 else ""),
                label="also a reference",
                help="keep them in different folders: a picture compared with itself looks perfect",
            )  # fmt: skip
    sentence = f"samples {sample.label}: no mask matches"
    parts = zip(sample.masks, sample.mask_spans, strict=True)
    masks = together([_pictures(context, "I607", *part, sentence) for part in parts]).files
    pictures = together(images).files
    if pictures and masks and len(pictures) != len(masks):
        context.report.warning(
            "I606", sample.span,
            f"samples {sample.label} has {len(pictures)} pictures and {len(masks)} masks",
            help="a mask has the name of its picture, with or without _mask behind it",
        )  # fmt: skip


def _pictures(context: Context, code: str, pattern: str, place: Span, sentence: str) -> Found:
    """Pictures behind a path or pattern; what stands in their way is reported.

    A path that gives no picture is an error for references and else a warning.
    """
    if not _may_lead(context, pattern, place):
        return Found(outside=pattern)
    found = context.find(pattern)
    if pattern in context.too_wide:
        message = f"{pattern} leads through {context.too_wide[pattern]}"
        help = "name the folder of the pictures more exactly"
        context.report.error("I601", place, message, help=help)
    elif found.outside is not None:
        _outside(context, _named(context, found.outside), place)
        return Found(outside=found.outside)
    else:
        _not_looked_at(context, found, place)
        if not found.files and not found.unreadable:
            report = context.report.error if code == "I601" else context.report.warning
            report(code, place, f"{sentence} {pattern}", help=context.advice(pattern))
    return found


def _not_looked_at(context: Context, found: Found, place: Span) -> None:
    """Folders and files that a pattern leads to and that cannot be, or are not, looked at."""

    def tell(message: str, help: str) -> None:
        context.report.warning("I615", place, message, help=help)

    for folder, why in found.unreadable.items():
        help = "the pictures in it are missing from the samples; make it readable"
        tell(f"{_named(context, folder)} was not looked at: {why}", help)
    if LINKS in found.left_out:
        links = found.left_out[LINKS]
        others = f" ({links.count} links are not)" if links.count > 1 else ""
        name = _named(context, links.names[0])
        message = f"{name} is not looked at: ** follows no links to folders{others}"
        tell(message, f'if its pictures belong to these, add "{name}"')
    for name in found.strange[:1]:
        others = f" ({len(found.strange)} are not)" if len(found.strange) > 1 else ""
        message = f"{_named(context, name)} is named like a picture and is no regular file{others}"
        tell(message, "remove or rename it: no command can read it as a picture")


def _may_lead(context: Context, path: str, place: Span) -> bool:
    """False, and an error, for a path whose words alone lead out of the spec's folder."""
    library = context.library
    whole = Path(os.path.normpath(library.loader.resolve(library.root_folder) / path))
    if library.inside(whole) and not _DRIVE.match(path):
        return True
    _outside(context, path, place)
    return False


def _outside(context: Context, path: str, place: Span) -> None:
    context.report.error(
        "I602", place, f"{path} lies outside of the spec's folder",
        help="copy the files into the spec's folder, or allow their folder with --allow FOLDER",
    )  # fmt: skip


def _named(context: Context, path: str) -> str:
    try:
        return shown(Path(path).relative_to(context.library.root_folder).as_posix())
    except ValueError:
        return shown(Path(path).as_posix())


def _patterns(item: ObjectSpec) -> Iterable[str]:
    references = item.method.settings.get("references")
    if isinstance(references, tuple):
        yield from map(str, references)
    for sample in item.samples:
        yield from sample.images
