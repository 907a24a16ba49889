"""`run.json`: everything that identifies a run, and whether a resumed run is the same one."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promptdsl.engine.device import Compute
from promptdsl.errors import UsageProblem
from promptdsl.inspect.earlier_run import FORMAT, with_leg, with_notes
from promptdsl.inspect.inspection import Clock
from promptdsl.plan.model import ObjectPlan, Rule
from promptdsl.versions import now, versions


@dataclass(frozen=True, slots=True)
class Identity:
    """What may not change between a run and its continuation."""

    spec: str
    spec_hash: str
    plan_hash: str
    weights: Mapping[str, str]  # object -> SHA-256
    rules: Mapping[str, tuple[Rule, ...]]  # resolved
    compute: Compute


def begin(
    identity: Identity, objects: Sequence[ObjectPlan], inputs: Sequence[str], **options: Any
) -> dict[str, Any]:
    """The description at the start; `finish` completes it."""
    return {
        "format": FORMAT,
        "status": "running",
        "problem": None,
        "spec": identity.spec,
        "spec_hash": identity.spec_hash,
        "plan_hash": identity.plan_hash,
        "weights_hash": _one_or_all(identity.weights),
        "objects": {item.name: _object(item, identity) for item in objects},
        "device": str(identity.compute.device),
        "device_name": identity.compute.note,
        "precision": identity.compute.precision,
        "versions": versions(),
        "folder": os.getcwd(),
        "inputs": list(inputs),
        **options,
        "notes": {},
        "engine": [],
        "counts": {"pictures": 0, "pass": 0, "review": 0, "reject": 0, "error": 0},
        "times": {"started": now(), "ended": None, "seconds": 0.0},
    }


def finish(
    run: dict[str, Any],
    status: str,
    counts: Mapping[str, int],
    inspected: int,
    seconds: float,
    clock: Clock,
    problem: str | None = None,
) -> dict[str, Any]:
    """The description at the end."""
    verdicts = {
        verdict: counts.get(verdict, 0) for verdict in ("pass", "review", "reject", "error")
    }
    times = {
        **run["times"],
        "ended": now(),
        "seconds": round(seconds, 3),
        "pictures_per_second": round(inspected / seconds, 3) if seconds > 0 else 0.0,
        "waiting_for_decoding": round(clock.decoding, 3),
        "scoring": round(clock.scoring, 3),
        "waiting_for_writing": round(clock.writing, 3),
    }
    return {
        **run,
        "status": status,
        "problem": problem,
        "notes": with_notes(run, clock.notes),
        "noted": {**clock.noted, **run.get("noted", {})},
        "engine": list(clock.engine),
        "counts": {"pictures": sum(verdicts.values()), **verdicts, "inspected_now": inspected},
        "times": times,
        "legs": with_leg({**run, "times": times}, inspected),
    }


def refuse_another_run(earlier: Mapping[str, Any], run: Mapping[str, Any], out: object) -> None:
    """UsageProblem when an earlier run in this folder cannot be continued by this one."""
    _refuse_another("format of run.json", earlier.get("format"), run["format"], out)
    for what, before, after in (
        ("plan", earlier.get("plan_hash"), run["plan_hash"]),
        ("weights", _weights(earlier), _weights(run)),
        ("thresholds", _thresholds(earlier), _thresholds(run)),
        ("precision", earlier.get("precision"), run["precision"]),
        ("device", _kind(earlier.get("device")), _kind(run["device"])),
        ("version of promptdsl", _version(earlier), _version(run)),
    ):
        _refuse_another(what, before, after, out)
    if earlier.get("folder") != run["folder"]:
        raise UsageProblem(
            f"{out}: this run was started in {earlier.get('folder')}, and its pictures are named "
            "from there",
            "run the same command there",
        )


def _refuse_another(what: str, before: object, after: object, out: object) -> None:
    if _differs(before, after):
        raise UsageProblem(
            f"{out}: the run in this folder was made with another {what}, so its records and "
            "new ones would not agree",
            "start again with --overwrite, or choose another folder with -o",
        )


def _kind(device: object) -> str:
    """`cuda` of `cuda:1`."""
    return str(device).partition(":")[0]


def _version(run: Mapping[str, Any]) -> object:
    versions = run.get("versions")
    return versions.get("promptdsl") if isinstance(versions, dict) else None


def _weights(run: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item.get("weights_hash") for name, item in run.get("objects", {}).items()}


def _thresholds(run: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item.get("thresholds") for name, item in run.get("objects", {}).items()}


def _differs(before: object, after: object) -> bool:
    """Objects that only one of the two runs has do not matter."""
    if isinstance(before, dict) and isinstance(after, dict):
        return any(before[name] != after[name] for name in before.keys() & after.keys())
    return before != after


def _one_or_all(weights: Mapping[str, str]) -> str | dict[str, str]:
    different = set(weights.values())
    return different.pop() if len(different) == 1 else dict(weights)


def _object(item: ObjectPlan, identity: Identity) -> dict[str, Any]:
    return {
        "called": item.called,
        "method": item.method.name,
        "model": list(item.method.model),
        "settings": dict(item.method.settings),
        "weights_hash": identity.weights[item.name],
        "default_thresholds": item.default_thresholds,
        "thresholds": [
            rule.model_dump(mode="json", exclude={"origin"}) for rule in identity.rules[item.name]
        ],
    }
