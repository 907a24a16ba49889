"""I212, I213: a name with an article, and words joined by `_`, in what the model reads.

Why: `called: "a metal nut"` becomes "a photo of a a metal nut", since templates bring their own
article; and the model reads words, which `metal_nut` is not.
"""

import re

from promptdsl.check.context import Context
from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.language.ast import (
    DefectBlock,
    Line,
    NormalBlock,
    ObjectDef,
    TemplatesBlock,
    Text,
)
from promptdsl.language.statements import quote, shown

_ARTICLE = re.compile(r"\s*(an?|the)\s+(?=\S)", re.I)
_JOINT = re.compile(r"(?<=[^\W_])_+(?=[^\W_{]|\{object\})|(?<=\{object\})_+(?=[^\W_])")


def called_as_written(context: Context) -> None:
    """Look at every name, phrase and template of every file of the author's."""
    for module in context.library.modules():
        if module.standard:
            continue
        for named in module.file.lists:
            _phrases(context, named.lines)
        for definition in module.file.objects:
            if definition.called is not None:
                _called(context, definition.called)
            _parts(context, definition)


def without_article(called: str) -> str:
    """The name of an object without a leading a, an or the."""
    article = _ARTICLE.match(called)
    return called[article.end() :] if article else called


def _called(context: Context, called: Text) -> None:
    bare = without_article(called.value)
    plain = _JOINT.sub(" ", bare)
    if bare != called.value:
        article = called.value.split()[0]
        context.report.warning(
            "I212", called.span,
            "templates bring their own article, so this makes "
            f'"a photo of a {shown(called.value)}"',
            label=f"leave out {article}",
            help=f"write called: {quote(shown(plain, 200))}", fix=Fix(called.span, quote(plain)),
        )  # fmt: skip
    elif plain != bare:
        context.report.warning(
            "I213", called.span, "the model reads words, and these are joined by _",
            help=f"write called: {quote(shown(plain, 200))}", fix=Fix(called.span, quote(plain)),
        )  # fmt: skip


def _parts(context: Context, definition: ObjectDef) -> None:
    for part in definition.parts:
        if isinstance(part, (NormalBlock, DefectBlock, TemplatesBlock)):
            _phrases(context, part.lines)


def _phrases(context: Context, lines: tuple[Line, ...]) -> None:
    for line in lines:
        if isinstance(line, Text) and "_" in line.value:
            plain = _JOINT.sub(" ", line.value)
            if plain != line.value:
                context.report.warning(
                    "I213", line.span, "the model reads words, and these are joined by _",
                    help=f"write {quote(shown(plain, 200))}", fix=Fix(line.span, quote(plain)),
                )  # fmt: skip
