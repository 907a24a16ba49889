"""Masks: which pixels belong to a defect.

Seen as a person sees it: what is black or transparent is good, everything else is defect, however
dark it is (VisA numbers the kinds of damage). A palette stands for its colours. In a lossy file
black is anything below one half.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.opening import reason
from promptdsl.files.suffixes import is_picture
from promptdsl.pictures.opening import PictureError, open_picture, picture_size
from promptdsl.pictures.upright import upright

Marked = npt.NDArray[np.bool_]

LOSSY = frozenset({"JPEG", "MPO", "WEBP", "AVIF", "JPEG2000"})
HALF = 128
NEARLY_ALL = 0.9


def read_mask(path: Path, size: tuple[int, int] | None = None) -> Marked:
    """(H, W), true on the defect; fitted to `size` (height, width) bilinearly and cut at one half.

    A folder marks what any of its files marks. Raises EnvironmentProblem for what cannot be meant.
    """
    defect = _union(path)
    if size is None or defect.shape == size:
        return np.ascontiguousarray(defect)
    grey = Image.fromarray(defect.astype(np.uint8) * 255)
    fitted = grey.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(fitted) >= HALF


def mask_size(path: Path) -> tuple[int, int]:
    """(width, height) of a mask, not decoded. Raises EnvironmentProblem."""
    sizes: dict[tuple[int, int], Path] = {}
    for file in mask_files(path):
        try:
            sizes.setdefault(picture_size(file), file)
        except PictureError as error:
            raise _unreadable(file, error) from None
    _refuse_unlike(sizes)
    return next(iter(sizes))


def mask_files(path: Path) -> list[Path]:
    """The file, or the files of a folder that marks one picture."""
    try:
        if not path.is_dir():
            return [path]
        found = [p for p in path.iterdir() if is_picture(p) and not p.name.startswith(".")]
    except OSError as error:
        raise EnvironmentProblem(f"{path} is no readable mask: {reason(error)}") from None
    if not found:
        raise EnvironmentProblem(f"{path} is no readable mask: there are no pictures in it")
    return sorted(found)


def doubt(marked: Marked) -> str | None:
    """What is odd about a mask of a defective part, or None."""
    share = float(marked.mean()) if marked.size else 0.0
    if share == 1:
        return "this mask marks the whole picture"
    if share > NEARLY_ALL:
        return (
            f"this mask marks {100 * share:.3g} % of the picture: black should be good, "
            "white defective"
        )
    return None


def _union(path: Path) -> Marked:
    whole: Marked | None = None
    sizes: dict[tuple[int, int], Path] = {}
    for file in mask_files(path):
        marked = _marked(file)
        sizes.setdefault((marked.shape[1], marked.shape[0]), file)
        _refuse_unlike(sizes)
        whole = marked if whole is None else whole | marked
    assert whole is not None  # mask_files gives at least one
    return whole


def _refuse_unlike(sizes: dict[tuple[int, int], Path]) -> None:
    if len(sizes) > 1:
        (one, first), (other, second) = list(sizes.items())[:2]
        raise EnvironmentProblem(
            f"{second}: this mask has {other[0]} x {other[1]} pixels, but {first.name} beside it "
            f"has {one[0]} x {one[1]}"
        )


def _marked(path: Path) -> Marked:
    try:
        with open_picture(path) as image:
            _refuse_pages(image)
            return _defect(upright(image), image.format in LOSSY)
    except PictureError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: PictureError) -> EnvironmentProblem:
    return EnvironmentProblem(f"{path} is no readable mask: {error}")


def _refuse_pages(image: Image.Image) -> None:
    pages = int(getattr(image, "n_frames", 1))
    if pages > 1 and image.format != "MPO":
        raise PictureError(f"it holds {pages} pages: save each as a mask of its own, in a folder")


def _defect(image: Image.Image, lossy: bool) -> Marked:
    """True where the picture is neither black nor transparent."""
    if image.mode in ("P", "PA"):
        _refuse_palette_without_colours(image)
    opaque: Marked | None = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opaque = np.asarray(image.getchannel("A")) >= HALF
        if not opaque.any():
            raise PictureError("it is transparent everywhere, so that it marks nothing")
    coloured = _coloured(image, lossy)
    if opaque is None or opaque.all():
        return coloured
    # A defect drawn in black on nothing: the drawing itself is what is marked.
    return opaque & coloured if (opaque & coloured).any() else opaque


def _coloured(image: Image.Image, lossy: bool) -> Marked:
    if image.mode in ("1", "L", "I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise PictureError("it holds values that are no numbers: save it with 8 bits")
    else:
        values = np.asarray(image.convert("RGB")).max(axis=2)
    if lossy:
        return np.asarray(values >= HALF)
    return np.asarray(values > 0)


def _refuse_palette_without_colours(image: Image.Image) -> None:
    used = image.getcolors(256)
    if image.mode == "P" and used is not None and len(used) > 1:
        coloured = image.convert("RGBA").getcolors(256)
        if coloured is not None and len(coloured) == 1:
            raise PictureError(
                "its palette gives one colour to all its numbers: save it in black and white"
            )
