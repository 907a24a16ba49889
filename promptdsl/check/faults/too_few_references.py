"""I421: more shots than there are references.

Why: an inspection with 4 references is another one than with 40, and `run` refuses to take fewer
than the spec asks for.
"""

from promptdsl.check.context import Context
from promptdsl.files.find import together
from promptdsl.spec.model import ObjectSpec


def too_few_references(context: Context) -> None:
    """Compare shots with the pictures that references give; none at all has its own message."""
    for item in context.objects:
        shots, place = item.method.settings.get("shots"), item.method.spans.get("shots")
        if not isinstance(shots, int) or place is None:
            continue
        found = references_found(context, item)
        if 0 < found < shots:
            pictures = "1 picture" if found == 1 else f"{found} pictures"
            context.report.warning(
                "I421", place,
                f"shots asks for {shots} references, and references gives {pictures}",
                label="promptdsl run refuses this",
                help=f"write shots: {found}, or add pictures of good parts",
            )  # fmt: skip


def references_found(context: Context, item: ObjectSpec) -> int:
    """How many pictures the references of an object are."""
    patterns = item.method.settings.get("references")
    if not isinstance(patterns, tuple):
        return 0
    return len(together(context.find(str(pattern)) for pattern in patterns).files)
