"""Lines that do not fit: misplaced, or begun with a word that the language does not have.

What people ask of an inspection and this version cannot do is told plainly, with what to do
instead: a word that happens to be near would mislead.
"""

from collections.abc import Iterable
from typing import NamedTuple

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.desk import Desk
from promptdsl.language.statements import Statement, is_word, shown
from promptdsl.language.vocabulary import FORMS, RESERVED, SYNONYMS, TOP_LEVEL
from promptdsl.source import Span


class Meant(NamedTuple):
    """What the language says for some words of other programs."""

    instead: str
    words: str


class Wish(NamedTuple):
    """What some words ask for, and what to do instead."""

    what: str
    instead: str
    words: str


_HOMES = {
    **dict.fromkeys(TOP_LEVEL, "the top of the file"),
    "templates": "the object",
    **dict.fromkeys(("reject", "review"), "thresholds { ... }"),
    "expect": 'test "title" { ... }',
    "include": "a block of phrases",
    "locate": "picture { ... }",
    "except": 'region NAME { ... } or ignore "why" { ... }',
}
_MEANT = (
    Meant(
        "for a place of the picture, write region NAME { box: 10% 20% 60% 40% } in the object",
        "roi rois area_of_interest region_of_interest zone zones bbox regions position location "
        "window_of_interest places",
    ),
    Meant(
        "for a part that lies turned or shifted, write in the object "
        'picture { locate { like: "good/000.png", turn: up to 15 deg } }',
        "rotation rotate angle alignment align register registration orientation golden",
    ),
    Meant(
        "for tiles, write in the object picture { tiles: 480 px }",
        "tile tiling tile_size tile_overlap slicing",
    ),
    Meant(
        "for the shape of a picture, write in the object picture { fit: squeeze }, or pad, or crop",
        "resize rescale crop cropping padding letterbox aspect aspect_ratio",
    ),
    Meant(
        "for the values that become black and white, write in the object "
        "picture { intensity: 0 to 4095 }",
        "contrast exposure bit_depth bits depth dynamic_range white_level black_level",
    ),
    Meant(
        'for places that are not to be inspected, write in the object ignore "why" { box: 10% 80% '
        "30% 10% }",
        "mask exclude ignored ignore_region background ignore_mask exclusion",
    ),
    Meant(
        "for the size of a pixel, write in the object picture { scale: 0.05 mm per px }",
        "pixel_size resolution mm_per_pixel mm_per_px dpi units unit calibration",
    ),
    Meant(
        "for the size of a defect, write a line of thresholds: reject when spot above 0.70 >= 0.3 "
        "mm",
        "length width height size diameter min_area max_area min_size max_size min_length "
        "max_length tolerance tolerances",
    ),
    Meant(
        "for the number of defects, write a line of thresholds: reject when spots above 0.70 >= 3",
        "count number quantity max_defects min_count",
    ),
)
_MEANT_BY = {word: each.instead for each in _MEANT for word in each.words.split()}
_WISHES = (
    Wish(
        "no such changes to the picture before it is inspected",
        "prepare the pictures with another program",
        "flip mirror brightness gamma illumination blur_image normalize normalization preprocess "
        "preprocessing augment augmentation augmentations grayscale greyscale denoise",
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


def meant(word: str, names: tuple[str, ...]) -> str | None:
    """The word of the language that another word means, or is like; the meaning comes first."""
    synonym = SYNONYMS.get(word.lower())
    return synonym if synonym in names else nearest(word, names)


def misplaced(desk: Desk, statement: Statement, home: str) -> None:
    """A known word in a block that has no place for it."""
    word = statement.first
    place, form = _HOMES.get(word, "the object"), FORMS.get(word, FORMS["rule"])
    message = f"{word} cannot stand in {home}"
    desk.error("I121", statement, message, label="not here", help=f"move it to {place}: {form}")


def unknown(desk: Desk, statement: Statement, home: str, names: tuple[str, ...]) -> str | None:
    """Report a line that begins with no known word; the near word, if there is one."""
    if not statement.atoms:
        message = f"braces open in {home} without a word before them"
        desk.malformed(statement, message, "say what the block is: " + ", ".join(names))
        return None
    first, known = statement.atoms[0], is_word(statement.atoms[0])
    if str(first) in RESERVED:
        desk.error(
            "I123", first, f"{first} is reserved for a later version of the language",
            help="remove the line; this version has no such feature",
        )  # fmt: skip
        return None
    if known and first not in names and wish(desk.report, first, desk.span(first)):
        return None
    near = meant(str(first), names) if known else None
    desk.error(
        "I120", first,
        f"{shown(str(first))} is not a word of this language" if known
        else f"{shown(desk.written(statement))} says nothing here",
        near=near, help=f"{home} takes {_listed(names)}",
    )  # fmt: skip
    return near


def _listed(names: Iterable[str]) -> str:
    *most, last = list(names)
    return f"{', '.join(most)} and {last}" if most else last


def is_known_elsewhere(word: str) -> bool:
    """Whether other programs have the word for something that this language says otherwise."""
    return word.lower().replace("-", "_") in _MEANT_BY


def wish(report: Report, word: str, span: Span) -> bool:
    """Whether a word asks for what the language does not have, or calls otherwise; told."""
    plain = word.lower().replace("-", "_")
    if plain in _MEANT_BY:
        report.error("I120", span, f"{word} is not a word of this language", help=_MEANT_BY[plain])
        return True
    found = _WISH_OF.get(plain)
    if found is None:
        return False
    message = f"{word}: this version of the language has {found.what}"
    help = f"{found.instead}; remove this line"
    report.error("I134", span, message, label="no such thing", help=help)
    return True
