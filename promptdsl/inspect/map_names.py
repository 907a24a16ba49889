"""Names of heat maps: one for each picture, the same on every machine.

A name is the picture's own with 24 digits (96 bits) of the SHA-256 of its path. A million pictures
have one chance in 10^17 that any two of them meet, and nobody can make two meet on purpose.
"""

import hashlib
import re
from pathlib import PurePath

from promptdsl.results import Record

MAPS = "maps"
DIGITS = 24
EARLIER_DIGITS = 8  # of earlier versions
STEM = 60  # characters of the picture's own name
_PATH = re.compile(rf"{MAPS}/[\w.-]+\.(?:png|npy)", re.ASCII)


def map_name(image: str, kind: str, digits: int = DIGITS) -> str:
    """`scratch/003.png` -> `003.1a2b3c4d5e6f7a8b9c0d1e2f.png`."""
    digest = hashlib.sha256(image.encode("utf-8", "surrogateescape")).hexdigest()[:digits]
    most = STEM if digits == DIGITS else 80
    stem = re.sub(r"[^\w.-]+", "_", PurePath(image).stem, flags=re.ASCII)[:most]
    return f"{stem}.{digest}.{kind}"


def is_map_path(path: str) -> bool:
    """True for a path that a record may name: a file in `maps/`, never one outside."""
    return _PATH.fullmatch(path) is not None


def own_map(record: Record) -> str | None:
    """The file name of a record's map, if it is the one that a run gives to this picture."""
    if record.map is None:
        return None
    kind = PurePath(record.map).suffix[1:]
    for digits in (DIGITS, EARLIER_DIGITS):
        name = map_name(record.image, kind, digits)
        if record.map == f"{MAPS}/{name}":
            return name
    return None
