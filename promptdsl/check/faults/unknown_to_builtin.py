"""I210: words that the built-in model has never seen.

Why: promptdsl-mini was trained on a small vocabulary; a word outside it adds nothing to a prompt.
"""

from promptdsl.builtin_words import unknown_words
from promptdsl.check.context import Context, states
from promptdsl.methods import BUILTIN_MODEL, METHODS
from promptdsl.spec.model import ObjectSpec, Phrase
from promptdsl.syntax.build_object import UNNAMED


def unknown_to_builtin(context: Context) -> None:
    """Name the unknown words of each phrase, and of the object's name."""
    for item in context.objects:
        if item.method.model_kind != "builtin" or not METHODS[item.method.name].uses_words:
            continue
        _called(context, item)
        told: set[str] = set()
        phrases: list[Phrase] = [phrase for _defect, phrase in states(item)]
        for phrase in [*phrases, *item.templates]:
            fresh = [word for word in unknown_words(phrase.text) if word not in told]
            told.update(fresh)
            if fresh:
                _tell(context, phrase, fresh)


def _tell(context: Context, phrase: Phrase, words: list[str]) -> None:
    listed = ", ".join(words)
    verb = "has never seen the words" if len(words) > 1 else "has never seen the word"
    context.report.warning(
        "I210", context.place(phrase), f"{BUILTIN_MODEL} {verb} {listed}",
        help="use other words (promptdsl models shows what it knows), "
        'or a full model: "ViT-B-16-plus-240", "laion400m_e31"',
    )  # fmt: skip


def _called(context: Context, item: ObjectSpec) -> None:
    words = unknown_words(item.called)
    if words and item.name != UNNAMED:
        context.report.warning(
            "I210", item.head,
            f"{BUILTIN_MODEL} has never seen the object: it does not know {', '.join(words)}",
            help="its scores will be poor; production wants "
            'model: "ViT-B-16-plus-240", "laion400m_e31"',
        )  # fmt: skip
