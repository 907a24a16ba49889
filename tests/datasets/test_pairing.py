"""Which mask belongs to which picture, and what is told where two could be meant."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from promptdsl.evaluate.datasets.pairing import Placed, pair

ROOT = Path("/set")


def paired(pictures: str, masks: str) -> tuple[dict[str, str], Sequence[str]]:
    """Names of pictures and masks relative to a root -> pairs, problems."""
    found = pair(
        [Placed(ROOT / name) for name in pictures.split()],
        [Placed(ROOT / name) for name in masks.split()],
        lambda path: path.relative_to(ROOT).as_posix(),
    )
    pairs = {
        picture.relative_to(ROOT).as_posix(): mask.relative_to(ROOT).as_posix()
        for picture, mask in found.mask_of.items()
    }
    return pairs, found.problems


@pytest.mark.parametrize(
    ("pictures", "masks", "pairs"),
    [
        ("p/0.png", "m/0.png", {"p/0.png": "m/0.png"}),
        ("p/0.png", "m/0_mask.png", {"p/0.png": "m/0_mask.png"}),
        ("p/0.JPG", "m/0_GT.bmp", {"p/0.JPG": "m/0_GT.bmp"}),
        ("p/0.jpg", "m/0.jpg.png", {"p/0.jpg": "m/0.jpg.png"}),
        ("p/0.png", "p/0_mask.png", {"p/0.png": "p/0_mask.png"}),
        (  # the folder decides
            "p/d1/0.png p/d2/0.png", "m/d1/0.png m/d2/0.png",
            {"p/d1/0.png": "m/d1/0.png", "p/d2/0.png": "m/d2/0.png"},
        ),
        (  # wherever it stands
            "d1/p/0.png d2/p/0.png", "d1/m/0.png d2/m/0.png",
            {"d1/p/0.png": "d1/m/0.png", "d2/p/0.png": "d2/m/0.png"},
        ),
        (  # also where the other folder lacks its mask or its picture
            "p/d1/0.png p/d2/0.png", "m/d1/0.png", {"p/d1/0.png": "m/d1/0.png"},
        ),
        ("p/d1/0.png p/d1/1.png p/d2/2.png", "m/d1/2.png m/d1/1.png", {"p/d1/1.png": "m/d1/1.png"}),
        ("p/d1/0.png", "m/d1/0.png m/d2/0.png", {"p/d1/0.png": "m/d1/0.png"}),
        (  # a folder of masks for each picture
            "p/0.png p/1.png", "m/0/000.png m/0/001.png m/1/000.png",
            {"p/0.png": "m/0", "p/1.png": "m/1"},
        ),
        ("p/000.png p/001.png", "m/001/000.png", {"p/001.png": "m/001"}),
        (  # masks of all days in one folder, names unlike
            "p/d1/0.png p/d2/1.png", "m/0.png m/1.png",
            {"p/d1/0.png": "m/0.png", "p/d2/1.png": "m/1.png"},
        ),
        ("p/1/2.png p/1/1.png", "m/1/2.png", {"p/1/2.png": "m/1/2.png"}),
        ("p/1/2/0.png p/2/1/0.png", "m/1/2/0.png m/2/1/0.png",
         {"p/1/2/0.png": "m/1/2/0.png", "p/2/1/0.png": "m/2/1/0.png"}),
    ],
)  # fmt: skip
def test_pairs(pictures: str, masks: str, pairs: dict[str, str]) -> None:
    assert paired(pictures, masks)[0] == pairs


@pytest.mark.parametrize(
    ("pictures", "masks", "told"),
    [
        ("p/d1/0.png p/d2/0.png", "m/0.png", "m/0.png: could be the mask of p/d1/0.png and p/d2"),
        ("p/0.png p/0.jpg", "m/0_mask.png", "could be the mask of p/0.png and p/0.jpg"),
        ("p/0.png", "m/0.png m/0_mask.png", "m/0.png and m/0_mask.png are masks of it; none was"),
        ("p/0.png", "m/0_mask.png m/0_mask.bmp", "are masks of it"),
        ("p/0.png", "m/7.png", "m/7.png: a mask without its picture"),
        ("p/0.png", "m/7.png m/8.png m/9.png m/10.png", "m: 4 masks without their pictures (7.png"),
        ("p/d1/0.png p/d2/1.png", "m/d3/0.png m/d4/1.png", "m/d3/0.png: a mask without its"),
    ],
)
def test_what_fits_two_ways_or_none_is_told_and_not_used(
    pictures: str, masks: str, told: str
) -> None:
    pairs, problems = paired(pictures, masks)
    assert pairs == {}
    assert told in problems[0]


def test_thousands_of_files_are_paired_at_once() -> None:
    days = range(20)
    pictures = " ".join(f"p/d{day}/{n}.png" for day in days for n in range(200))
    masks = " ".join(f"m/d{day}/{n}_mask.png" for day in days for n in range(200))
    pairs, problems = paired(pictures, masks)
    assert len(pairs) == 4_000 and problems == []
