"""What traces a verdict back: when it was made, of which bytes, by which plan, of which part."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from promptdsl.inspect.part_names import part_of
from promptdsl.judge.places import Layout
from promptdsl.pictures.reading import Picture
from promptdsl.plan.model import AreaRule, ObjectPlan, Rule, SpotRule
from promptdsl.results import PictureScore, Record, Spot
from promptdsl.versions import utc_now

MOST_SPOTS = 200


def traced(
    record: Record,
    picture: Picture | None,
    score: PictureScore | None,
    item: ObjectPlan,
    plan_hash: str,
) -> Record:
    """The record with what traces it back."""
    return replace(
        record,
        time=utc_now(),
        picture_sha256=picture.sha256 if picture else record.picture_sha256,
        plan_hash=plan_hash,
        part=named_part(record.image, item),
        size=(picture.width, picture.height) if picture else None,
        residual=score.residual if score else None,
        unlocated=score.unlocated if score else None,
    )


def named_part(image: str, item: ObjectPlan) -> str | None:
    """The part of a picture's name; None where no pattern is written or none fits."""
    pattern = item.picture.part if item.picture else None
    return part_of(image, pattern) if pattern and image else None


def part_notes(record: Record, item: ObjectPlan) -> tuple[str, ...]:
    """A note where a pattern is written and the picture's name does not fit it."""
    pattern = item.picture.part if item.picture else None
    if not pattern or not record.image or record.part is not None:
        return ()
    return (f'pictures without a part: their names are not of the form "{pattern}"',)


def asks_for_spots(rules: Sequence[Rule], layout: Layout | None) -> bool:
    """Whether records tell spots: a line is about them, or about areas in a spec with places."""
    plain = layout is None or layout.is_plain
    return any(isinstance(rule, SpotRule if plain else SpotRule | AreaRule) for rule in rules)


def told_spots(spots: Sequence[Spot], rules: Sequence[Rule]) -> list[Spot]:
    """One place once: the spots of the lowest level, and of others only where no lower one looks.

    A spot of a higher level lies within one of a lower level.
    """
    seen: set[str | None] = set()  # regions that a lower level looks at
    found: list[Spot] = []
    for level in sorted({spot.above for spot in spots if spot.above is not None}):
        places = {_region(rule) for rule in rules if _level(rule) == level}
        found += [
            s for s in spots if s.above == level and (s.region is None or s.region not in seen)
        ]
        if None in places:
            break
        seen |= places
    return found


def largest(spots: Iterable[Spot]) -> tuple[tuple[Spot, ...], int]:
    """The spots that a record keeps, longest first, and how many smaller ones it leaves out.

    Lines are about sizes, so the spot for which one holds is among those that are kept.
    """
    ranked = sorted(spots, key=lambda spot: (-spot.extent, -spot.area, spot.box))
    return tuple(ranked[:MOST_SPOTS]), max(0, len(ranked) - MOST_SPOTS)


def _level(rule: Rule) -> float | None:
    return rule.above if isinstance(rule, AreaRule | SpotRule) else None


def _region(rule: Rule) -> str | None:
    return rule.region if isinstance(rule, AreaRule | SpotRule) else None
