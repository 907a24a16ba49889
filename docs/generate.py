"""Writes the generated parts of the documentation: `python docs/generate.py [--check]`.

In `docs/*.md` a part between `<!-- generated: NAME -->` and `<!-- end -->` is replaced by what the
function of that name in PARTS makes out of the tables that the program itself reads.
"""

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from promptdsl.check.faults.too_many_prompts import (
    MAX_LETTERS,
    MAX_OBJECTS,
    MAX_PROMPTS,
    MAX_PROMPTS_OF_ALL,
)
from promptdsl.check.resolve.lists import MAX_CHAIN as MAX_NESTED
from promptdsl.check.resolve.lists import MAX_LINES, MAX_LINES_OF_ALL
from promptdsl.check.resolve.modules import MAX_CHAIN, MAX_FILES
from promptdsl.check.resolve.modules import MAX_LETTERS as MAX_LETTERS_OF_FILES
from promptdsl.diagnostics.catalogue import CATALOGUE
from promptdsl.files.find import MAX_ENTRIES
from promptdsl.language.balance import MAX_DEPTH
from promptdsl.language.builders.names import MAX_NAME
from promptdsl.language.picture_words import (
    LOCATE_FIELDS,
    PICTURE_FIELDS,
    SHAPES,
    PictureField,
    range_of,
    written_value,
)
from promptdsl.language.tokens import MAX_TOKENS
from promptdsl.language.vocabulary import BLOCK_NAMES, CONTEXT_WORDS, KEYWORDS, RESERVED
from promptdsl.methods import METHODS, Field, Method, Setting
from promptdsl.plan.model import PictureSettings
from promptdsl.scoring.views import spread
from promptdsl.source import MAX_BYTES

DOCS = Path(__file__).resolve().parent
PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.S)
GROUPS = {
    "0": "The file",
    "1": "Lines and blocks",
    "2": "Phrases and prompts",
    "3": "Names and other files",
    "4": "Method and model",
    "5": "Thresholds",
    "6": "Pictures and tests",
}
KINDS = {
    "model": "texts",
    "file": "a path",
    "files": "paths",
    "windows": "`image` and sizes",
    "blocks": "whole numbers",
    "choice": "a word",
    "count": "a whole number",
    "number": "a number",
    "pixels": "pixels",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *(list(row) for row in rows)]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def keywords() -> str:
    """Words that begin a line, and words that mean something inside one."""
    rows = [(f"`{word}`", meaning) for word, meaning in (KEYWORDS | BLOCK_NAMES).items()]
    more = [(f"`{word}`", meaning) for word, meaning in CONTEXT_WORDS.items()]
    kept = ", ".join(f"`{word}`" for word in RESERVED)
    first, second = (
        table(("begins a line", "meaning"), rows),
        table(("inside a line", "meaning"), more),
    )
    return f"{first}\n{second}\nKept for later versions: {kept}.\n"


def fields() -> str:
    """One table of settings for each method."""
    return "\n".join(_fields_of(method) for method in METHODS.values())


def _fields_of(method: Method) -> str:
    rows = [
        (f"`{field.name}`", KINDS[field.kind], _default(field), _range(field), field.doc)
        for field in method.fields
    ]
    head = ("field", "takes", "default", "range", "meaning")
    return f"### `method {method.name}`: {method.title} ({method.paper})\n\n{table(head, rows)}"


def _default(field: Field) -> str:
    missing = {"references": "none", "shots": "all", "weights": "none", "image_size": "the model's"}
    if field.default in (None, ()):
        return missing[field.name]
    return f"`{_written(field, field.default)}`"


def _written(field: Field, value: Setting) -> str:
    if field.kind == "model" and isinstance(value, tuple):
        return ", ".join(f'"{name}"' for name in value)
    listed = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"{listed} px" if field.kind == "pixels" else listed


def _range(field: Field) -> str:
    if field.choices:
        return ", ".join(f"`{choice}`" for choice in field.choices)
    if field.kind == "windows":
        return "up to the model's grid"
    if field.kind == "blocks":
        return "from 1, up to the model's blocks"
    if field.minimum is None:
        return ""
    low = f"more than {field.minimum:g}" if field.minimum_excluded else f"from {field.minimum:g}"
    return f"{low} to {field.maximum:.0f}" if field.maximum is not None else low


def picture_fields() -> str:
    """The lines of `picture` and of `locate`."""
    head = ("line", "takes, for example", "default", "range", "meaning")
    blocks = (("picture", PICTURE_FIELDS), ("locate", LOCATE_FIELDS))
    return "\n".join(
        f"### `{name}`\n\n{table(head, map(_picture_field, fields))}" for name, fields in blocks
    )


def _picture_field(field: PictureField) -> tuple[str, ...]:
    takes = ", ".join(f"`{one}`" for one in field.choices or (field.example,))
    takes += " or `3x2`" if field.kind == "tiles" else ""
    default = written_value(field, field.default) if field.default is not None else "none"
    shown = f"`{default}`" if field.default is not None else default
    return f"`{field.name}`", takes, shown, range_of(field), field.doc


def shapes() -> str:
    """The shapes of regions and ignored places."""
    rows = [(f"`{name}: {it.form}`", f"`{it.example}`", it.doc) for name, it in SHAPES.items()]
    return table(("shape", "for example", "meaning"), rows)


def limits() -> str:
    """The limits that keep a slip from filling the memory."""
    rows = [
        ("size of a file", f"{MAX_BYTES // 1_000_000} MB"),
        ("words and signs of a file", f"{MAX_TOKENS:,}"),
        ("files of a spec", f"{MAX_FILES}"),
        ("letters of all files of a spec", f"{MAX_LETTERS_OF_FILES:,}"),
        ("files that use each other in a row", f"{MAX_CHAIN}"),
        ("objects of a file", f"{MAX_OBJECTS:,}"),
        ("lists that include, objects that extend each other in a row", f"{MAX_NESTED}"),
        ("letters of a name", f"{MAX_NAME}"),
        ("files and folders that a pattern may lead through", f"{MAX_ENTRIES:,}"),
        ("levels of braces", f"{MAX_DEPTH}"),
        ("lines of a block, includes counted", f"{MAX_LINES:,}"),
        ("lines of all objects, included and inherited ones counted", f"{MAX_LINES_OF_ALL:,}"),
        ("prompts of an object", f"{MAX_PROMPTS:,}"),
        ("prompts of a spec", f"{MAX_PROMPTS_OF_ALL:,}"),
        ("letters of all prompts of a spec", f"{MAX_LETTERS:,}"),
    ]
    return table(("limit", "value"), rows)


def codes() -> str:
    """Every message with a link to its page."""
    parts = []
    for digit, title in GROUPS.items():
        rows = [
            (f"[{code}](../promptdsl/diagnostics/pages/{code}.md)", entry.severity, entry.title)
            for code, entry in CATALOGUE.items()
            if code[1] == digit
        ]
        parts.append(f"## {title}\n\n{table(('code', 'severity', 'title'), rows)}")
    return "\n".join(parts)


def smallest() -> str:
    """The smallest defect that can be seen, for usual pictures, tiles and models; and the tiles."""
    models = {"240 px, patches of 16": (240, 16), "518 px, patches of 14": (518, 14)}
    rows = [
        (f"{width:,} x {height:,} px", what, *(_seen(side, *model) for model in models.values()),
         f"{_count(width, tile) * _count(height, tile):,}" if tile else "")
        for width, height in ((1_000, 750), (4_000, 3_000), (12_000, 9_000))
        for tile in ((None, 480, 960) if width > 1_000 else (None,))
        for what, side in [(f"tiles: {tile} px" if tile else "whole", tile or width)]
    ]  # fmt: skip
    return table(("picture", "seen", *models, "tiles"), rows)


def _seen(side: int, model: int, patch: int) -> str:
    return f"{side * patch / model:.0f} px"


def _count(side: int, tile: int) -> int:
    return len(spread(side, tile, PictureSettings.model_fields["overlap"].default)[0])


PARTS: dict[str, Callable[[], str]] = {
    "keywords": keywords,
    "fields": fields,
    "limits": limits,
    "picture_fields": picture_fields,
    "shapes": shapes,
    "codes": codes,
    "smallest": smallest,
}


def generated(text: str) -> str:
    """A page with its generated parts made anew; KeyError for a part that nothing makes."""
    return PART.sub(
        lambda match: f"{match.group(1)}\n{PARTS[match.group(2)]()}\n{match.group(3)}", text
    )


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are out of date."""
    old = []
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        new = generated(text)
        if new != text:
            old.append(path)
            if "--check" not in arguments:
                path.write_text(new, encoding="utf-8")
    verb = "out of date" if "--check" in arguments else "written"
    sys.stdout.write("".join(f"{verb}: {path.name}\n" for path in old))
    return 1 if old and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
