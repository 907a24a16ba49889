"""From what a person types to names and phrases: "Metal nut" -> metal_nut, "bent tooth" -> phrases.

Phrases for a single word come from `std/states`, which has a list for each kind of damage.
"""

import re
import unicodedata
from typing import Literal

from promptdsl.check.faults.wrong_article import sounds_like_vowel
from promptdsl.language.state_lists import state_lists, stem
from promptdsl.language.vocabulary import KEYWORDS, RESERVED

PLACEHOLDER = "{object}"
MAX_WORDS_LENGTH = 60
MAX_PHRASES = 4
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "ł": "l"}
)
_TAKEN = {*KEYWORDS, *RESERVED, "base", "good", "pass"}
_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\S)", re.I)
_PREPOSITIONS = {"on", "in", "at", "of", "along", "near", "under", "inside", "around", "across"}
_LACKING = {"missing", "no", "without", "lacking"}
_ONE_OF_ITS_KIND = {"wrong", "entire", "whole"}
_ADJECTIVES = {
    "bent", "broken", "torn", "split", "burnt", "worn", "rough", "loose", "open", "wet", "dirty",
    "rusty", "dusty", "oily", "greasy", "crooked", "flat", "blunt", "dull", "empty", "incomplete",
    "uneven", "skewed", "soft", "brittle", "sticky", "cloudy", "dark", "pale", "swollen", "cut",
}  # fmt: skip
_UNCOUNTED = {
    "dirt", "dust", "rust", "corrosion", "contamination", "oil", "grease", "glue", "liquid", "wear",
    "damage", "discoloration", "debris", "moisture", "water", "wax", "paint", "lint", "mold", "ink",
}  # fmt: skip


def tidy(typed: str) -> str:
    """One line without braces, control characters, an article, a capital, a full stop."""
    named = typed.replace(PLACEHOLDER, " ")
    kept = "".join(c if c.isprintable() and c not in "{}" else " " for c in named)
    words = _ARTICLE.sub("", " ".join(kept.split()).strip(" .,;:\"'"), count=1)
    capital = words[:1].isupper() and words[1:2].islower()
    return words[:1].lower() + words[1:] if capital else words


def fault_of(words: str) -> Literal["empty", "long", "letters"] | None:
    """What is wrong with words for a part or a defect."""
    if not words:
        return "empty"
    if len(words) > MAX_WORDS_LENGTH:
        return "long"
    return None if any(character.isalpha() for character in words) else "letters"


_PAIR = re.compile(r"\s*(\w+)\s+(?:and|or)\s+(\w+)[\s.]*")


def several(typed: str) -> tuple[str, ...]:
    """`scratch, rust` are two defects; one empty text when there is none.

    A comma between digits or inside brackets divides nothing. Behind commas `dent and rust` are
    two, as the end of a list; alone they may be one.
    """
    pieces = [typed] if set(typed) & set("()[]") else re.split(r"(?<!\d)[,;]|[,;](?!\d)", typed)
    if len(pieces) > 1 and (last := _PAIR.fullmatch(pieces[-1])):
        pieces[-1:] = last.groups()
    found = (tidy(re.sub(r"^\s*(?:and|or)\s+", "", piece)) for piece in pieces)
    return tuple(dict.fromkeys(words for words in found if words)) or ("",)


def name_for(words: str, fallback: str) -> str:
    """A snake_case name; words without any Latin letter give the fallback."""
    latin = unicodedata.normalize("NFKD", words.lower().translate(_LETTERS))
    plain = "".join(c for c in latin if not unicodedata.combining(c))
    made = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_")
    if not any(c.isalpha() for c in made):
        made = f"{fallback}_{made}" if made else fallback
    elif made[0].isdigit():
        made = f"{fallback}_{made}"
    return f"{made}_{fallback}" if made in _TAKEN else made


def phrases_for(words: str) -> tuple[str, ...]:
    """Two to four phrases that say of an object that it has this defect."""
    if not words.split():
        return ()
    if PLACEHOLDER in words:
        return (words,)
    if " " not in words:
        listed = _listed(words.lower())
        if listed:
            return listed[:MAX_PHRASES]
    return _made(words)


def related(piece: str, words: str) -> bool:
    """True where a text shares a word with a defect, whatever the ending: scratches, scratched."""
    stems = {stem(word) for word in words.lower().split()}
    return any(stem(word) in stems for word in piece.lower().split())


def _made(words: str) -> tuple[str, ...]:
    first, *rest = words.split()
    if first.lower() in _LACKING and rest:
        thing = " ".join(rest)
        return (
            f"{PLACEHOLDER} with {_one(f'missing {thing}')}",
            f"{PLACEHOLDER} without {_one(thing)}",
        )
    if first.lower() in _ONE_OF_ITS_KIND and rest:
        return (f"{PLACEHOLDER} with the {words}",)
    if first.lower() in _PREPOSITIONS | {"with"}:
        return (f"{PLACEHOLDER} {words}",)
    if not rest and _is_adjective(first):
        return (f"{words} {PLACEHOLDER}", f"{PLACEHOLDER} that is {words}")
    return (f"{PLACEHOLDER} with {_one(words)}", f"damaged {PLACEHOLDER} with {_one(words)}")


def _is_adjective(word: str) -> bool:
    return word.lower() in _ADJECTIVES or word.lower().endswith("ed")


def _one(words: str) -> str:
    """With the article that English wants: a scratch, an edge, scratches, rust."""
    head = words.split()
    at = next((i for i, word in enumerate(head) if i and word.lower() in _PREPOSITIONS), len(head))
    noun = head[at - 1].lower()
    plural = noun.endswith("s") and not noun.endswith(("ss", "us", "is"))
    if plural or noun in _UNCOUNTED:
        return words
    return f"{'an' if sounds_like_vowel(words) else 'a'} {words}"


def _listed(word: str) -> tuple[str, ...]:
    """The phrases of the list in `std/states` that the word names or begins, if there is one."""
    lists = state_lists()
    wanted = stem(word)
    for name, phrases in lists.items():
        if wanted == stem(name) and "_" not in name:
            return phrases
    for phrases in lists.values():
        if wanted in {stem(phrase.split()[0]) for phrase in phrases}:
            return phrases
    return ()
