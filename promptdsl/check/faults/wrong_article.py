"""I209: "a unblemished" and "an perfect" in the author's own words.

Why: models were trained on correct English. Published templates are kept as published, so a clash
counts only when the article stands in the author's own template or phrase.
"""

import re

from promptdsl.check.context import Context, states
from promptdsl.check.faults.called_as_written import without_article
from promptdsl.spec import ObjectSpec, Phrase

_VOWEL = re.compile(r"(?!uni(?!n|m)|use|usu|one\b|eu|uti)[aeiou]", re.I)
_UN = re.compile(r"un(?!i(?!n|m))", re.I)
_BEGINS_WITH_ARTICLE = re.compile(r"(?:an?|the)\s", re.I)
_ARTICLE_AT_END = re.compile(r"\b(an?)\s+$", re.I)


def wrong_article(context: Context, item: ObjectSpec) -> None:
    """One message per phrase at most."""
    templates = [t for t in item.templates if context.written(t.span)]
    called = without_article(item.called)  # an article in it has a message of its own
    for _defect, phrase in states(item):
        _one(context, called, phrase, templates)
    for template in templates:
        if "{object}" in template.text and not item.normal:
            _clash(context, template, template.text, called)


def _one(context: Context, called: str, phrase: Phrase, templates: list[Phrase]) -> None:
    if context.written(phrase.span) and _clash(context, phrase, phrase.text, called):
        return
    spoken = phrase.text.replace("{object}", called)
    for template in templates:
        if _clash(context, phrase, template.text, spoken, template):
            return


def _clash(
    context: Context, place: Phrase, frame: str, filling: str, template: Phrase | None = None
) -> bool:
    before, found, _after = frame.partition("{object}")
    article = _ARTICLE_AT_END.search(before)
    if not found or article is None or not filling.strip():
        return False
    first = filling.strip().split()[0]
    wanted = "an" if sounds_like_vowel(filling.strip()) else "a"
    if _BEGINS_WITH_ARTICLE.match(filling.strip()):
        message = f'this begins with "{first}", and another article stands before it'
        help = f'leave out "{first}": templates bring their own article'
    elif article.group(1).lower() == wanted:
        return False
    else:
        message = f'this makes "{article.group(1)} {first}" where English says {wanted}'
        help = (
            f'write "{wanted} {{object}}" or "the {{object}}"' if template is None
            else 'write "the {object}" in the template, which goes with every phrase'
        )  # fmt: skip
    related = () if template is None else ((context.place(template), "in this template"),)
    context.report.warning("I209", context.place(place), message, help=help, related=related)
    return True


def sounds_like_vowel(words: str) -> bool:
    """Whether the first word begins with a vowel sound, as far as spelling tells."""
    return bool(_UN.match(words) or _VOWEL.match(words))
