"""What `promptdsl why` found, as plain values and as one annotated picture."""

import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.words.rule_states import RuleState
from promptdsl.evaluate.words.why import Why, highest_in, standing_out
from promptdsl.judge.measures import measure_name
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import read_rgb
from promptdsl.plan.model import AreaRule, SpotRule
from promptdsl.report.explanation import Mark, annotated

MOST_SPOTS = 50  # of those that the threshold lines look at
LARGEST = 24_000_000  # pixels that are decoded for the annotated picture


def describe(why: Why) -> dict[str, Any]:
    """Plain values for machines; scores in [0, 1], boxes as shares of the picture."""
    return {
        "format": 1,
        "image": why.image,
        "object": why.item.name,
        "method": why.item.method.name,
        "score": why.score.score,
        "verdict": why.decision.verdict,
        "rule": why.decision.rule,
        "defects": dict(why.score.defects),
        "by_words": why.parts.words if why.parts else None,
        "by_references": why.parts.references if why.parts else None,
        "rules": [_rule(state) for state in why.rules],
        "phrases": [asdict(share) for share in why.phrases],
        "scales": [
            {
                "scale": scale.name,
                "mean": scale.mean,
                "score_without": scale.score_without,
                "verdict_without": scale.verdict_without,
                "windows": [
                    {"box": list(w.box), "score": w.words, "distance": w.distance}
                    for w in scale.windows
                ],
            }
            for scale in why.scales
        ],
        "spots": [asdict(spot) for spot in why.decision.spots[:MOST_SPOTS]],
        "highest_places": [{"box": list(box), "score": value} for box, value in why.spots],
        "changes": list(why.changes),
        "notes": list(why.notes),
    }


def _rule(state: RuleState) -> dict[str, Any]:
    line = state.line
    return {
        "rule": line.text,
        "verdict": line.verdict,
        "kind": line.kind,
        "measure": measure_name(line),
        "unit": line.unit if isinstance(line, AreaRule | SpotRule) else "",
        "holds": state.holds,
        "value": state.value,
        "limit": state.limit,
        "distance": state.distance,
        "shown": state.shown,
        "shown_distance": state.shown_distance,
    }


def worth_drawing(marks: list[Mark]) -> list[Mark]:
    """Without places that are pale beside the highest: a frame says "look here"."""
    highest = max((mark.score for mark in marks), default=0.0)
    return [mark for mark in marks if mark.score >= highest / 2]


def draw(why: Why, picture: Path) -> bytes:
    """The annotated picture, as PNG."""
    marks = [
        Mark(window.box, highest_in(why.score.map, window.box), name)
        for name, window in standing_out(why.scales)
    ]
    marks = worth_drawing(marks) or [Mark(box, score, "map") for box, score in why.spots]
    above = sorted({r.above for r in why.item.thresholds if isinstance(r, AreaRule | SpotRule)})
    try:
        image = read_rgb(picture, LARGEST)
    except PictureError as error:
        raise EnvironmentProblem(f"{picture}: {error}") from None
    title = f"{why.decision.verdict}, score {why.score.score:.3f}"
    subtitle = "; ".join(why.changes[:1]) or picture.name
    sheet = annotated(image, why.score.map, marks, title, why.decision.verdict, subtitle, above)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
