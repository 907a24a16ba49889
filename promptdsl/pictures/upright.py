"""Turning pictures and masks as the camera held them.

The turn is written in EXIF (JPEG, MPO, PNG, WebP, AVIF), in a tag of a TIFF, or in XMP. Pillow
turns a TIFF by itself while it decodes, other formats never: what is still to be done once a
picture is decoded is done here, and nothing twice.
"""

import os
import struct
from collections.abc import Callable

from PIL import Image
from PIL.Image import Transpose
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH, TiffImageFile

from promptdsl.pictures.netpbm import netpbm_picture

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
_PNG = b"\x89PNG\r\n\x1a\n"
_TELLING = (b"eXIf", b"iTXt", b"tEXt", b"zTXt")


def upright(image: Image.Image) -> Image.Image:
    """The picture decoded and turned; itself where there is nothing to turn."""
    image = netpbm_picture(image) or image
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
    if isinstance(image, PngImageFile) and not _says_more_behind_its_pixels(image):
        exif = Image.Image.getexif  # that of a PNG decodes, to reach what stands behind the pixels
    else:
        exif = type(image).getexif
    return (height, width) if _orientation(image, exif) in _LYING else (width, height)


def _orientation(
    image: Image.Image, exif: Callable[[Image.Image], Image.Exif] = lambda image: image.getexif()
) -> int:
    """1 to 8; 1 where there is none or it cannot be read."""
    try:
        value = exif(image).get(_ORIENTATION, 1)
    except Exception:  # damaged EXIF does not make the pixels worse
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _says_more_behind_its_pixels(image: PngImageFile) -> bool:
    """Whether a PNG that is not decoded has EXIF or texts (XMP) after the pixels."""
    stream = image.fp
    if stream is None:
        return True
    place = stream.tell()
    try:
        stream.seek(len(_PNG))
        pixels = False
        while len(head := stream.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            pixels = pixels or kind == b"IDAT"
            if pixels and kind in _TELLING:
                return True
            stream.seek(length + 4, os.SEEK_CUR)
        return False
    finally:
        stream.seek(place)
