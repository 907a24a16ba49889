"""I206: the same prompt twice in one label counts twice in the mean.

Why: expansion keeps duplicates on purpose (one published list has a doubled template, and its
numbers depend on it), so an accidental one silently gives a phrase double weight.
"""

from collections.abc import Iterable

from promptdsl.check.context import Context
from promptdsl.spec.model import ObjectSpec, Phrase


def duplicate_prompts(context: Context) -> None:
    """Report doubled phrases and templates once each, not once per prompt."""
    for item in context.objects:
        anomalous = [phrase for defect in item.defects for phrase in defect.phrases]
        doubled = _doubled(context, item, "phrase", item.normal, "normal")
        doubled |= _doubled(context, item, "phrase", anomalous, "the defects")
        doubled |= _doubled(context, item, "template", item.templates, "templates")
        if not doubled and "templates" not in item.defaulted:
            _collisions(context, item, item.normal)
            _collisions(context, item, anomalous)


def _doubled(
    context: Context, item: ObjectSpec, what: str, phrases: Iterable[Phrase], where: str
) -> bool:
    seen: dict[str, Phrase] = {}
    found = False
    for phrase in phrases:
        first = seen.setdefault(phrase.text, phrase)
        if first is phrase:
            continue
        found = True
        context.report.warning(
            "I206", context.place(phrase),
            f'"{phrase.text}" stands twice in {where} of {item.name} and counts twice',
            label=f"a doubled {what}",
            help="remove one of them, unless the published list is meant to be reproduced",
            related=((context.place(first), "the first one"),),
        )  # fmt: skip
    return found


def _collisions(context: Context, item: ObjectSpec, phrases: Iterable[Phrase]) -> None:
    """Different phrases and templates that make the same sentence."""
    own = [template for template in item.templates if context.written(template.span)]
    if not own:
        return
    seen: dict[str, tuple[Phrase, Phrase]] = {}
    for phrase in phrases:
        for template in item.templates:
            text = template.text.replace("{object}", phrase.text)
            first = seen.setdefault(text, (phrase, template))
            if first != (phrase, template):
                context.report.warning(
                    "I206", context.place(phrase),
                    f'two phrases and templates of {item.name} make the same prompt: "{text}"',
                    label="counts twice",
                    help="change one of them",
                    related=((context.place(first[0]), "the first one"),),
                )  # fmt: skip
                return
