"""What a run's pictures could not show to the model, once for each object."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from promptdsl.check.known_models import facts_of_plan
from promptdsl.judge.visible import how_to_see_more, loses_much, what_is_seen
from promptdsl.plan.model import Plan
from promptdsl.results import Record


def too_small_to_see(plan: Plan, records: Iterable[Record], folder: Path) -> Iterator[str]:
    """A sentence for each object whose largest picture is much larger than what the model takes."""
    largest: dict[str, tuple[int, int]] = {}
    for record in records:
        if record.size is not None:
            largest[record.object] = max(largest.get(record.object, (0, 0)), record.size, key=max)
    for item in plan.objects:
        size = largest.get(item.name)
        facts = facts_of_plan(item.method.model, item.method.model_kind, folder)
        if size is not None and facts is not None and loses_much(item, facts, size):
            told = f"{what_is_seen(item, facts, size)}; {how_to_see_more(item, facts)}"
            yield f"{item.name}: {told}" if len(largest) > 1 else told
