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
    states: list[tuple[Phrase, str | None]] = [(phrase, None) for phrase in item.normal]
    states += [(phrase, defect.name) for defect in item.defects for phrase in defect.phrases]
    for phrase, defect in states:
        state = phrase.text.replace(PLACEHOLDER, item.called)
        label: Literal["normal", "anomalous"] = "normal" if defect is None else "anomalous"
        for template in item.templates:
            text = template.text.replace(PLACEHOLDER, state)
            yield ExpandedPrompt(text, label, defect, phrase, template)
