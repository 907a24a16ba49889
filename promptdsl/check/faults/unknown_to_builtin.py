"""I210: words that the built-in model has never seen.

Why: promptdsl-mini was trained on a small vocabulary; a word outside it adds nothing to a prompt.
"""

from promptdsl.builtin_words import unknown_words
from promptdsl.check.context import Context, listed, texts
from promptdsl.language.builders.objects import UNNAMED
from promptdsl.methods import BUILTIN_MODEL, METHODS
from promptdsl.source import Span

MOST_SHOWN = 12
FULL_MODEL = '"ViT-B-16-plus-240", "laion400m_e31"'


def unknown_to_builtin(context: Context) -> None:
    """One message for the spec, with the words in it, at the first of them."""
    found: dict[str, Span] = {}
    an_object = False
    for item in context.objects:
        if item.method.model_kind != "builtin" or not METHODS[item.method.name].uses_words:
            continue
        read = [(item.head, item.called)] if item.name != UNNAMED else []
        an_object = an_object or any(unknown_words(name) for _head, name in read)
        read += [(context.place(phrase), phrase.text) for phrase in texts(item)]
        for place, text in read:
            for word in unknown_words(text):
                found.setdefault(word, place)
    if not found:
        return
    what = "the word" if len(found) == 1 else f"{len(found)} words of this spec:"
    if an_object:
        help = "its scores will be poor without the object's name; production wants model: "
    else:
        help = "use other English words (promptdsl models shows what it knows), or a full model: "
    context.report.warning(
        "I210", next(iter(found.values())),
        f"{BUILTIN_MODEL} has never seen {what} {listed(found, MOST_SHOWN)}",
        help=help + FULL_MODEL,
    )  # fmt: skip
