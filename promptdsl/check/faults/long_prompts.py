"""I208: a prompt longer than the model's context is cut, and its end says nothing.

Why: CLIP reads 77 tokens at most. Tokens are only counted for prompts that could be that long.

The merge table is the file that open_clip ships; without it, four bytes are taken for a token,
which errs on the long side.
"""

import gzip
import re
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import islice, pairwise
from pathlib import Path

from promptdsl.check.context import Context, states
from promptdsl.spec import ObjectSpec, Phrase

DEFAULT_CONTEXT = 77
_START_AND_END = 2
_WORDS = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|[^\s\w]+|_+", re.IGNORECASE)
_MERGES = 49152 - 256 - 2
_FIRST_MERGES = 2_000
_LONGEST_WORD = 200  # pairs are merged in quadratic time, and no real word is longer


def long_prompts(context: Context, item: ObjectSpec) -> None:
    """One message per phrase, for its longest prompt."""
    facts = item.method.facts
    limit = facts.context if facts is not None else DEFAULT_CONTEXT
    template = max(item.templates, key=lambda t: len(t.text.encode()), default=None)
    if template is None:
        return
    for _defect, phrase in states(item):
        if not _check(context, item, phrase, template, limit):
            break


def _check(
    context: Context, item: ObjectSpec, phrase: Phrase, template: Phrase, limit: int
) -> bool:
    """False once a message about the template or the object's name would only repeat itself."""
    text = template.text.replace("{object}", phrase.text).replace("{object}", item.called)
    if len(text.encode()) + _START_AND_END <= limit or token_bound(text) + _START_AND_END <= limit:
        return True
    count = token_count(text) + _START_AND_END
    if count <= limit:
        return True
    blame = phrase if len(phrase.text) >= len(template.text) else template
    context.report.warning(
        "I208", context.place(blame),
        f"with this, a prompt of {item.name} has {count} tokens, and the model reads {limit}",
        label="the end would be cut off",
        help="say it in fewer words",
    )  # fmt: skip
    return blame is phrase


@cache
def _ranks(merges: int) -> dict[tuple[str, str], int] | None:
    found = find_spec("open_clip")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "bpe_simple_vocab_16e6.txt.gz"
        if path.is_file():
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                pairs = [line.split() for line in islice(lines, 1, merges + 1)]
            return {(pair[0], pair[1]): rank for rank, pair in enumerate(pairs) if len(pair) == 2}
    return None


@cache
def _letters() -> dict[int, str]:
    """The printable stand-ins for bytes that byte-pair encoding uses."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    table = {byte: chr(byte) for byte in plain}
    return table | {byte: chr(256 + index) for index, byte in enumerate(others)}


def token_count(text: str) -> int:
    """Tokens of a text, start and end not counted."""
    return sum(_pieces(word, _MERGES) for word in _WORDS.findall(text.lower()))


def token_bound(text: str) -> int:
    """At least the tokens of a text, from the head of the merge table, which is quick to read.

    Merges are applied in the order of the table, so fewer of them leave more pieces.
    """
    return sum(_pieces(word, _FIRST_MERGES) for word in _WORDS.findall(text.lower()))


@lru_cache(maxsize=10_000)
def _pieces(word: str, merges: int) -> int:
    ranks = _ranks(merges) if len(word) <= _LONGEST_WORD else None
    if ranks is None:
        return max(1, -(-len(word.encode()) // 4))
    parts = [_letters()[byte] for byte in word.encode("utf-8")]
    parts[-1] += "</w>"
    while len(parts) > 1:
        pairs = [(ranks.get(pair, _MERGES), at) for at, pair in enumerate(pairwise(parts))]
        rank, at = min(pairs)
        if rank == _MERGES:
            break
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return len(parts)
