"""I206: the same prompt twice in one label counts twice in the mean.

Why: expansion keeps duplicates on purpose (one published list has a doubled template, and its
numbers depend on it), so an accidental one silently gives a phrase double weight.
"""

from collections.abc import Iterable

from promptdsl.check.context import Context
from promptdsl.language.statements import shown
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec, Phrase

_Told = set[tuple[Span, Span]]  # pairs of lines, so that an include or a child object adds none


def duplicate_prompts(context: Context) -> None:
    """Report doubled phrases and templates once per pair of lines, not once per prompt."""
    told: _Told = set()
    for item in context.objects:
        anomalous = [phrase for defect in item.defects for phrase in defect.phrases]
        doubled = _doubled(context, item, "phrase", item.normal, "normal", told)
        doubled |= _doubled(context, item, "phrase", anomalous, "the defects", told)
        doubled |= _doubled(context, item, "template", item.templates, "templates", told)
        if not doubled and "templates" not in item.defaulted:
            _collisions(context, item, item.normal, told)
            _collisions(context, item, anomalous, told)


def _doubled(
    context: Context,
    item: ObjectSpec,
    what: str,
    phrases: Iterable[Phrase],
    where: str,
    told: _Told,
) -> bool:
    seen: dict[str, Phrase] = {}
    found = False
    for phrase in phrases:
        first = seen.setdefault(phrase.text, phrase)
        if first is phrase:
            continue
        found = True
        if (phrase.site, first.site) in told:
            continue
        told.add((phrase.site, first.site))
        context.report.warning(
            "I206", context.place(phrase),
            f'"{shown(phrase.text, 80)}" stands twice in {where} of {item.name} and counts twice',
            label=f"a doubled {what}",
            help="remove one of them, unless the published list is meant to be reproduced",
            related=((context.place(first), "the first one"),),
        )  # fmt: skip
    return found


def _collisions(context: Context, item: ObjectSpec, phrases: Iterable[Phrase], told: _Told) -> None:
    """Different phrases and templates that make the same sentence."""
    own = [template for template in item.templates if context.written(template.span)]
    if not own:
        return
    seen: dict[str, tuple[Phrase, Phrase]] = {}
    for phrase in phrases:
        for template in item.templates:
            text = template.text.replace("{object}", phrase.text)
            first = seen.setdefault(text, (phrase, template))
            pair = (phrase.site, first[0].site)
            if first != (phrase, template) and pair not in told:
                told.add(pair)
                context.report.warning(
                    "I206", context.place(phrase),
                    f"two phrases and templates of {item.name} make the same prompt: "
                    f'"{shown(text, 120)}"',
                    label="counts twice",
                    help="change one of them",
                    related=((context.place(first[0]), "the first one"),),
                )  # fmt: skip
                return
