"""I201 to I204: every phrase and template holds `{object}` exactly once.

Why: a phrase without it makes prompts that never mention the part, and the model then compares the
picture with "a photo of the scratched". Example: `"scratched"`, `"scratched {obj}"`.
"""

import re

from promptdsl.check.context import PLACEHOLDER, Context
from promptdsl.language.ast import Text
from promptdsl.language.recovery.signs import readable, with_plain_brackets
from promptdsl.language.statements import quote, shown

# Bounded or possessive, and begun once for a run of braces or spaces: texts may have any length.
_NEAR = re.compile(
    r"(?<!\{)\{++\s{0,20}[\w ]{0,20}\s{0,20}\}+|\{\s{0,20}object\b|\bobject\s*\}"
    r"|[(\[<%\"]\s*object\s*[)\]>%\"]|\$\w+|%s",
    re.I,
)
_AGAIN = re.compile(r"(?<!\s)\s*\{object\}")
_MORE_BRACES = re.compile(r"(?<!\{)\{++object\}++")
_OTHER_BRACES = re.compile(r"(?<!\s)\s*\{[^{}]*\}|[{}]")
_LONGEST_NAME = 200  # of an object that a text without the placeholder may mention
_LIST_NAME = re.compile(r"[a-z]\w*\.[a-z]\w*")
_FOLLOWS_OBJECT = re.compile(r"(with|without|has|having|is|that|which|in|on|under)\b", re.I)


def misspelt_placeholder(context: Context) -> None:
    """Check every text of every file of the author's, used or not."""
    for _module, block, item in context.blocks:
        called = None if item is None else item.called.value if item.called else item.name.value
        for line in block.lines:
            if isinstance(line, Text):
                _text(context, line, called, block.kind == "templates")
    for item in context.definitions:
        if item.called is not None and re.search(r"[{}]", item.called.value):
            message = "called is the name that {object} becomes, so it holds no braces"
            help = 'write for example called: "metal nut"'
            context.report.error("I201", item.called.span, message, help=help)


def _text(context: Context, text: Text, called: str | None, template: bool) -> None:
    value = text.value
    count = value.count(PLACEHOLDER)
    rest = value.replace(PLACEHOLDER, "")
    what = "template" if template else "phrase"
    if not value.strip():
        example = "a photo of the {object}." if template else "{object}"
        context.report.error(
            "I203", text.span, f"this {what} is empty", help=f"write {quote(example)}"
        )
    elif count == 1 and "{" not in rest and "}" not in rest:
        return
    elif count > 1:
        first = value.index(PLACEHOLDER) + len(PLACEHOLDER)
        once = value[:first] + _AGAIN.sub("", value[first:])
        _report(context, text, "I202", f"this {what} mentions the object {count} times", once,
                "{object} must stand here once")  # fmt: skip
    elif count == 1:
        mended = _MORE_BRACES.sub("\0", value)
        mended = _OTHER_BRACES.sub("", mended).replace("\0", PLACEHOLDER)
        _report(context, text, "I201", f"this {what} has braces besides {{object}}", mended,
                "only {object} may stand in braces")  # fmt: skip
    else:
        _without(context, text, called, what)


def _without(context: Context, text: Text, called: str | None, what: str) -> None:
    value = text.value
    if _LIST_NAME.fullmatch(value):
        message = f"{value} looks like the name of a list, and names have no quotes"
        context.report.error("I204", text.span, message, write=f"include {value}")
        return
    near = _NEAR.search(with_plain_brackets(value))
    if near is not None:
        mended = value[: near.start()] + PLACEHOLDER + value[near.end() :]
        found = value[near.start() : near.end()].strip()
        _report(context, text, "I201", f"{found} is not the placeholder", mended, "needs {object}")
        return
    _report(
        context, text, "I204", f"this {what} never mentions the object",
        _with_object(value, called, what), "needs {object}",
    )  # fmt: skip


def _with_object(value: str, called: str | None, what: str) -> str:
    """The likeliest meaning of a text without the placeholder."""
    for name in (called, (called or "").replace("_", " "), "object"):
        if name and len(name) <= _LONGEST_NAME:
            mended, found = re.subn(
                rf"\b{re.escape(name)}\b", PLACEHOLDER, value, count=1, flags=re.I
            )
            if found:
                return mended
    if what == "template":
        return f"{value.rstrip(' .')} of the {PLACEHOLDER}."
    if _FOLLOWS_OBJECT.match(value):
        return f"{PLACEHOLDER} {value}"
    return f"{value.rstrip()} {PLACEHOLDER}"


def _report(context: Context, text: Text, code: str, message: str, mended: str, label: str) -> None:
    mended = readable(mended)
    context.report.error(
        code, text.span, message, label=label,
        write=quote(mended), help=f"write {quote(shown(mended, 200))}",
    )  # fmt: skip
