"""A spec's picture, regions and ignored places in words, as `run.json` has them."""

from typing import Any

from promptdsl.plan.in_words import picture_in_words, region_in_words
from promptdsl.plan.model import ObjectPlan, PictureSettings


def places_in_words(item: ObjectPlan) -> dict[str, Any]:
    """`picture`, `regions` and `ignored`; only those that the object has."""
    found: dict[str, Any] = {}
    if item.picture is not None:
        found["picture"] = _picture(item.picture)
    if item.regions:
        found["regions"] = {region.name: region_in_words(region) for region in item.regions}
    if item.ignored:
        found["ignored"] = {region.name: region_in_words(region) for region in item.ignored}
    return found


def _picture(settings: PictureSettings) -> str:
    """`fit: pad, tiles: 480 px, overlap: 25%, scale: 0.05 mm per px`."""
    fields = picture_in_words(settings).items()
    words = [f"{name}{'' if name == 'locate' else ':'} {value}" for name, value in fields]
    return ", ".join([*words, *([f'part: "{settings.part}"'] if settings.part else ())])
