"""I210: words that the built-in model has never seen.

Why: promptdsl-mini was trained on a small vocabulary; a word outside it adds nothing to a prompt.
"""

from collections.abc import Iterator

from promptdsl.builtin_words import unknown_words
from promptdsl.check.context import Context, states
from promptdsl.language.build.objects import UNNAMED
from promptdsl.methods import BUILTIN_MODEL, METHODS
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec

MOST_SHOWN = 12
FULL_MODEL = 'model: "ViT-B-16-plus-240", "laion400m_e31"'


def unknown_to_builtin(context: Context) -> None:
    """One message for the spec, with the words in it, at the first of them."""
    found: dict[str, Span] = {}
    objects: list[str] = []
    for item in context.objects:
        if item.method.model_kind != "builtin" or not METHODS[item.method.name].uses_words:
            continue
        for place, text, is_name in _texts(context, item):
            words = unknown_words(text)
            objects += words if is_name else []
            for word in words:
                found.setdefault(word, place)
    if found:
        _tell(context, list(found), next(iter(found.values())), bool(objects))


def _texts(context: Context, item: ObjectSpec) -> Iterator[tuple[Span, str, bool]]:
    """What the model reads of an object, and whether it is the object's name."""
    if item.name != UNNAMED:
        yield item.head, item.called, True
    for _defect, phrase in states(item):
        yield context.place(phrase), phrase.text, False
    for template in item.templates:
        yield context.place(template), template.text, False


def _tell(context: Context, words: list[str], place: Span, an_object: bool) -> None:
    listed = ", ".join(words[:MOST_SHOWN])
    if len(words) > MOST_SHOWN:
        listed += f" and {len(words) - MOST_SHOWN} more"
    what = "the word" if len(words) == 1 else f"{len(words)} words of this spec:"
    if an_object:
        help = f"its scores will be poor without the object's name; production wants {FULL_MODEL}"
    else:
        help = "use other English words (promptdsl models shows what it knows), or a full model: "
        help += FULL_MODEL.removeprefix("model: ")
    context.report.warning(
        "I210", place, f"{BUILTIN_MODEL} has never seen {what} {listed}", help=help
    )
