"""Things that people ask of an inspection and this version of the language does not have.

Told plainly, with what to do instead: a word that happens to be near would mislead.
"""

from typing import NamedTuple

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.source import Span


class Wish(NamedTuple):
    """What some words ask for, and what to do instead."""

    what: str
    instead: str
    words: str


_WISHES = (
    Wish(
        "no region of the picture", "cut the pictures to the region before they are inspected",
        "roi rois area_of_interest region_of_interest zone zones bbox crop cropping position "
        "location polygon window_of_interest",
    ),
    Wish(
        "no changes to the picture before it is inspected",
        "prepare the pictures with another program",
        "rotation rotate angle flip mirror resize rescale align alignment register brightness "
        "contrast gamma exposure illumination blur_image normalize normalization preprocess "
        "preprocessing augment augmentation augmentations tile tiles tiling grayscale greyscale "
        "orientation denoise",
    ),
    Wish(
        "no masks of what is not to be inspected", "paint over such places in all pictures alike",
        "mask exclude ignore_region background",
    ),
    Wish(
        "no lengths and sizes in millimetres",
        "an area rule takes a share of the picture in percent",
        "length width height size diameter min_area max_area min_size max_size min_length "
        "tolerance tolerances pixel_size resolution units unit calibration mm_per_pixel dpi",
    ),
    Wish(
        "no counting of spots or parts",
        "an area rule takes the share of the picture above a local score",
        "count number quantity max_defects min_count",
    ),
    Wish(
        "no choice of the hardware",
        "say it on the command line: promptdsl run --device, --precision, --batch-size",
        "device gpu cuda cpu threads workers batch batch_size precision fp16 dtype",
    ),
    Wish(
        "no choice of the output", "say it on the command line: promptdsl run --out",
        "report save export log logging result results csv email notify",
    ),
    Wish(
        "no weights of single phrases and defects",
        "a phrase that is written twice counts twice; pooling: max looks at the nearest one",
        "weight severity priority importance criticality",
    ),
    Wish(
        "no choice of the language of the phrases",
        "the phrases are in the model's language, English",
        "language lang locale",
    ),
    Wish(
        "no control of cameras", "promptdsl inspects pictures that lie in a folder",
        "camera sensor lighting trigger fps video plc",
    ),
    Wish(
        "no limit outside of thresholds",
        "put it into a rule: thresholds { reject when score >= 0.62 }",
        "threshold cutoff sensitivity min_score max_score score_threshold",
    ),
    Wish(
        "no field for notes", "put them behind #, as a comment",
        "description comment note notes author date version remark supplier customer drawing "
        "part_number revision",
    ),
)  # fmt: skip
_WISH_OF = {word: each for each in _WISHES for word in each.words.split()}


def wish(report: Report, word: str, span: Span) -> bool:
    """Whether a word asks for what the language does not have, which is told."""
    found = _WISH_OF.get(word.lower().replace("-", "_"))
    if found is None:
        return False
    message = f"{word}: this version of the language has {found.what}"
    help = f"{found.instead}; remove this line"
    report.error("I134", span, message, label="no such thing", help=help)
    return True
