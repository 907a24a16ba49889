"""I214: words in another language for a model that was trained on English.

Why: an English model makes nothing of "有划痕的" or "verkratzt": the words add noise to the prompt,
and the scores mean little.
"""

from collections.abc import Iterator

from promptdsl.check.context import Context, listed, texts
from promptdsl.check.known_models import reads_many_languages
from promptdsl.check.languages import foreign_words
from promptdsl.language.build.objects import UNNAMED
from promptdsl.language.recovery.signs import latin
from promptdsl.methods import METHODS
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec

MOST_SHOWN = 6
MANY_LANGUAGES = '"ViT-H-14-worldwide-quickgelu", "metaclip2_worldwide"'


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
