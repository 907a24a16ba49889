"""`diff.html`: two versions of a spec side by side, complete in one file, without a script."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image
from PIL.Image import Resampling

from promptdsl.report.heatmap import overlay
from promptdsl.report.page import render
from promptdsl.results import FloatMap

SIDE = 260
QUALITY = 80
MOST_FLIPS, MOST_MOVES = 60, 12
MOVED = 0.01  # a score that changes by less is not counted as moved


def thumbnails(picture: Image.Image, maps: Sequence[FloatMap]) -> list[str]:
    """The picture, then the picture under each map, as data addresses of small JPEGs."""
    small = picture.copy()
    small.thumbnail((SIDE, SIDE), Resampling.BICUBIC)
    return [_address(small), *(_address(overlay(small, anomaly_map)) for anomaly_map in maps)]


def _address(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def comparison_page(
    described: Mapping[str, Any],
    shown: Mapping[tuple[str, str], Sequence[str]],
    identity: Sequence[tuple[str, str]],
) -> str:
    """The page's text. `shown` has the thumbnails by (object, image)."""
    objects = [
        {**item, "groups": phrase_groups(item["prompts"]), "cards": _cards(item, shown)}
        for item in described["objects"]
    ]
    return render("comparison.html.j2", described=described, objects=objects, identity=identity)


def phrase_groups(prompts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row for each phrase, with how many prompts it stands for."""
    rows: dict[tuple[str, str, str], int] = {}
    for action in ("removed", "added"):
        for prompt in prompts[action]:
            key = (action, prompt["defect"] or "normal", prompt["phrase"])
            rows[key] = rows.get(key, 0) + 1
    return [
        {"action": action, "group": group, "phrase": phrase, "prompts": count}
        for (action, group, phrase), count in rows.items()
    ]


def _cards(
    item: Mapping[str, Any], shown: Mapping[tuple[str, str], Sequence[str]]
) -> dict[str, list[dict[str, Any]]]:
    cards = [
        {**row, "pictures": list(shown[item["object"], row["image"]])}
        for row in item["results"]
        if (item["object"], row["image"]) in shown
    ]
    return {
        "flips": [card for card in cards if card["flips"]],
        "moves": [c for c in cards if not c["flips"] and abs(c["moved"]) >= MOVED],
    }
