"""I409, I414, I415, I418: settings that the chosen model or the rest of the spec cannot take.

Why: block 24 of a model with 12 blocks, a picture that patches do not divide, shots without
references.
"""

from promptdsl.check.context import Context
from promptdsl.methods import METHODS
from promptdsl.spec import ObjectSpec


def ill_fitting_settings(context: Context, item: ObjectSpec) -> None:
    """Check settings against each other and the model's shape."""
    _blocks(context, item)
    _image_size(context, item)
    _shots(context, item)
    _weights(context, item)


def _is_lost(item: ObjectSpec, *names: str) -> bool:
    """Whether one of these lines is wrong in itself, so that its default stands in its place."""
    return not item.method.lost.isdisjoint(names)


def _blocks(context: Context, item: ObjectSpec) -> None:
    facts = item.method.facts
    if facts is None:
        return
    told: set[str] = set()
    for field in METHODS[item.method.name].fields:
        value = item.method.settings.get(field.name)
        counted = field.kind == "blocks" or field.name == "dpam_layer"
        numbers = value if isinstance(value, tuple) else (value,) if isinstance(value, int) else ()
        wrong = [number for number in numbers if counted and int(number) > facts.blocks]
        if wrong and not _is_lost(item, field.name):
            told.add(field.name)
            has = f"{item.method.model[0]} has {facts.blocks} blocks"
            context.report.error(
                "I414", item.place_of(field.name), f"{has}, so there is no block {wrong[0]}",
                help=f"write numbers from 1 to {facts.blocks}",
            )  # fmt: skip
    if not told.intersection(("dpam_layer", "blocks")):
        _last_path(context, item, facts.blocks)


def _last_path(context: Context, item: ObjectSpec, blocks: int) -> None:
    """AnomalyCLIP's V-V path exists in the last `dpam_layer - 1` blocks only."""
    layer, chosen = item.method.settings.get("dpam_layer"), item.method.settings.get("blocks")
    if not isinstance(layer, int) or not isinstance(chosen, tuple):
        return
    if _is_lost(item, "dpam_layer", "blocks"):
        return
    first = blocks - layer + 2
    early = [int(number) for number in chosen if int(number) < first]
    if early:
        context.report.error(
            "I414", item.place_of("blocks"),
            f"with dpam_layer: {layer} the V-V path begins at block {first}, "
            f"so block {early[0]} has no map",
            help=f"choose blocks from {first} to {blocks}, or a larger dpam_layer",
        )  # fmt: skip


def _image_size(context: Context, item: ObjectSpec) -> None:
    facts, size = item.method.facts, item.method.settings.get("image_size")
    if facts is None or not isinstance(size, int) or size % facts.patch == 0:
        return
    if _is_lost(item, "image_size"):
        return
    near = max(1, round(size / facts.patch)) * facts.patch
    context.report.error(
        "I415", item.place_of("image_size"),
        f"{size} px is not a multiple of the model's patches of {facts.patch} px",
        help=f"write image_size: {near} px",
    )  # fmt: skip


def _shots(context: Context, item: ObjectSpec) -> None:
    settings, written = item.method.settings, item.method.spans
    if settings.get("references") or "references" in written:
        return  # if they were written, but wrong, that was reported
    if "shots" in written:
        context.report.error(
            "I418", written["shots"],
            "shots says how many references to use, and there are no references",
            help='add references: "samples/good/*.png", or remove shots',
        )  # fmt: skip
    if settings.get("image_score") == "references":
        context.report.error(
            "I418", item.place_of("image_score"),
            "image_score: references needs pictures of good parts, and there are none",
            help='add references: "samples/good/*.png", or remove image_score',
        )  # fmt: skip


def _weights(context: Context, item: ObjectSpec) -> None:
    method = METHODS[item.method.name]
    if not method.needs_weights or item.method.model_kind == "builtin" or item.broken:
        return
    if item.method.settings.get("weights") is None:
        context.report.warning(
            "I409", item.method.span or item.head,
            f"{method.name} needs learned weights to run, and none are named",
            help='add weights: "FILE", for example a published checkpoint',
        )  # fmt: skip
