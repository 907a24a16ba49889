"""I208: a prompt longer than the model's context is cut, and its end says nothing.

Why: CLIP reads 77 tokens at most. Tokens are only counted for prompts that could be that long.
"""

from promptdsl.check.context import Context, states
from promptdsl.check.token_count import token_bound, token_count
from promptdsl.spec import ObjectSpec, Phrase

DEFAULT_CONTEXT = 77
_START_AND_END = 2


def long_prompts(context: Context) -> None:
    """One message per phrase, for its longest prompt."""
    for item in context.objects:
        facts = item.method.facts
        limit = facts.context if facts is not None else DEFAULT_CONTEXT
        template = max(item.templates, key=lambda t: len(t.text.encode()), default=None)
        if template is None:
            continue
        for _defect, phrase in states(item):
            if not _check(context, item, phrase, template, limit):
                break


def _check(
    context: Context, item: ObjectSpec, phrase: Phrase, template: Phrase, limit: int
) -> bool:
    """False once a message about the template or the object's name would only repeat itself."""
    text = template.text.replace("{object}", phrase.text).replace("{object}", item.called)
    if len(text.encode()) + _START_AND_END <= limit or token_bound(text) + _START_AND_END <= limit:
        return True
    count = token_count(text) + _START_AND_END
    if count <= limit:
        return True
    blame = phrase if len(phrase.text) >= len(template.text) else template
    context.report.warning(
        "I208", context.place(blame),
        f"with this, a prompt of {item.name} has {count} tokens, and the model reads {limit}",
        label="the end would be cut off",
        help="say it in fewer words",
    )  # fmt: skip
    return blame is phrase
