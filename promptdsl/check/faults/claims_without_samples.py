"""I603, I605: labels of samples and tests that name nothing.

Why: a label is `good` or the name of a defect; a test on samples that do not exist proves nothing.
"""

from itertools import islice

from promptdsl.check.context import Context
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.vocabulary import NAME
from promptdsl.methods import METHODS
from promptdsl.spec import ObjectSpec

GOOD = "good"
_ALSO_GOOD = {"normal", "ok", "pass", "good parts", "good_parts", "goods", "io"}


def claims_without_samples(context: Context, item: ObjectSpec) -> None:
    """Check the labels; inherited samples and tests are told of once."""
    if not item.lost_parts:
        _samples(context, item)
        _claims(context, item)


def _samples(context: Context, item: ObjectSpec) -> None:
    names = dict.fromkeys([GOOD, *(defect.name for defect in item.defects)])
    if not METHODS[item.method.name].uses_words and not item.defects:
        return
    for sample in item.samples:
        label = sample.label
        if label not in names and context.once("I603", sample.span):
            context.report.error(
                "I603", sample.span, f"{label} is neither good nor a defect of {item.name}",
                near=GOOD if label == "normal" else nearest(label, names),
                help=f"write the defect first: defect {label} {{ ... }}",
            )  # fmt: skip


def _claims(context: Context, item: ObjectSpec) -> None:
    labels = dict.fromkeys(sample.label for sample in item.samples)
    for claim in item.claims:
        if claim.on not in labels and context.once("I605", claim.on_span):
            good = claim.on.lower() in _ALSO_GOOD and GOOD in labels
            context.report.error(
                "I605", claim.on_span,
                f"this test looks at {claim.on}, and there are no such samples",
                near=GOOD if good else nearest(claim.on, labels),
                help=f'add samples {claim.on} {{ images: "{claim.on}/*.png" }}'
                if NAME.fullmatch(claim.on)
                else f"there are samples of {', '.join(islice(labels, 8))}",
            )  # fmt: skip
