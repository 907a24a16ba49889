"""Damaged masks and tables: a sentence or a mask, never anything else, and soon.

`MASK_DAMAGES` in the environment raises the number of tries for each format.
"""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from PIL import Image

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets import read_dataset
from promptdsl.evaluate.datasets.beside import looks_like_mask
from promptdsl.evaluate.datasets.masks import mask_size, read_mask
from tests.robustness.damage import damages

from .layouts import draw, draw_mask

T = TypeVar("T")
TRIES = int(os.environ.get("MASK_DAMAGES", "40"))
FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "JPEG2000", "AVIF")
TABLE = (
    "object,split,label,image,mask\n"
    "candle,train,normal,candle/0.png,\n"
    "candle,test,normal,candle/1.png,\n"
    "candle,test,anomaly,candle/2.png,candle/2_mask.png\n"
)


def _saved(kind: str) -> bytes:
    pixels = np.zeros((24, 32), np.uint8)
    pixels[4:9, 6:20] = 255
    file = io.BytesIO()
    mode = "P" if kind == "GIF" else "L"
    Image.fromarray(pixels).convert(mode).save(file, kind)
    return file.getvalue()


def _what_comes_of(read: Callable[[], T]) -> tuple[str, T | None]:
    """A sentence, or what was read."""
    try:
        return "", read()
    except EnvironmentProblem as problem:
        return problem.sentence, None


@pytest.mark.parametrize("kind", FORMATS)
def test_a_damaged_mask_is_read_or_refused_in_a_sentence(tmp_path: Path, kind: str) -> None:
    Image.init()
    if kind not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {kind}")
    path = tmp_path / "m.png"
    for content in damages(_saved(kind), TRIES):
        path.write_bytes(content)
        started = time.monotonic()
        told, marked = _what_comes_of(lambda: (mask_size(path), read_mask(path)))
        assert "\n" not in told and ("m.png" in told or not told)
        assert marked is None or marked[1].shape == marked[0][::-1]
        assert looks_like_mask(path) in (True, False)
        assert time.monotonic() - started < 5


def test_a_damaged_table_is_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    for number in range(3):
        draw(tmp_path / "candle" / f"{number}.png")
    draw_mask(tmp_path / "candle" / "2_mask.png")
    table = tmp_path / "split_csv" / "1cls.csv"
    table.parent.mkdir()
    for content in damages(TABLE.encode(), 5 * TRIES):
        table.write_bytes(content)
        told, _ = _what_comes_of(lambda: read_dataset(tmp_path, "visa"))
        assert "\n" not in told
