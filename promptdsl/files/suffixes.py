"""Endings of file names: the one table that says what is a picture, a mask or weights.

An ending only decides what is taken from a folder or a pattern; what a file really holds is seen
when it is opened.
"""

import os
from pathlib import Path

PICTURES = frozenset(
    ".png .apng .jpg .jpeg .jpe .jfif .mpo .tif .tiff .bmp .dib .gif .webp .ppm .pgm .pbm .pnm "
    ".jp2 .j2k .jpx .avif".split()
)
# Cameras, phones and image programs write these; they are pictures to their owner and must not
# vanish: each becomes an error record that says what to do.
UNREADABLE_PICTURES = frozenset(
    ".heic .heif .hif .jxl .jxr .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .pef .srw "
    ".psd .exr .pfm .tga .pcx .sgi .fits .dcm".split()
)

# What stands behind a picture's name in the name of its mask; "" is a mask named alike.
MASK_ENDINGS = ("_mask", "_masks", "_gt", "_ground_truth", "_label", "")


def suffix(path: str | Path) -> str:
    """The ending of a file's name in small letters, with its dot; "" where there is none."""
    return os.path.splitext(os.fspath(path))[1].lower()


def is_picture(path: str | Path) -> bool:
    """True for an ending of a picture, one that cannot be read included."""
    return suffix(path) in PICTURES or suffix(path) in UNREADABLE_PICTURES


def picture_suffixes() -> str:
    """The readable endings for a message: `.apng, .avif, ...`."""
    return ", ".join(sorted(PICTURES))
