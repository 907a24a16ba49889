"""Things that people ask of an inspection and this version of the language does not have.

Told plainly, with what to do instead: a word that happens to be near would mislead.
"""

from typing import NamedTuple

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix, Report
from promptdsl.source import Span


class Wish(NamedTuple):
    """What a word asks for, and what to do instead."""

    what: str
    instead: str


_PLACES = Wish(
    "no region of the picture", "cut the pictures to the region before they are inspected"
)
_GEOMETRY = Wish(
    "no changes to the picture before it is inspected", "prepare the pictures with another program"
)
_MASKS = Wish(
    "no masks of what is not to be inspected", "paint over such places in all pictures alike"
)
_LENGTHS = Wish(
    "no lengths and sizes in millimetres", "an area rule takes a share of the picture in percent"
)
_COUNTS = Wish(
    "no counting of spots or parts",
    "an area rule takes the share of the picture above a local score",
)
_HARDWARE = Wish(
    "no choice of the hardware",
    "say it on the command line: promptdsl run --device, --precision, --batch-size",
)
_OUTPUT = Wish("no choice of the output", "say it on the command line: promptdsl run --out")
_WEIGHTS = Wish(
    "no weights of single phrases and defects",
    "a phrase that is written twice counts twice; pooling: max looks at the nearest one",
)
_LANGUAGES = Wish(
    "no choice of the language of the phrases", "the phrases are in the model's language, English"
)
_CAMERA = Wish("no control of cameras", "promptdsl inspects pictures that lie in a folder")
_LIMIT = Wish(
    "no limit outside of thresholds",
    "put it into a rule: thresholds { reject when score >= 0.62 }",
)
_NOTES = Wish("no field for notes", "put them behind #, as a comment")

WISHES: dict[str, Wish] = {
    **dict.fromkeys(
        ("roi", "rois", "area_of_interest", "region_of_interest", "zone", "zones", "bbox", "crop",
         "cropping", "position", "location", "polygon", "window_of_interest"), _PLACES
    ),
    **dict.fromkeys(
        ("rotation", "rotate", "angle", "flip", "mirror", "resize", "rescale", "align", "alignment",
         "register", "brightness", "contrast", "gamma", "exposure", "illumination", "blur_image",
         "normalize", "normalization", "preprocess", "preprocessing", "augment", "augmentation",
         "augmentations", "tile", "tiles", "tiling", "grayscale", "greyscale", "orientation",
         "denoise"), _GEOMETRY
    ),
    **dict.fromkeys(("mask", "exclude", "ignore_region", "background"), _MASKS),
    **dict.fromkeys(
        ("length", "width", "height", "size", "diameter", "min_area", "max_area", "min_size",
         "max_size", "min_length", "tolerance", "tolerances", "pixel_size", "resolution", "units",
         "unit", "calibration", "mm_per_pixel", "dpi"), _LENGTHS
    ),
    **dict.fromkeys(("count", "number", "quantity", "max_defects", "min_count"), _COUNTS),
    **dict.fromkeys(
        ("device", "gpu", "cuda", "cpu", "threads", "workers", "batch", "batch_size", "precision",
         "fp16", "dtype"), _HARDWARE
    ),
    **dict.fromkeys(
        ("report", "save", "export", "log", "logging", "result", "results", "csv", "email",
         "notify"), _OUTPUT
    ),
    **dict.fromkeys(
        ("weight", "severity", "priority", "importance", "criticality"), _WEIGHTS
    ),
    **dict.fromkeys(("language", "lang", "locale"), _LANGUAGES),
    **dict.fromkeys(("camera", "sensor", "lighting", "trigger", "fps", "video", "plc"), _CAMERA),
    **dict.fromkeys(
        ("threshold", "cutoff", "sensitivity", "min_score", "max_score", "score_threshold"), _LIMIT
    ),
    **dict.fromkeys(
        ("description", "comment", "note", "notes", "author", "date", "version", "remark",
         "supplier", "customer", "drawing", "part_number", "revision"), _NOTES
    ),
}  # fmt: skip


def wish(report: Report, word: Token | str, span: Span, line: Span | None = None) -> bool:
    """Whether a word asks for what the language does not have, which is told."""
    found = WISHES.get(str(word).lower().replace("-", "_"))
    if found is None:
        return False
    report.error(
        "I134", span, f"{word}: this version of the language has {found.what}",
        label="no such thing", help=f"{found.instead}; remove this line",
        fix=Fix(line, "") if line is not None else None,
    )  # fmt: skip
    return True
