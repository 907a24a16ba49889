"""Every code with its title and severity; `promptdsl explain` and the documentation list them.

I0xx the file, I1xx the form of lines and blocks, I2xx phrases and prompts, I3xx names and files,
I4xx method and model, I5xx thresholds, I6xx pictures, places and tests. Codes keep their meaning
for ever.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from promptdsl.diagnostics.diagnostic import Severity

_PAGES = Path(__file__).resolve().parent / "pages"
_CODE = re.compile(r"[A-Z]\d{3}")


class Entry(NamedTuple):
    """What a code stands for."""

    title: str
    severity: Severity


_ERRORS = {
    "I001": "the file cannot be read",
    "I002": "the file is not UTF-8 text",
    "I003": "the file is too large",
    "I101": "a closing brace is missing",
    "I102": "a closing brace too many",
    "I103": "an opening brace is missing",
    "I104": "a quote is never closed",
    "I105": "a typographic quote",
    "I106": "a decimal comma",
    "I107": "braces nest too deep",
    "I108": "two words in the wrong order",
    "I110": "the language version is missing",
    "I111": "an unknown language version",
    "I112": "the language version is not the first line",
    "I120": "an unknown word",
    "I121": "a line in the wrong place",
    "I122": "a line that is not complete",
    "I123": "a word reserved for later",
    "I124": "this cannot be a name",
    "I125": "quotes are missing",
    "I126": "a comma is missing",
    "I127": "an empty block",
    "I128": "something stands twice",
    "I129": "something stands behind the end of a line",
    "I130": "a sign of another keyboard",
    "I131": "a character that nobody sees",
    "I134": "something that the language does not have",
    "I135": "a file of another kind",
    "I201": "the placeholder is misspelt",
    "I202": "the object is mentioned twice",
    "I203": "an empty text",
    "I204": "the object is never mentioned",
    "I211": "too many prompts",
    "I301": "an unknown name",
    "I302": "a used file is missing",
    "I303": "a used file lies outside of the spec's folder",
    "I304": "files use each other in a circle",
    "I305": "lists include each other in a circle",
    "I306": "a short name is taken",
    "I307": "a list of the wrong kind",
    "I309": "too many files",
    "I310": "the parent object is unknown",
    "I311": "objects extend each other in a circle",
    "I312": "nothing to remove",
    "I313": "no parent lines to include",
    "I314": "a name is taken",
    "I320": "no defect to look for",
    "I401": "an unknown method",
    "I402": "an unknown field",
    "I404": "a value of the wrong kind",
    "I405": "a value out of range",
    "I406": "a unit is missing or wrong",
    "I407": "a window larger than the grid",
    "I410": "an unknown or unsuited model",
    "I411": "the pretrained tag is missing or unknown",
    "I412": "weights of another activation",
    "I413": "a model out of files is not complete",
    "I414": "a block that the model does not have",
    "I415": "a picture size that patches do not divide",
    "I418": "settings that need references",
    "I419": "weights of another method or model",
    "I423": "a picture that no machine can take",
    "I501": "not a threshold line",
    "I502": "a threshold line that can never decide",
    "I503": "a limit out of range",
    "I505": "the wrong comparison",
    "I601": "a file that is not there",
    "I602": "pictures outside of the spec's folder",
    "I603": "a label that names nothing",
    "I604": "a reference that is also a sample",
    "I605": "a test without samples",
    "I608": "a shape that holds nothing",
    "I609": "a shape outside of the picture",
    "I610": "a region of which nothing is left",
    "I611": "an unknown region",
    "I613": "an unknown defect in a threshold line",
    "I614": "millimetres without a scale",
    "I617": "a mask of another shape than the pictures",
    "I618": "a region smaller than the model sees",
    "I619": "a polygon that crosses itself",
    "I620": "a pattern of names that does not fit",
    "I621": "a file that is no picture",
    "I616": "more shots than references",
}
_WARNINGS = {
    "I132": "a character that nobody sees, in a text",
    "I133": "a letter that only looks Latin",
    "I206": "a prompt counts twice",
    "I207": "one phrase for good and bad",
    "I208": "a prompt longer than the model reads",
    "I209": "a and an",
    "I210": "words that the built-in model does not know",
    "I212": "an article in the object's name",
    "I213": "words joined by _",
    "I214": "words in another language",
    "I308": "a used file that nothing refers to",
    "I403": "a field without effect",
    "I408": "words without effect",
    "I409": "learned weights are missing",
    "I416": "published settings scaled to the model",
    "I417": "a value stands twice",
    "I420": "settings other than those of the training",
    "I422": "a picture that takes long",
    "I508": "a line that holds for every picture",
    "I509": "a line that holds for no picture",
    "I606": "pictures and masks differ in number",
    "I607": "samples without pictures",
    "I612": "a region that no line is about",
    "I623": "a defect that is called spot",
    "I615": "pictures that cannot be looked at",
    "I622": "a limit smaller than what can be seen",
}
CATALOGUE: dict[str, Entry] = {
    code: Entry(title, "error" if code in _ERRORS else "warning")
    for code, title in sorted({**_ERRORS, **_WARNINGS}.items())
}


@cache
def page(code: str) -> str | None:
    """The page of a code as Markdown; None when there is none."""
    if not _CODE.fullmatch(code):
        return None
    try:
        return (_PAGES / f"{code}.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def codes_with_pages() -> list[str]:
    """Codes that have a page, sorted."""
    return sorted(path.stem for path in _PAGES.glob("*.md") if _CODE.fullmatch(path.stem))
