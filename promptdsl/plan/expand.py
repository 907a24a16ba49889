"""States times templates: the compositional prompt ensemble (WinCLIP, arXiv 2303.14814).

Normal comes first, then the defects in the order of the file, each phrase through all templates.
Duplicates stay, since they change the mean.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from promptdsl.spec import ObjectSpec, Phrase

PLACEHOLDER = "{object}"


class ExpandedPrompt(NamedTuple):
    """One prompt with what it was made of."""

    text: str
    label: Literal["normal", "anomalous"]
    defect: str | None
    phrase: Phrase
    template: Phrase

    @property
    def state(self) -> str:
        """`normal`, or the defect's name."""
        return self.defect or self.label


def expand(item: ObjectSpec) -> Iterator[ExpandedPrompt]:
    """Every prompt of an object."""
    for phrase in item.normal:
        yield from _through_templates(item, phrase, "normal", None)
    for defect in item.defects:
        for phrase in defect.phrases:
            yield from _through_templates(item, phrase, "anomalous", defect.name)


def _through_templates(
    item: ObjectSpec, phrase: Phrase, label: Literal["normal", "anomalous"], defect: str | None
) -> Iterator[ExpandedPrompt]:
    state = phrase.text.replace(PLACEHOLDER, item.called)
    for template in item.templates:
        text = template.text.replace(PLACEHOLDER, state)
        yield ExpandedPrompt(text, label, defect, phrase, template)
