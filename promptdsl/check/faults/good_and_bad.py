"""I207: one phrase under normal and under a defect pulls both prototypes together.

Why: the score compares the two; what they share only makes them harder to tell apart.
"""

from promptdsl.check.context import Context
from promptdsl.language.statements import shown
from promptdsl.source import Span
from promptdsl.spec import Defect, ObjectSpec, Phrase


def good_and_bad(context: Context, item: ObjectSpec) -> None:
    """Report phrases that stand on both sides, those of one include together."""
    normal = {_key(phrase): phrase for phrase in item.normal}
    for defect in item.defects:
        shared: dict[Span, list[Phrase]] = {}
        for phrase in defect.phrases:
            if _key(phrase) in normal:
                shared.setdefault(context.place(phrase), []).append(phrase)
        for place, phrases in shared.items():
            if context.once("I207", place):
                _tell(context, defect, place, phrases, normal[_key(phrases[0])])


def _key(phrase: Phrase) -> str:
    return phrase.text.strip().lower()


def _tell(
    context: Context, defect: Defect, place: Span, phrases: list[Phrase], twin: Phrase
) -> None:
    several, it = len(phrases) > 1, "them" if len(phrases) > 1 else "it"
    first = f'"{shown(phrases[0].text, 80)}"'
    context.report.warning(
        "I207", place,
        f"{len(phrases)} phrases, {first} among them, stand under normal and under defect "
        f"{defect.name}" if several
        else f"{first} stands under normal and under defect {defect.name}",
        label="also under normal", help=f"remove {it} from one of the two",
        related=((context.place(twin), "under normal"),),
    )  # fmt: skip
