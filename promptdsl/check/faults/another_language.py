"""I214: words in another language for a model that was trained on English.

Why: an English model makes nothing of "有划痕的" or "verkratzt": the words add noise to the prompt,
and the scores mean little.

A word is taken for foreign when it is written in another script, when it holds a letter that
English does not have (ä, é, ñ, ß, ...), or when it stands in the short lists below. Words that are
English as well (die, gut, con, sin, rot) are in no list: a phrase of such words alone is missed,
which is better than a warning about good English.
"""

import re
import unicodedata
from collections.abc import Iterator

from promptdsl.check.context import Context, listed, texts
from promptdsl.check.known_models import reads_many_languages
from promptdsl.language.builders.objects import UNNAMED
from promptdsl.language.recovery.signs import latin
from promptdsl.methods import METHODS
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec

MOST_SHOWN = 6
MANY_LANGUAGES = '"ViT-H-14-worldwide-quickgelu", "metaclip2_worldwide"'
_WORD = re.compile(r"[^\W\d_]+(?:[\u0300-\u036f][^\W\d_]*)*")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_WRITTEN_SO_IN_ENGLISH = frozenset(
    "façade façades naïve café décor piqué moiré ångström protégé appliqué déjà".split()
)
_UNITS = frozenset(("\u00b5m", "\u03bcm", "\u00b5s", "k\u03c9", "m\u03c9"))  # lower case
_ONE_SIGN_IS_A_WORD = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "YI ")
# Small words, only in small letters, since in capitals they may be somebody's abbreviation.
_SMALL = frozenset(
    "mit ohne und nicht der das ein eine einem einen einer eines ist sind auf von vom zum zur "
    "avec sans une dans les des du aux est "
    "una unos unas los las del sobre tiene "
    "della delle dello degli nella senza sul "
    "uma sem não "
    "een het zonder van op "
    "bez jest".split()
)
_WORDS = frozenset(
    # German
    "kratzer zerkratzt zerkratzte zerkratzter zerkratztes verkratzt verkratzte riss risse gerissen "
    "gerissene delle dellen beule defekt defekte defekter defektes verbogen verbogene verbogener "
    "verbogenes rostig rostige rostiger gebrochen gebrochene zerbrochen fehlt fehlend fehlende "
    "fehlender sauber saubere fehlerfrei fehlerfreie fehlerhaft fehlerhafte verschmutzt "
    "verschmutzte schmutz schmutzig fleck flecken bruch schraube metallmutter verformt verformte "
    "einwandfrei einwandfreie makellos "
    # French
    "rayure rayures tordu tordue rouille abime taches fissuree manquant manquante ecrou "
    # Spanish, Portuguese, Italian
    "rayado rayada rayones doblado doblada roto oxidado oxidada grieta grietas defecto defectos "
    "pieza limpio limpia manchado tornillo tuerca faltante riscado riscada amassado quebrado "
    "danificado ferrugem sujo graffio graffi graffiato graffiata difetto difetti rotto rotta "
    "piegato piegata macchia macchie crepa ruggine arrugginito pulito ammaccato ammaccatura "
    "danneggiato danneggiata mancante "
    # Dutch, Polish
    "kras krassen gekrast gebogen beschadigd beschadigde gebroken roestig deuk scheur vuil schoon "
    "moer schroef rysa rysy porysowany zarysowany uszkodzony uszkodzona brudny brudna".split()
)


def another_language(context: Context) -> None:
    """One message for the spec, with the words in it, at the first of them."""
    found: dict[str, tuple[Span, str]] = {}  # word -> where, and the model that reads it
    for item in context.objects:
        for place, text in _texts(context, item) if _is_read_as_english(item) else ():
            for word in foreign_words(text):
                if latin(word) is None:  # else one letter only looks like another: I133
                    found.setdefault(word, (place, item.method.model[0]))
    if found:
        place, model = next(iter(found.values()))
        words, seem = ("word", "seems") if len(found) == 1 else ("words", "seem")
        context.report.warning(
            "I214", place,
            f"the {words} {listed(found, MOST_SHOWN)} {seem} to be in another language, and "
            f"{model} was trained on English",
            help=f"say it in English, or choose a model of many languages, as {MANY_LANGUAGES}",
        )  # fmt: skip


def _is_read_as_english(item: ObjectSpec) -> bool:
    """The built-in model has a list of its words; files do not say what they were trained on."""
    method = item.method
    if method.model_kind != "open_clip" or not METHODS[method.name].uses_words:
        return False
    return item.name != UNNAMED and not reads_many_languages(method.model)


def _texts(context: Context, item: ObjectSpec) -> Iterator[tuple[Span, str]]:
    if "called" not in item.defaulted:
        yield item.head, item.called
    for phrase in texts(item):
        if context.written(phrase.span):
            yield context.place(phrase), phrase.text


def foreign_words(text: str) -> list[str]:
    """The words of a text that are not English, each once, in their order."""
    words = _WORD.findall(_PLACEHOLDER.sub(" ", unicodedata.normalize("NFC", text)))
    return [word for word in dict.fromkeys(words) if _is_foreign(word)]


def _is_foreign(word: str) -> bool:
    lower = word.lower()
    if word.isascii():
        return lower in _WORDS or word in _SMALL
    if lower in _WRITTEN_SO_IN_ENGLISH:
        return False
    names = [unicodedata.name(letter, "") for letter in word if not letter.isascii()]
    if any(name.startswith(_ONE_SIGN_IS_A_WORD) for name in names):
        return True
    return len(word) > 1 and lower not in _UNITS
