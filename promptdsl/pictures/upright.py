"""Turning pictures and masks as the camera held them.

The turn is written in EXIF (JPEG, MPO, PNG, WebP, AVIF), in a tag of a TIFF, or in XMP. Pillow
turns a TIFF by itself while it decodes, other formats never: what is still to be done once a
picture is decoded is done here, and nothing twice.
"""

from PIL import Image
from PIL.Image import Transpose
from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH, TiffImageFile

_ORIENTATION = 0x0112
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_LYING = (5, 6, 7, 8)


def upright(image: Image.Image) -> Image.Image:
    """The picture decoded and turned; itself where there is nothing to turn."""
    turn = decoded_turn(image)
    return image if turn is None else image.transpose(turn)


def decoded_turn(image: Image.Image) -> Transpose | None:
    """Decodes the picture and says what turn its pixels still need."""
    image.load()
    return _TURNS.get(_orientation(image))


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(width, height) as `upright` gives it, of a picture that is opened and not yet decoded."""
    width, height = image.size
    if isinstance(image, TiffImageFile):  # some versions of Pillow have turned this size already
        width, height = image.tag_v2[IMAGEWIDTH], image.tag_v2[IMAGELENGTH]
    return (height, width) if _orientation(image) in _LYING else (width, height)


def _orientation(image: Image.Image) -> int:
    """1 to 8; 1 where there is none or it cannot be read."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF does not make the pixels worse
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
