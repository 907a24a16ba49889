"""Damaged pictures of every format: each is read or refused with a sentence, in time and memory.

python -m tests.pictures.damage 2000
"""

import argparse
import io
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from promptdsl.pictures.opening import PictureError, open_picture, picture_size
from promptdsl.pictures.reading import read_picture
from promptdsl.pictures.upright import upright
from tests.pictures.made import packed_12, png_16, tiff, tiff_of
from tests.robustness.damage import damaged

SECONDS = 10.0
BYTES = 2 * 10**9
SIZE = (64, 64)


@dataclass
class Tried:
    """How the trials went."""

    ends: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0


def samples(folder: Path) -> list[tuple[str, bytes]]:
    """A file of every format of the list, and of the depths that are read in a way of their own."""
    dice = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    pixels = np.stack([ramp, ramp[::-1], dice.integers(0, 255, ramp.shape, np.uint8)], 2)
    colour, grey = Image.fromarray(pixels), Image.fromarray(ramp)
    clear = colour.convert("RGBA")
    clear.putalpha(grey)
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = {"save_all": True, "append_images": [colour.rotate(90), colour.rotate(180)]}
    made = []
    for kind, image, options in (
        ("PNG", colour, {"exif": exif}), ("PNG", clear, {}), ("PNG", colour.quantize(16), {}),
        ("PNG", grey.convert("1"), {}), ("PNG", colour, frames), ("JPEG", colour, {"exif": exif}),
        ("JPEG", colour, {"progressive": True}), ("JPEG", colour.convert("CMYK"), {}),
        ("MPO", colour, frames), ("TIFF", colour, {"exif": exif}), ("TIFF", clear, {}),
        ("TIFF", colour, {"compression": "tiff_lzw"}), ("TIFF", colour, {"compression": "jpeg"}),
        ("TIFF", grey.convert("1"), {"compression": "group4"}),
        ("BMP", colour, {}), ("DIB", colour, {}), ("GIF", colour.quantize(16), {}),
        ("GIF", colour, frames), ("WEBP", colour, {}), ("WEBP", clear, {"lossless": True}),
        ("WEBP", colour, frames), ("PPM", colour, {}), ("JPEG2000", colour, {}),
        ("JPEG2000", clear, {}), ("AVIF", colour, {}), ("AVIF", clear, {}),
    ):  # fmt: skip
        stream = io.BytesIO()
        try:
            image.copy().save(stream, kind, **options)
        except (OSError, KeyError, ValueError):
            continue  # this Pillow cannot write it
        made.append((kind, stream.getvalue()))
    deep = ramp.astype("<u2") * 257
    for path in (
        png_16(folder / "a", deep),
        png_16(folder / "b", np.repeat(deep[:, :, None], 3, 2)),
        tiff_of(folder / "c", deep, white_is_zero=True),
        tiff_of(folder / "d", deep.astype(np.int32), sample_format=2),
        tiff(folder / "e", packed_12(deep >> 4), (64, 48), 12),
    ):
        made.append((path.read_bytes()[:2].hex(), path.read_bytes()))
    made.append(("P2", b"P2 64 48 999\n" + b" ".join(b"%d" % v for v in ramp.ravel())))
    made.append(("P6", b"P6 64 48 4095\n" + np.repeat(deep >> 4, 3).astype(">u2").tobytes()))
    made.append(("Pf", b"Pf\n64 48\n-1.0\n" + ramp.astype(np.float32).tobytes()))
    return made


def attempt(path: Path) -> str:
    """`read`, or the sentence; anything but a PictureError comes out."""
    try:
        read_picture(path, SIZE)
        size = picture_size(path)
        with open_picture(path) as image:
            assert upright(image).size == size
    except PictureError as error:
        sentence = str(error)
        assert sentence and "\n" not in sentence and str(path) not in sentence
        return sentence
    return "read"


def try_damage(count: int, folder: Path, first: int = 0) -> Tried:
    """So many damaged files, format after format."""
    made, tried = samples(folder), Tried()
    path = folder / "damaged"
    for seed in range(first, first + count):
        kind, content = made[seed % len(made)]
        path.write_bytes(damaged(content, seed))
        start = time.perf_counter()
        try:
            end = attempt(path)
        except Exception as error:
            end = "fault"
            tried.failures.append(f"{kind} {seed}: {type(error).__name__}: {error}")
        seconds = time.perf_counter() - start
        tried.slowest = max(tried.slowest, seconds)
        if seconds > SECONDS:
            tried.failures.append(f"{kind} {seed}: {seconds:.0f} s")
        tried.ends[end] += 1
    return tried


def main() -> int:
    """The command line of this script."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("count", type=int, nargs="?", default=2000)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        tried = try_damage(asked.count, Path(made), asked.first)
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for end, count in tried.ends.most_common():
        print(f"{count:6}  {end}")
    print(f"slowest {tried.slowest:.2f} s, largest {largest / 1e9:.2f} GB")
    print(*tried.failures, sep="\n")
    return 1 if tried.failures or largest > BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
