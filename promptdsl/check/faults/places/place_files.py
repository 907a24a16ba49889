"""I601, I602, I621: masks of regions and golden pictures that are missing or no pictures.

Why: a region without its mask is no region, and a part is never located on a picture that is not
there.
"""

from collections.abc import Iterator

from promptdsl.check.context import Context
from promptdsl.check.faults.sample_paths import check_file
from promptdsl.files.suffixes import PICTURES, suffix
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec


def place_files(context: Context) -> None:
    """Every file that a picture block, a region or an ignored place names, once each."""
    for item in context.objects:
        for path, place, what in _files(item):
            if context.once("I621", place):
                _file(context, path, place, what)


def _files(item: ObjectSpec) -> Iterator[tuple[str, Span, str]]:
    if item.picture is not None and item.picture.locate is not None:
        yield item.picture.locate.like, item.picture.locate.span, "like"
    for region in (*item.regions, *item.ignored):
        for shape in (*region.shapes, *region.without):
            if shape.path is not None:
                yield shape.path, shape.span, "mask"


def _file(context: Context, path: str, place: Span, what: str) -> None:
    if suffix(path) not in PICTURES:
        kind = f"{suffix(path)} is no ending of one" if suffix(path) else "it has no ending"
        context.report.error(
            "I621", place, f"{what} names no picture that can be read: {path} ({kind})",
            help="save it as PNG" if what == "like"
            else "draw it in black and white, white inside, and save it as PNG",
        )  # fmt: skip
        return
    if check_file(context, path, place, f"{what}: there is no file {path}"):
        _readable(context, path, place, what)


def _readable(context: Context, path: str, place: Span, what: str) -> None:
    """What its head tells: whether the rest is whole shows when it is read."""
    from promptdsl.pictures.opening import size_in_header  # only where a file is named

    found = context.file(path)
    if found is not None and found.is_file() and size_in_header(found) is None:
        context.report.error(
            "I621", place, f"{what} names a file that is no picture: {path}",
            help="open it in a picture viewer, and save it again as PNG",
        )  # fmt: skip
