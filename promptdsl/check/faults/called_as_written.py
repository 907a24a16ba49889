"""I212, I213: a name with an article, and words joined by `_`, in what the model reads.

Why: `called: "a metal nut"` becomes "a photo of a a metal nut", since templates bring their own
article; and the model reads words, which `metal_nut` is not.
"""

import re

from promptdsl.check.context import Context
from promptdsl.language.ast import Text
from promptdsl.language.statements import quote, shown

_ARTICLE = re.compile(r"\s*(an?|the)\s+(?=\S)", re.I)
_JOINT = re.compile(r"(?<=[^\W_])_+(?=[^\W_{]|\{object\})|(?<=\{object\})_+(?=[^\W_])")


def called_as_written(context: Context) -> None:
    """Look at every name, phrase and template of every file of the author's."""
    for definition in context.definitions:
        if definition.called is not None:
            _called(context, definition.called)
    for _module, block, _item in context.blocks:
        for line in block.lines:
            if isinstance(line, Text) and "_" in line.value:
                _joined(context, line, "", _JOINT.sub(" ", line.value))


def without_article(called: str) -> str:
    """The name of an object without a leading a, an or the."""
    article = _ARTICLE.match(called)
    return called[article.end() :] if article else called


def _called(context: Context, called: Text) -> None:
    bare = without_article(called.value)
    plain = _JOINT.sub(" ", bare)
    if bare != called.value:
        context.report.warning(
            "I212", called.span,
            "templates bring their own article, so this makes "
            f'"a photo of a {shown(called.value)}"',
            label=f"leave out {called.value.split()[0]}",
            write=quote(plain), help=f"write called: {quote(shown(plain, 200))}",
        )  # fmt: skip
    else:
        _joined(context, called, "called: ", plain)


def _joined(context: Context, text: Text, field: str, plain: str) -> None:
    if plain != text.value:
        context.report.warning(
            "I213", text.span, "the model reads words, and these are joined by _",
            write=quote(plain), help=f"write {field}{quote(shown(plain, 200))}",
        )  # fmt: skip
