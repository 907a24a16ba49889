"""Mistakes to put into valid specs, and what can be said about them without asking the checker.

A mutation is `certain` when the language's description alone makes it a mistake: a brace or a quote
without partner, a keyword, name, colon or comma that is missing, words in the wrong order, a line
that may stand only once standing twice. Everything else (a phrase dropped, words of a phrase
swapped) may or may not leave a valid spec.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

_TOKEN = re.compile(
    r'(?P<comment>#[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*")|(?P<word>[^\W\d][\w-]*)'
    r"|(?P<value>[+-]?\d[\w.]*%?)|(?P<sign>>=|[{}:.,])|(?P<newline>\n)"
)
OPENING = {
    "inspect", "use", "words", "templates", "object", "normal", "defect", "method", "thresholds",
    "samples", "test", "remove", "include", "reject", "review", "expect", "picture", "region",
    "ignore", "locate", "except",
}  # fmt: skip
INNER = {
    "as", "extends", "when", "score", "area", "above", "at", "least", "most", "spot", "spots", "up",
    "to", "per", "located",
}  # fmt: skip
NAMED = {
    "object", "defect", "method", "words", "samples", "remove", "include", "extends", "as", "test",
    "use", "region", "ignore",
}  # fmt: skip
SHAPES = {"box", "circle", "ring", "polygon", "mask"}  # which may stand twice in a region
PHRASE_BLOCKS = {"normal", "defect", "templates"}


@dataclass(frozen=True)
class Piece:
    """One token: kind, text, place, 1-based line, and the block and statement it stands in."""

    kind: str
    text: str
    start: int
    end: int
    line: int
    block: "Block | None"
    rank: int  # how many tokens of its statement stand before it
    first: str  # the first word of its statement


class Block:
    """A pair of braces: the words before it, its lines, and the block around it."""

    def __init__(self, head: str, line: int, outer: "Block | None") -> None:
        self.head, self.line, self.outer, self.last_line = head, line, outer, line
        self.holds: list[Piece] = []


@dataclass(frozen=True)
class Mutation:
    """One change: replace text[start:end] by `new`; a report within `zones` tells of it."""

    kind: str
    start: int
    end: int
    new: str
    line: int
    certain: bool
    zones: tuple[tuple[int, int], ...]  # 1-based lines of the original, both ends included
    block: Block | None = None  # whose brace is concerned


@dataclass(frozen=True)
class Scanned:
    """A valid spec taken apart."""

    text: str
    pieces: list[Piece]
    blocks: list[Block]
    lines: list[str]
    starts: list[int]


def scan(text: str) -> Scanned:
    """Tokens and blocks of a valid spec."""
    pieces: list[Piece] = []
    blocks: list[Block] = []
    block: Block | None = None
    line, rank, first = 1, 0, ""
    for match in _TOKEN.finditer(text):
        kind, written = str(match.lastgroup), match.group()
        if kind == "comment":
            continue
        if kind == "newline":
            line, rank, first = line + 1, 0, ""
            continue
        if written == "{" and kind == "sign":
            block = Block(first, line, block)
            blocks.append(block)
        first = first or (written if kind == "word" else "")
        piece = Piece(kind, written, match.start(), match.end(), line, block, rank, first)
        pieces.append(piece)
        rank += 1
        if block is not None and written not in "{}":
            block.holds.append(piece)
        if kind == "sign" and written in "{,":
            rank, first = 0, ""
        if written == "}" and kind == "sign":
            assert block is not None
            block.last_line, block = line, block.outer
            rank = 1
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return Scanned(text, pieces, blocks, text.split("\n"), starts)


def near(line: int) -> tuple[tuple[int, int], ...]:
    """Within one line of a mistake."""
    return ((line - 1, line + 1),)


def brace_zone(spec: Scanned, block: Block) -> tuple[tuple[int, int], ...]:
    """From the block's head to the end of what holds it or of the block that follows it."""
    after = [each for each in spec.blocks if each.line > block.last_line]
    following = min((each.last_line for each in after), default=len(spec.lines))
    outer = block.outer.last_line if block.outer is not None else following
    return ((block.line - 1, max(block.last_line, min(outer, following)) + 1),)


def mutations(text: str) -> list[Mutation]:
    """Every single mutation of a valid spec."""
    spec = scan(text)
    found = [*_braces(spec), *_quotes(spec), *_tokens(spec), *_swaps(spec), *_lines(spec)]
    return sorted(found, key=lambda each: (each.start, each.end, each.kind))


def _braces(spec: Scanned) -> Iterator[Mutation]:
    for piece in spec.pieces:
        if piece.text in "{}" and piece.kind == "sign":
            assert piece.block is not None
            kind = "{ dropped" if piece.text == "{" else "} dropped"
            zone = brace_zone(spec, piece.block)
            yield Mutation(kind, piece.start, piece.end, "", piece.line, True, zone, piece.block)


def _quotes(spec: Scanned) -> Iterator[Mutation]:
    for piece in spec.pieces:
        if piece.kind == "text":
            for at in (piece.start, piece.end - 1):
                yield Mutation("quote dropped", at, at + 1, "", piece.line, True, near(piece.line))


def _tokens(spec: Scanned) -> Iterator[Mutation]:
    for before, piece, after in _threes(spec.pieces):
        if piece.text in "{}" and piece.kind == "sign":
            continue
        kind = _dropped(spec, before, piece, after)
        zone = near(piece.line)
        if piece.text == "use" or piece.first == "use":
            zone += _uses(spec, piece.line)
        yield Mutation(
            kind or "token dropped", piece.start, piece.end, "", piece.line, kind is not None, zone
        )


def _threes(pieces: Sequence[Piece]) -> Iterator[tuple[Piece | None, Piece, Piece | None]]:
    padded = [None, *pieces, None]
    for index, piece in enumerate(pieces):
        yield padded[index], piece, padded[index + 2]


def _dropped(spec: Scanned, before: Piece | None, piece: Piece, after: Piece | None) -> str | None:
    """Which certain mistake it is to drop this token; None when it may be none."""
    same = before is not None and before.line == piece.line
    if piece.rank == 0 and piece.text in OPENING:
        return "keyword dropped"
    if piece.kind == "word" and piece.text in INNER and piece.rank > 0:
        return "keyword dropped"
    named = same and before is not None and before.text in NAMED and before.kind == "word"
    if named and piece.kind in ("word", "text"):
        return "name dropped"
    if piece.text == "." or (same and before is not None and before.text == "."):
        return "name dropped"
    if piece.text == ":":
        return "colon dropped"
    if piece.text == ",":
        beside = after is not None and after.line == piece.line
        return "comma dropped" if beside else None
    if piece.text == ">=" or (before is not None and before.text == ">="):
        return "value dropped"
    if same and before is not None and before.text == ":":
        alone = after is None or after.line != piece.line or after.text == "}"
        return "value dropped" if alone else None
    if piece.kind == "value" and piece.rank == 1 and piece.first == "inspect":
        return "value dropped"
    return None


def _uses(spec: Scanned, line: int) -> tuple[tuple[int, int], ...]:
    """Where the short name of a `use` line is used."""
    words = [piece for piece in spec.pieces if piece.line == line and piece.kind == "word"]
    alias = words[-1].text
    return tuple(
        (piece.line - 1, piece.line + 1)
        for piece, after in pairwise(spec.pieces)
        if piece.text == alias and after.text == "."
    )


def _swaps(spec: Scanned) -> Iterator[Mutation]:
    words = [piece for piece in spec.pieces if piece.kind in ("word", "value")]
    for left, right in pairwise(words):
        between = spec.text[left.end : right.start]
        if (
            left.line != right.line
            or left.text == right.text
            or not re.fullmatch(r"[ ]*[.:]?[ ]*|[ ]*\"[^\"]*\"[ ]*", between)
        ):
            continue
        certain = bool({left.text, right.text} & (OPENING | INNER)) or between.strip() in (".", ":")
        zone = near(left.line) + (_uses(spec, left.line) if left.first == "use" else ())
        new = right.text + between + left.text
        yield Mutation("words swapped", left.start, right.end, new, left.line, certain, zone)
    for piece in spec.pieces:
        if piece.kind == "text" and " " in piece.text:
            new = re.sub(r"^\"([^ ]+) ([^ ]+)", r'"\2 \1', piece.text[:-1]) + '"'
            yield Mutation(
                "words of a text swapped", piece.start, piece.end, new, piece.line, False,
                near(piece.line),
            )  # fmt: skip


def _lines(spec: Scanned) -> Iterator[Mutation]:
    for index, line in enumerate(spec.lines):
        number, start = index + 1, spec.starts[index]
        if not line.strip():
            continue
        held = [piece for piece in spec.pieces if piece.line == number]
        signs = [piece.text for piece in held if piece.kind == "sign"]
        brace = next((p.block for p in held if p.text in ("{", "}") and p.kind == "sign"), None)
        lone = signs.count("{") != signs.count("}")
        zone = brace_zone(spec, brace) if lone and brace is not None else near(number)
        if held and held[0].text == "use":
            zone += _uses(spec, number)
        end = min(start + len(line) + 1, len(spec.text))
        block = brace if lone else None
        yield Mutation(
            "line dropped", start, end, "", number, lone or _must_stay(spec, held), zone, block
        )
        certain = lone or _once(held)
        yield Mutation(
            "line doubled", start, start, line + "\n", number, certain,
            (*zone, (number, number + 2)), block,
        )  # fmt: skip


def _must_stay(spec: Scanned, held: list[Piece]) -> bool:
    """Whether a line without lone braces cannot be missed."""
    if not held:
        return False
    word, block = held[0].text, held[0].block
    if held[0].kind == "word" and word == "inspect":
        return True
    if word == "use":
        return bool(_uses(spec, held[0].line))
    if block is None or any(piece.text == "{" for piece in held):
        return False
    alone = all(piece.line == held[0].line for piece in block.holds)
    if alone and block.head in PHRASE_BLOCKS and block.outer is not None:
        return True
    return (block.head == "test" and word in ("on", "expect")) or word == "images"


def _once(held: list[Piece]) -> bool:
    """Whether a line without lone braces may not stand twice."""
    if not held:
        return False
    first, block = held[0], held[0].block
    if first.kind == "word" and first.text == "include":
        return block is not None and block.head in PHRASE_BLOCKS and block.outer is not None
    if first.kind == "word" and first.text in OPENING:
        return True
    if len(held) > 1 and held[1].text == ":":
        return first.text not in SHAPES
    phrase = first.kind == "text" and block is not None and block.head in PHRASE_BLOCKS
    return phrase and block is not None and block.outer is not None


def independent(
    found: Sequence[Mutation], count: int, dice: random.Random, distance: int = 4
) -> list[Mutation]:
    """Up to `count` mutations on lines that lie apart, no two at the same pair of braces."""
    chosen: list[Mutation] = []
    for _ in range(40 * count):
        if len(chosen) == count or not found:
            break
        kind = dice.choice(sorted({each.kind for each in found}))
        each = dice.choice([one for one in found if one.kind == kind])
        if all(
            abs(each.line - other.line) >= distance
            and (each.block is None or each.block is not other.block)
            for other in chosen
        ):
            chosen.append(each)
    return chosen


def apply(text: str, chosen: Sequence[Mutation]) -> str:
    """The text with all changes made."""
    for each in sorted(chosen, key=lambda one: one.start, reverse=True):
        text = text[: each.start] + each.new + text[each.end :]
    return text


def moved(text: str, chosen: Sequence[Mutation], line: int) -> int:
    """Where a line of the original stands after the changes."""
    for each in chosen:
        if each.line < line:
            line += each.new.count("\n") - text.count("\n", each.start, each.end)
    return line
