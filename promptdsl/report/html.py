"""`report.html`: one page with everything inside, for any browser, from disk, without a network.

The page is made from the run's own files alone, so that a resumed run gives the same page. Its size
is bounded: at most `MAX_ROWS` rows (the worst first) and `PREVIEW_BYTES` of pictures; what does not
fit is told on the page and stays in `results.jsonl`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from promptdsl.files.naming import counted
from promptdsl.judge.stale import stale
from promptdsl.methods import BUILTIN_MODEL
from promptdsl.report.histogram import Threshold, histogram
from promptdsl.report.page import embedded_json, listed, map_colors, render, settings_in_words
from promptdsl.report.previews import Preview
from promptdsl.report.spot_list import spot_list, spots_in_words
from promptdsl.results import Record, told_notes, unlike_legs

MAX_ROWS = 20_000
PREVIEW_BYTES = 24_000_000
CONCERN = {"reject": 0, "error": 1, "review": 2, "pass": 3}
NAMED = ("review", "reject")  # verdicts whose likely defect is shown; below the limits it is noise

INCOMPLETE = "Some pictures have no verdict yet: run the same command again with --resume to go on."
UNCALIBRATED = (
    "No thresholds were written for {names}: every score of 0.5 or more was rejected. These "
    "verdicts mean little until promptdsl calibrate has found a threshold on your own samples."
)
SMALL_MODEL = (
    "This small built-in model is for learning the language, for tests and demonstrations. For "
    "production, name a full model such as ViT-B-16-plus-240 in the spec."
)

Previews = Mapping[tuple[str, str], Preview]


def report_page(run: Mapping[str, Any], records: Sequence[Record], previews: Previews) -> str:
    """The page's whole text."""
    worst = sorted(records, key=lambda r: (CONCERN[r.verdict], -(r.score or 0.0)))[:MAX_ROWS]
    shown = _within_budget(worst, previews)
    spots = spot_list(worst)
    return render(
        "report.html.j2",
        run=run,
        counts=_counts(records),
        banners=_banners(run),
        histogram=histogram(records, _thresholds(run)),
        objects=list(run["objects"]),
        models=sorted({f"{o['method']} on {o['model'][0]}" for o in run["objects"].values()}),
        defects=sorted({r.defect for r in worst if r.defect and r.verdict in NAMED}),
        identity=_identity(run),
        limits=_limits(records, worst, shown),
        spots=spots,
        rules=_rules(run),
        data=embedded_json({**_data(worst, shown), "spots": spots}),
    )


def _counts(records: Sequence[Record]) -> dict[str, int]:
    counts = dict.fromkeys(("pass", "review", "reject", "error"), 0)
    for record in records:
        counts[record.verdict] += 1
    return counts


def _within_budget(records: Sequence[Record], previews: Previews) -> dict[tuple[str, str], Preview]:
    """The worst records' previews, until the page would become too large."""
    shown: dict[tuple[str, str], Preview] = {}
    left = PREVIEW_BYTES
    for record in records:
        key = record.image, record.object
        preview = previews.get(key)
        if preview is not None:
            left -= len(preview.jpeg) + len(preview.map)
            if left < 0:
                break
            shown[key] = preview
    return shown


def _data(records: Sequence[Record], shown: Previews) -> dict[str, Any]:
    return {**map_colors(), "rows": [_row(record, shown) for record in records]}


def _row(record: Record, shown: Previews) -> dict[str, Any]:
    preview = shown.get((record.image, record.object))
    named = record.verdict in NAMED
    row: dict[str, Any] = {
        "image": record.image,
        "object": record.object,
        "score": record.score,
        "verdict": record.verdict,
        "rule": record.rule,
        "defect": record.defect if named else None,
        "defects": {k: round(v, 4) for k, v in (record.defects or {}).items()} if named else {},
        "area": record.area,
        "map": record.map,
        "error": record.error,
        **_traces(record),
    }
    if preview is not None:
        row["preview"] = [preview.width, preview.height, preview.jpeg, preview.map]
    return row


def _traces(record: Record) -> dict[str, Any]:
    """When, of what, how large and where; only what is known."""
    traces = {
        "part": record.part,
        "time": record.time,
        "size": record.size,
        "measures": record.measures,
        "spots": spots_in_words(record),
        "residual": record.residual,
        "unlocated": record.unlocated,
    }
    return {name: value for name, value in traces.items() if value is not None}


def _rules(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"object": name, **rule}
        for name, item in run["objects"].items()
        for rule in item["thresholds"]
    ]


def _thresholds(run: Mapping[str, Any]) -> list[Threshold]:
    several = len(run["objects"]) > 1
    return [
        Threshold(
            rule["at"],
            rule["verdict"],
            f"{rule['verdict']} {rule['at']:.4g}" + (f" ({rule['object']})" if several else ""),
        )
        for rule in _rules(run)
        if rule["kind"] == "score" and rule.get("region") is None
    ]


def _banners(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    banners = []
    if run["status"] != "finished":
        banners.append(_banner("error", "This run is not complete", INCOMPLETE))
    default = [name for name, item in run["objects"].items() if item["default_thresholds"]]
    if default:
        text = UNCALIBRATED.format(names=", ".join(default))
        banners.append(_banner("warn", "Uncalibrated default threshold", text))
    if doubts := _doubts(run):
        banners.append(_banner("warn", "Before you believe these verdicts", lines=doubts))
    if any(item["model"][0] == BUILTIN_MODEL for item in run["objects"].values()):
        banners.append(_banner("info", f"Scored by {BUILTIN_MODEL}", SMALL_MODEL))
    return banners


def _banner(kind: str, title: str, text: str = "", lines: Sequence[str] = ()) -> dict[str, Any]:
    return {"kind": kind, "title": title, "text": text, "lines": lines}


def _doubts(run: Mapping[str, Any]) -> list[str]:
    """What the terminal warned of, too: a page is read by who did not see it."""
    changed = run.get("changed_since_calibration", {})
    unlike = unlike_legs(run.get("legs", []))
    return [
        *(stale(name, what, Path(run["spec"])) for name, what in changed.items()),
        *(
            f"{name}: this folder was not looked at: {why}"
            for name, why in run.get("unreadable", {}).items()
        ),
        *(
            f"the records were made with {one}: their scores may differ in the last digits"
            for one in unlike
        ),
        *run.get("remarks", ()),
        *told_notes(run["notes"], run.get("noted", {})),
    ]


def _limits(records: Sequence[Record], worst: Sequence[Record], shown: Previews) -> list[str]:
    """What this page leaves out, in sentences."""
    sentences = []
    if len(worst) < len(records):
        sentences.append(
            f"The table holds the {len(worst):,} most doubtful of {len(records):,} pictures."
        )
    scored = sum(record.score is not None for record in worst)
    if len(shown) < scored:
        sentences.append(
            f"To stay small, the page shows the pictures of {len(shown):,} out of {scored:,} rows."
        )
    return [*sentences, "All records are in results.jsonl."] if sentences else []


def _identity(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What identifies the run, as pairs; empty ones are left away."""
    times, counts = run["times"], run["counts"]
    rows = [
        ("spec", run["spec"]),
        ("spec hash", run["spec_hash"]),
        ("plan hash", run["plan_hash"]),
        *(row for name, item in run["objects"].items() for row in _object_rows(name, item)),
        ("device", f"{run['device']} ({run['device_name']})"),
        ("precision", run["precision"]),
        ("started", times["started"]),
        ("ended", times["ended"] or "not yet"),
        ("speed", f"{counted(counts['inspected_now'], 'picture')} in {times['seconds']:.1f} s"),
        ("versions", listed(run["versions"])),
        *_legs(run.get("legs", [])),
        ("inputs", " ".join(run["inputs"])),
        ("left out", ", ".join(f"{count} {what}" for what, count in run["left_out"].items())),
    ]
    return [(name, value) for name, value in rows if value]


def _legs(legs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Who made which part of a run that was continued; nothing for a run in one go."""
    if len(legs) < 2:
        return []
    return [
        (
            f"leg {number}",
            f"{leg['started']}: {counted(leg['inspected'], 'picture')} on {leg['device_name']}, "
            + listed(leg["versions"]),
        )
        for number, leg in enumerate(legs, 1)
    ]


def _object_rows(name: str, item: Mapping[str, Any]) -> list[tuple[str, str]]:
    settings = settings_in_words(item["settings"])
    return [
        (f"model of {name}", ", ".join(item["model"])),
        (f"weights of {name}", item["weights_hash"]),
        (f"method of {name}", f"{item['method']} ({settings})" if settings else item["method"]),
        (f"picture of {name}", item.get("picture", "")),
        *((f"region {region}", shapes) for region, shapes in item.get("regions", {}).items()),
        *((f"ignored: {why}", shapes) for why, shapes in item.get("ignored", {}).items()),
    ]
