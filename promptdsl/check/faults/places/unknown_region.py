"""I611, I612: a threshold line names a region that is none; a region that no line names.

Why: a line about a region that does not exist decides about nothing, and a region that nobody asks
about looks like a check that is made.
"""

from promptdsl.check.context import Context, listed
from promptdsl.diagnostics.nearest import nearest
from promptdsl.source import Span
from promptdsl.spec import LocatedLimit, ObjectSpec


def unknown_region(context: Context) -> None:
    """Compare the names in the lines with the regions of each object."""
    used: set[Span] = set()
    sound: list[ObjectSpec] = []  # where no line may have meant a region that seems unused
    for item in context.objects:
        found, all_known = _regions_used(context, item)
        used |= found
        sound += [item] if all_known and not item.broken else []
    for item in sound:
        for region in item.regions:
            if region.span not in used and context.once("I612", region.span):
                context.report.warning(
                    "I612", region.span, f"no threshold line is about the region {region.name}",
                    label="changes nothing",
                    help=f"write for example reject when score in {region.name} >= 0.62, or remove "
                    "the region",
                )  # fmt: skip


def _regions_used(context: Context, item: ObjectSpec) -> tuple[set[Span], bool]:
    """The regions that the lines of an object name, and whether all are known; others are told."""
    regions = {region.name: region.span for region in item.regions}
    used: set[Span] = set()
    all_known = True
    for limit in item.limits:
        named = None if isinstance(limit, LocatedLimit) else limit.region
        if named is None:
            continue
        if named.value in regions:
            used.add(regions[named.value])
            continue
        all_known = False
        if not item.lost_parts and context.once("I611", named.span):
            gone = item.removed.get(named.value)
            help = "put the region first: region " + named.value + " { box: 10% 20% 60% 40% }"
            if regions:
                help = f"{item.name} has the regions {listed(regions, 8)}"
            if gone is not None:
                help = "give this object thresholds of its own, without that line"
            context.report.error(
                "I611", named.span, f"{item.name} has no region {named.value}",
                near=None if gone else nearest(named.value, regions), help=help,
                related=((gone, "removed here"),) if gone is not None else (),
            )  # fmt: skip
    return used, all_known
