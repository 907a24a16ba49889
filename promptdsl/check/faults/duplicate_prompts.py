"""I206: the same prompt twice in one label counts twice in the mean.

Why: expansion keeps duplicates on purpose (one published list has a doubled template, and its
numbers depend on it), so an accidental one silently gives a phrase double weight.
"""

from collections.abc import Iterable

from promptdsl.check.context import Context
from promptdsl.language.statements import shown
from promptdsl.spec import ObjectSpec, Phrase


def duplicate_prompts(context: Context, item: ObjectSpec) -> None:
    """Report doubled phrases and templates once per pair of lines, not once per prompt."""
    anomalous = [phrase for defect in item.defects for phrase in defect.phrases]
    doubled = False
    for what, phrases, where in (
        ("phrase", item.normal, "normal"),
        ("phrase", anomalous, "the defects"),
        ("template", item.templates, "templates"),
    ):
        label, where = f"a doubled {what}", f"{where} of {item.name}"
        doubled = _doubled(context, label, where, phrases) or doubled
    if not doubled and "templates" not in item.defaulted:
        _collisions(context, item, item.normal)
        _collisions(context, item, anomalous)


def _tell(
    context: Context, phrase: Phrase, first: Phrase, message: str, label: str, help: str
) -> None:
    related = ((context.place(first), "the first one"),)
    context.report.warning(
        "I206", context.place(phrase), message, label=label, help=help, related=related
    )


def _doubled(context: Context, label: str, where: str, phrases: Iterable[Phrase]) -> bool:
    seen: dict[str, Phrase] = {}
    found = False
    for phrase in phrases:
        first = seen.setdefault(phrase.text, phrase)
        found = found or first is not phrase
        if first is not phrase and context.once("I206", phrase.site, first.site):
            message = f'"{shown(phrase.text, 80)}" stands twice in {where} and counts twice'
            help = "remove one of them, unless the published list is meant to be reproduced"
            _tell(context, phrase, first, message, label, help)
    return found


def _collisions(context: Context, item: ObjectSpec, phrases: Iterable[Phrase]) -> None:
    """Different phrases and templates that make the same sentence."""
    if not any(context.written(template.span) for template in item.templates):
        return
    seen: dict[str, tuple[Phrase, Phrase]] = {}
    for phrase in phrases:
        for template in item.templates:
            text = template.text.replace("{object}", phrase.text)
            first = seen.setdefault(text, (phrase, template))
            other = first != (phrase, template)
            if other and context.once("I206", phrase.site, first[0].site):
                message = f"two phrases and templates of {item.name} make the same prompt: "
                message += f'"{shown(text, 120)}"'
                _tell(context, phrase, first[0], message, "counts twice", "change one of them")
                return
