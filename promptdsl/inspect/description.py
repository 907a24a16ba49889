"""`run.json`: what identifies a run, what became of it, and whether another may go on with it.

A run may be continued in several legs (interrupted, resumed, new pictures added). `legs` lists each
with its device and versions, so that every record's origin can be told.
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.opening import read_regular, reason
from promptdsl.inspect.inspector import Pace
from promptdsl.inspect.places_in_words import places_in_words
from promptdsl.inspect.source import Source
from promptdsl.plan.model import ObjectPlan, Rule
from promptdsl.versions import now, versions

FORMAT = 1
MAX_BYTES = 64_000_000
SAME_LEG = ("device", "device_name", "precision", "versions")
VERDICTS = ("pass", "review", "reject", "error")

Described = dict[str, Any]


# --- the description of this run ---------------------------------------------------------------


def begin(
    source: Source,
    objects: Sequence[ObjectPlan],
    rules: Mapping[str, tuple[Rule, ...]],
    weights: Mapping[str, str],
    about: Described,
) -> Described:
    """The description at the start, with what else there is to say `about` it.

    `rules` and `weights` are by object; `finish` completes it.
    """
    hashes = set(weights.values())
    return {
        "format": FORMAT,
        "status": "running",
        "problem": None,
        "spec": source.path,
        "spec_hash": source.spec_hash,
        "plan_hash": source.plan.hash,
        "weights_hash": hashes.pop() if len(hashes) == 1 else dict(weights),
        "objects": {o.name: _object(o, rules[o.name], weights[o.name]) for o in objects},
        "device": str(source.compute.device),
        "device_name": source.compute.note,
        "precision": source.compute.precision,
        "versions": versions(),
        "folder": os.getcwd(),
        **about,
        "notes": {},
        "engine": [],
        "counts": {"pictures": 0, **dict.fromkeys(VERDICTS, 0)},
        "times": {"started": now(), "ended": None, "seconds": 0.0},
    }


def _object(item: ObjectPlan, rules: Sequence[Rule], weights_hash: str) -> Described:
    return {
        "called": item.called,
        "method": item.method.name,
        "model": list(item.method.model),
        "settings": dict(item.method.settings),
        "weights_hash": weights_hash,
        "default_thresholds": item.default_thresholds,
        **places_in_words(item),
        "thresholds": [rule.model_dump(mode="json", exclude={"origin"}) for rule in rules],
    }


def finish(
    run: Described,
    status: str,
    counts: Mapping[str, int],
    inspected: int,
    seconds: float,
    pace: Pace,
    problem: str | None = None,
) -> Described:
    """The description at the end; `counts` are those of the folder, `inspected` of this leg."""
    verdicts = {verdict: counts.get(verdict, 0) for verdict in VERDICTS}
    times = {
        **run["times"],
        "ended": now(),
        "seconds": round(seconds, 3),
        "pictures_per_second": round(inspected / seconds, 3) if seconds > 0 else 0.0,
        "waiting_for_decoding": round(pace.decoding, 3),
        "scoring": round(pace.scoring, 3),
        "waiting_for_writing": round(pace.writing, 3),
    }
    legs = run.get("legs", [])
    if inspected or not legs:  # one that inspected nothing after others is no leg
        legs = [*legs, _leg({**run, "times": times}, inspected)]
    return {
        **run,
        "status": status,
        "problem": problem,
        "notes": dict(Counter(run["notes"]) + pace.notes),
        "noted": {**pace.noted, **run.get("noted", {})},
        "engine": list(pace.engine),
        "counts": {"pictures": sum(verdicts.values()), **verdicts, "inspected_now": inspected},
        "times": times,
        "legs": legs,
        "batch_size": pace.batch.size,
        "batch_halved": pace.batch.halved,
    }


# --- the description of an earlier run ---------------------------------------------------------


class _Strict(BaseModel):
    """Known fields have their types; others may be there (of a later version)."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class _AnyRule(_Strict):
    verdict: Literal["reject", "review"]
    text: str
    region: str | None = None


class _ScoreRule(_AnyRule):
    kind: Literal["score"]
    at: float


class _AreaRule(_AnyRule):
    kind: Literal["area"]
    above: float
    share: float
    unit: Literal["%", "px2", "mm2"] = "%"


class _SpotRule(_AnyRule):
    kind: Literal["spot"]
    of: Literal["extent", "area", "number"]
    defect: str | None
    above: float
    at: float
    unit: Literal["px", "mm", "px2", "mm2", "%", ""]


class _LocatedRule(_AnyRule):
    kind: Literal["located"]


_Rule = Annotated[_ScoreRule | _AreaRule | _SpotRule | _LocatedRule, Field(discriminator="kind")]


class _Object(_Strict):
    called: str
    method: str
    model: list[str] = Field(min_length=1)
    settings: dict[str, Any]
    weights_hash: str
    default_thresholds: bool
    picture: str | None = None
    regions: dict[str, str] = {}
    ignored: dict[str, str] = {}
    thresholds: list[_Rule]


class _Times(_Strict):
    started: str
    ended: str | None
    first_started: str | None = None


class _Machine(_Strict):
    device: str
    device_name: str
    precision: str
    versions: dict[str, str]


class _Leg(_Machine):
    started: str
    ended: str | None
    inspected: int


class _Run(_Machine):
    format: int
    plan_hash: str
    folder: str
    objects: dict[str, _Object]
    inputs: list[str]
    left_out: dict[str, int] = {}
    notes: dict[str, int] = {}
    noted: dict[str, list[str]] = {}
    changed_since_calibration: dict[str, list[str]] = {}
    times: _Times
    legs: list[_Leg] = []


def read_earlier_run(path: Path) -> Described:
    """The description; EnvironmentProblem where it is damaged. Of another format, as it is."""
    try:
        described = json.loads(read_regular(path, MAX_BYTES))
        if not isinstance(described, dict) or described.get("format") == FORMAT:
            _Run.model_validate(described)
    except OSError as error:
        raise _refused(path, f"cannot be read: {reason(error)}") from None
    except (ValidationError, ValueError, RecursionError):
        raise _refused(path, "cannot be read: it is damaged") from None
    assert isinstance(described, dict)
    return described


def _refused(path: Path, what: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{path} {what}, so the run cannot be resumed",
        "start again with --overwrite, or choose another folder with -o",
    )


def continued(earlier: Described, run: Described) -> Described:
    """The description of a run that goes on with an earlier one: what both did, leg by leg."""
    times, changed = earlier["times"], "changed_since_calibration"
    return {
        **run,
        "objects": {**earlier["objects"], **run["objects"]},
        "inputs": list(dict.fromkeys([*earlier["inputs"], *run["inputs"]])),
        "notes": dict(earlier.get("notes", {})),
        "noted": dict(earlier.get("noted", {})),
        changed: {**earlier.get(changed, {}), **run[changed]},
        "times": {**run["times"], "first_started": times.get("first_started") or times["started"]},
        "legs": earlier.get("legs") or [_only_leg(earlier)],
    }


def _only_leg(earlier: Described) -> Described:
    """Of a run that was described before there were legs."""
    counts = earlier.get("counts")
    known = counts.get("pictures", 0) if isinstance(counts, dict) else 0
    return _leg(earlier, known if isinstance(known, int) else 0)


def _leg(run: Described, inspected: int) -> Described:
    times = {"started": run["times"]["started"], "ended": run["times"]["ended"]}
    return {**times, "inspected": inspected, **{name: run[name] for name in SAME_LEG}}


def refuse_another_run(earlier: Described, run: Described, out: Path) -> None:
    """UsageProblem when an earlier run in this folder cannot be continued by this one."""
    if earlier.get("format") != FORMAT:
        raise _another("format of run.json", out)
    for what, one, other in zip(_IDENTITY, _identity(earlier), _identity(run), strict=True):
        if _differs(one, other):
            raise _another(what, out)
    if earlier["folder"] != run["folder"]:
        raise UsageProblem(
            f"{out}: this run was started in {earlier['folder']}, and its pictures are named "
            "from there",
            "run the same command there",
        )


def _another(what: str, out: Path) -> UsageProblem:
    return UsageProblem(
        f"{out}: the run in this folder was made with another {what}, so its records and "
        "new ones would not agree",
        "start again with --overwrite, or choose another folder with -o",
    )


_IDENTITY = ("plan", "weights", "thresholds", "precision", "device", "version of promptdsl")


def _identity(run: Described) -> tuple[object, ...]:
    """What may not change between a run and its continuation."""
    objects = run["objects"].items()
    return (
        run["plan_hash"],
        {name: item["weights_hash"] for name, item in objects},
        {name: item["thresholds"] for name, item in objects},
        run["precision"],
        run["device"].partition(":")[0],  # `cuda` of `cuda:1`
        run["versions"].get("promptdsl"),
    )


def _differs(before: object, after: object) -> bool:
    """Objects that only one of the two runs has do not matter."""
    if isinstance(before, dict) and isinstance(after, dict):
        return any(before[name] != after[name] for name in before.keys() & after.keys())
    return before != after
