"""The size of a picture out of the head of its file: nothing is decoded."""

from pathlib import Path

from PIL import Image

from promptdsl.files.opening import open_regular
from promptdsl.pictures.opening import FORMATS, MAX_PIXELS
from promptdsl.pictures.upright import upright_size


def size_in_header(path: Path) -> tuple[int, int] | None:
    """(width, height) as the picture is shown; None where its head does not say it."""
    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    try:
        with open_regular(path) as stream, Image.open(stream, formats=formats) as image:
            width, height = upright_size(image)
    except Exception:  # whatever is wrong with it, the commands that read it say so
        return None
    return (width, height) if 0 < width * height <= MAX_PIXELS else None
