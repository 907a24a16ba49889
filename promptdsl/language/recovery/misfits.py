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
}
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


def wish(report: Report, word: str, span: Span) -> bool:
    """Whether a word asks for what the language does not have, which is told."""
    found = _WISH_OF.get(word.lower().replace("-", "_"))
    if found is None:
        return False
    message = f"{word}: this version of the language has {found.what}"
    help = f"{found.instead}; remove this line"
    report.error("I134", span, message, label="no such thing", help=help)
    return True
