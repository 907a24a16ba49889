"""I207: one phrase under normal and under a defect pulls both prototypes together.

Why: the score compares the two; what they share only makes them harder to tell apart.
"""

from promptdsl.check.context import Context


def good_and_bad(context: Context) -> None:
    """Report phrases that stand on both sides."""
    for item in context.objects:
        normal = {phrase.text.strip().lower(): phrase for phrase in item.normal}
        for defect in item.defects:
            for phrase in defect.phrases:
                twin = normal.get(phrase.text.strip().lower())
                if twin is None:
                    continue
                context.report.warning(
                    "I207", context.place(phrase),
                    f'"{phrase.text}" stands under normal and under defect {defect.name}',
                    label="also a word for good parts",
                    help="remove it from one of the two",
                    related=((context.place(twin), "under normal"),),
                )  # fmt: skip
