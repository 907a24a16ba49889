"""Words worth trying: out of the standard library's lists of states, for each group of an object.

A defect is offered the lists that share a word with its name or with one of its phrases ("scratched
nut" -> the list scratch); normal is offered the list of flawless states. Phrases that the object
has anywhere already, and those with words that the built-in model has never seen, are left away.
"""

import re
from typing import NamedTuple

from promptdsl.builtin_words import unknown_words
from promptdsl.evaluate.words.units import NORMAL, groups_of
from promptdsl.language.state_lists import ENDINGS, LIBRARY, state_lists, stem
from promptdsl.plan.expand import PLACEHOLDER
from promptdsl.spec import ObjectSpec

FLAWLESS = "flawless_more"
_WORD = re.compile(r"[a-z]+")
_EMPTY_WORDS = frozenset(
    "a an and at by from in it its of off on one or out part parts some something that the to too "
    "up where with without wrong object surface edge edges spot small large material piece other "
    "damaged defect defects flaw".split()
)
_ENDINGS = (*ENDINGS, "y", "n", "t")


class Candidate(NamedTuple):
    """A phrase for a group, and the list that it stands in."""

    group: str  # `normal` or the name of a defect
    phrase: str
    source: str  # std/states.scratch


def candidates(item: ObjectSpec) -> list[Candidate]:
    """Every phrase that may be added, in the order of the library."""
    groups = [(NORMAL, [FLAWLESS])]
    groups += [(defect.name, _lists_for(item, defect.name)) for defect in item.defects]
    taken = {_key(phrase.text) for phrases in groups_of(item).values() for phrase in phrases}
    builtin = item.method.model_kind == "builtin"
    found: list[Candidate] = []
    for group, names in groups:
        for name in names:
            for phrase in state_lists()[name]:
                if _key(phrase) in taken or (builtin and unknown_words(phrase)):
                    continue
                taken.add(_key(phrase))
                found.append(Candidate(group, phrase, f"{LIBRARY}.{name}"))
    return found


def _lists_for(item: ObjectSpec, group: str) -> list[str]:
    defect = next(defect for defect in item.defects if defect.name == group)
    own = _stems(group.replace("_", " "))
    for phrase in defect.phrases:
        own |= _stems(phrase.text)
    own -= _stems(item.called)
    return [
        name
        for name, phrases in state_lists().items()
        if name != FLAWLESS and own & _subject(name, phrases)
    ]


def _subject(name: str, phrases: tuple[str, ...]) -> set[str]:
    """What a list is about: its name, and the first word of phrases such as "cracked {object}"."""
    first = [p.split()[0] for p in phrases if not p.startswith(PLACEHOLDER)]
    return _stems(name.replace("_", " ")) | _stems(" ".join(first))


def _stems(text: str) -> set[str]:
    words = _WORD.findall(text.replace(PLACEHOLDER, " ").lower())
    return {stem(word, _ENDINGS) for word in words if word not in _EMPTY_WORDS}


def _key(phrase: str) -> str:
    return " ".join(phrase.lower().split())
