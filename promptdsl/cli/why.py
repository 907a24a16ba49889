"""`promptdsl why`: the prompts, windows and scales behind one picture's score."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptdsl.cli.shared.attempt import attempted
from promptdsl.cli.shared.labelled_jobs import choose_object, open_spec
from promptdsl.cli.shared.options import (
    ALLOW,
    compute_options,
    format_option,
    object_option,
    out_option,
)
from promptdsl.cli.shown.terminal import console_for_tables, say, tell_note, write_machines
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.naming import shown

if TYPE_CHECKING:
    from promptdsl.evaluate.words.why import Why

WIDE = 150
SHOWN_PHRASES = 14
LARGEST = 24_000_000  # pixels that are decoded for the annotated picture
EPILOG = """\b
Examples:
  promptdsl why nut.inspect pictures/041.png
  promptdsl why nut.inspect pictures/041.png -o 041-why.png
  promptdsl why nut.inspect pictures/041.png --format json

\b
Exit codes:
  0  done
  1  the spec has errors
  2  wrong use of the command
  3  the picture cannot be read, or weights, device or disk failed
"""


@click.command("why", epilog=EPILOG, short_help="Say what made a picture's score.")
@click.argument("spec", type=click.Path(dir_okay=False))
@click.argument("picture", type=click.Path(path_type=Path))
@object_option()
@out_option(
    "The annotated picture: highest windows on the left, heat map on the right.",
    "PNG",
    dir_okay=False,
)
@compute_options
@format_option()
@ALLOW
def command(
    spec: str,
    picture: Path,
    object_name: str | None,
    out: Path | None,
    device: str,
    precision: str,
    form: str,
    allow: tuple[Path, ...],
) -> int:
    """Take one picture's score apart: phrases, windows, and what would change the verdict."""
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.engine.device import choose_compute
    from promptdsl.evaluate.words.sources import compiled
    from promptdsl.evaluate.words.why import explain
    from promptdsl.files.owned import refuse_inputs_as_output
    from promptdsl.scoring.cached_scoring import open_scoring
    from promptdsl.scoring.feature_cache import open_feature_cache

    if picture.is_dir():
        raise UsageProblem(f"{picture} is a folder", "name one picture in it")
    if not picture.exists():
        raise EnvironmentProblem(f"{picture}: there is no such picture", "check the path")
    if out is not None:
        refuse_inputs_as_output(out, [picture, spec])
    used = open_spec(spec, allow)
    plan = choose_object(used, object_name)
    rules = used.rules(plan)
    compilation = compiled(used, allow)
    assert compilation.spec is not None  # open_spec has shown its faults
    item = next(found for found in compilation.spec.objects if found.name == plan.name)
    with Progress("loading the model"):
        compute = choose_compute(device, precision)
        folder = used.path.parent
        scoring = open_scoring(plan, folder, compute, open_feature_cache())
        why = explain(scoring, item, plan, rules, compilation.sources, picture)
    failed = None if out is None else attempted(lambda: _draw(why, picture, out))
    if form == "json":
        write_machines(json.dumps(describe(why), indent=2) + "\n")
    else:
        _tell(why)
    if failed is not None:
        raise failed
    if out is not None and form == "text":
        say(f"picture: {shown(out)}")
    if plan.default_thresholds:
        tell_note(f"{plan.name} has no thresholds; 0.5 is an uncalibrated default", "warning")
    return 0


def _draw(why: "Why", picture: Path, out: Path) -> None:
    import io

    from promptdsl.evaluate.words.why import highest_in, standing_out
    from promptdsl.files.writing import disk_told_plainly, write_atomically
    from promptdsl.pictures.opening import PictureError
    from promptdsl.pictures.reading import read_rgb
    from promptdsl.plan.model import AreaRule
    from promptdsl.report.explanation import Mark, annotated

    windows = standing_out(why.scales)
    marks = [
        Mark(window.box, highest_in(why.score.map, window.box), name) for name, window in windows
    ]
    marks = marks or [Mark(box, score, "map") for box, score in why.spots]
    above = sorted({r.above for r in why.item.thresholds if isinstance(r, AreaRule)})
    try:
        image = read_rgb(picture, LARGEST)
    except PictureError as error:
        raise EnvironmentProblem(f"{picture}: {error}") from None
    title = f"{why.decision.verdict}, score {why.score.score:.3f}"
    subtitle = "; ".join(why.changes[:1]) or picture.name
    sheet = annotated(image, why.score.map, marks, title, why.decision.verdict, subtitle, above)
    file = io.BytesIO()
    sheet.save(file, "PNG")
    with disk_told_plainly(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, file.getvalue())


def describe(why: "Why") -> dict[str, Any]:
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
        "rules": [
            {
                "rule": state.rule,
                "verdict": state.verdict,
                "holds": state.holds,
                "value": state.value,
                "limit": state.limit,
                "kind": state.kind,
                "distance": state.distance,
            }
            for state in why.rules
        ],
        "phrases": [
            {
                "group": share.label,
                "phrase": share.phrase,
                "place": share.place,
                "cosine": share.cosine,
                "nearest_prompt": share.nearest,
                "score_without": share.score_without,
                "verdict_without": share.verdict_without,
            }
            for share in why.phrases
        ],
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
        "highest_places": [{"box": list(box), "score": value} for box, value in why.spots],
        "changes": list(why.changes),
        "notes": list(why.notes),
    }


def _tell(why: "Why") -> None:
    from promptdsl.evaluate.words.why_table import print_why

    print_why(console_for_tables(WIDE), why, SHOWN_PHRASES)
