"""The words of the language, by the place where they may stand; the docs read these tables too."""

import re
import unicodedata

from promptdsl.language.picture_words import EXCEPT_DOC, LOCATE_DOC

KEYWORDS: dict[str, str] = {
    "inspect": "the language version; the first line of every file",
    "use": "brings in another file under a short name",
    "words": "a named list of phrases, for reuse",
    "templates": "photo templates; with a name, a list for reuse",
    "object": "one kind of part to inspect",
    "normal": "phrases for a good part",
    "defect": "phrases for one named defect",
    "method": "the detection method and its settings",
    "thresholds": "score and area limits that decide the verdict",
    "samples": "labelled pictures to validate and calibrate with",
    "test": "a claim about the samples that validate checks",
    "remove": "drops a defect that the parent object has",
    "include": "puts the lines of a list, or of the parent object, here",
    "reject": "a threshold line that rejects the part",
    "review": "a threshold line that sends the part to a person",
    "expect": "what a test expects",
}
# Words that open a block and are names everywhere else, for they were names before.
BLOCK_NAMES: dict[str, str] = {
    "picture": "how a picture becomes what the model sees",
    "region": "a named place of the picture, out of shapes",
    "ignore": "places that are never scored, and why",
    "locate": LOCATE_DOC,
    "except": EXCEPT_DOC,
}
CONTEXT_WORDS: dict[str, str] = {
    "as": "gives a used file its short name",
    "extends": "names the parent object",
    "base": "the parent object's lines, after include",
    "called": "field of an object: how the object is called in phrases",
    "images": "field of samples: the pictures",
    "masks": "field of samples: pictures that mark the defective pixels white",
    "on": "field of test: the samples that it looks at",
    "when": "stands before the condition of a threshold line",
    "score": "the picture's anomaly score, 0 to 1",
    "area": "all places together that are above a local score: a share, or px2 or mm2",
    "spot": "the longest, or the largest, connected place above a local score",
    "spots": "how many connected places there are above a local score",
    "above": "stands before the local score from which on a place counts",
    "in": "limits a threshold line to a region",
    "part not located": "holds for a picture that locate cannot bring to the golden one",
    "auto": "a limit that promptdsl calibrate finds",
    "good": "label of samples without defects",
    "pass": "the verdict when no threshold line holds",
    "at": "as in at least 95%, at most 2%",
    "least": "as in at least 95%",
    "most": "as in at most 2%",
}
RESERVED: tuple[str, ...] = (
    "sequence", "output", "when", "if", "for", "let",
)  # fmt: skip

TOP_LEVEL = ("inspect", "use", "words", "templates", "object")
IN_OBJECT = (
    "called", "normal", "defect", "templates", "method", "thresholds", "samples", "test", "remove",
    "picture", "region", "ignore",
)  # fmt: skip

FORMS: dict[str, str] = {
    "inspect": "inspect 1",
    "use": 'use "std/winclip" as std',
    "words": 'words NAME { "good {object}" }',
    "templates": 'templates { "a photo of the {object}." }',
    "object": "object NAME { ... }",
    "called": 'called: "metal nut"',
    "normal": 'normal { "flawless {object}" }',
    "defect": 'defect scratch { "scratched {object}" }',
    "method": "method winclip { ... }",
    "thresholds": "thresholds { reject when score >= 0.6 }",
    "samples": 'samples good { images: "good/*.png" }',
    "test": 'test "good parts pass" { on: good, expect reject at most 2% }',
    "remove": "remove scratch",
    "picture": "picture { tiles: 480 px }",
    "region": "region lip { ring: 50% 50%, 30% to 42% }",
    "ignore": 'ignore "serial number" { box: 10% 80% 30% 10% }',
    "locate": 'locate { like: "good/000.png", turn: up to 15 deg }',
    "except": "except { circle: 50% 50%, 10% }",
    "include": "include std.normal",
    "rule": "reject when score >= 0.62 (or: reject when area above 0.70 >= 0.5%)",
    "expect": "expect reject at least 95%",
}

TEXT_FIELDS = {
    "called", "model", "weights", "references", "images", "masks", "like", "part", "mask",
}  # fmt: skip

# Words that other people would take, and the word of the language that they mean.
SYNONYMS: dict[str, str] = {
    "name": "called", "title": "called",
    "good": "normal", "ok": "normal",
    "bad": "defect", "fault": "defect", "flaw": "defect", "anomaly": "defect", "error": "defect",
    "defects": "defect", "prompts": "templates", "prompt": "templates", "photos": "templates",
    "limits": "thresholds", "limit": "thresholds", "rules": "thresholds", "verdict": "thresholds",
    "algorithm": "method", "detector": "method", "claim": "test", "delete": "remove",
    "import": "use", "part": "object", "product": "object", "workpiece": "object",
}  # fmt: skip

LANGUAGE_VERSION = 1
NAME = re.compile(r"[a-z][a-z0-9_]*")


def snake_case(word: str) -> str:
    """The nearest valid name."""
    plain = unicodedata.normalize("NFKD", word.strip().lower().replace("ß", "ss"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    made = re.sub(r"[^a-z0-9_]+", "_", letters).strip("_")
    return made if made[:1].isalpha() else f"n{made}" if made else "name"
