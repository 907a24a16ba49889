"""`run.json` of an earlier run, read back: whole and of known shape, or refused.

A run may be continued in several legs (interrupted, resumed, new pictures added). `legs` lists each
with its device and versions, so that every record's origin can be told.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.opening import read_regular, reason

FORMAT = 1
MAX_BYTES = 64_000_000
SAME_LEG = ("device", "device_name", "precision", "versions")


class _Strict(BaseModel):
    """Known fields have their types; others may be there (of a later version)."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)


class _ScoreRule(_Strict):
    kind: Literal["score"]
    verdict: Literal["reject", "review"]
    text: str
    at: float


class _AreaRule(_Strict):
    kind: Literal["area"]
    verdict: Literal["reject", "review"]
    text: str
    above: float
    share: float


class _Object(_Strict):
    called: str
    method: str
    model: list[str] = Field(min_length=1)
    settings: dict[str, Any]
    weights_hash: str
    default_thresholds: bool
    thresholds: list[_ScoreRule | _AreaRule]


class _Times(_Strict):
    started: str
    ended: str | None
    first_started: str | None = None


class _Leg(_Strict):
    started: str
    ended: str | None
    inspected: int
    device: str
    device_name: str
    precision: str
    versions: dict[str, str]


class _Run(_Strict):
    format: int
    plan_hash: str
    folder: str
    precision: str
    device: str
    device_name: str
    versions: dict[str, str]
    objects: dict[str, _Object]
    inputs: list[str]
    left_out: dict[str, int] = {}
    notes: dict[str, int] = {}
    noted: dict[str, list[str]] = {}
    changed_since_calibration: dict[str, list[str]] = {}
    times: _Times
    legs: list[_Leg] = []


def read_earlier_run(path: Path) -> dict[str, Any]:
    """The description; EnvironmentProblem where it is damaged. Of another format, as it is."""
    try:
        described = json.loads(read_regular(path, MAX_BYTES))
        if isinstance(described, dict) and described.get("format") != FORMAT:
            return described
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


def continued(earlier: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    """The description of a run that goes on with an earlier one: what both did, leg by leg."""
    times = earlier["times"]
    first = times.get("first_started") or times["started"]
    changed = "changed_since_calibration"
    return {
        **run,
        "objects": {**earlier["objects"], **run["objects"]},
        "inputs": list(dict.fromkeys([*earlier["inputs"], *run["inputs"]])),
        "notes": {**earlier.get("notes", {})},
        "noted": {**earlier.get("noted", {})},
        changed: {**earlier.get(changed, {}), **run.get(changed, {})},
        "times": {**run["times"], "first_started": first},
        "legs": _earlier_legs(earlier),
    }


def with_leg(run: Mapping[str, Any], inspected: int) -> list[dict[str, Any]]:
    """The legs with this one at their end, unless it inspected nothing and others did."""
    earlier = run.get("legs", [])
    if earlier and not inspected:
        return list(earlier)
    return [*earlier, _leg(run, inspected)]


def with_notes(run: Mapping[str, Any], notes: Mapping[str, int]) -> dict[str, int]:
    """Notes of the earlier legs and of this one."""
    return dict(Counter(run.get("notes", {})) + Counter(notes))


def differences(legs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was not the same in all legs, a clause each: `torch 2.4 and 2.5`."""
    found = []
    values: dict[str, list[str]] = {}
    for leg in legs:
        for name, value in {"device": leg["device"], **leg["versions"]}.items():
            if name != "python" and value not in values.setdefault(name, []):
                values[name].append(value)
    for name, different in values.items():
        if len(different) > 1:
            found.append(f"{name} {', '.join(different[:-1])} and {different[-1]}")
    return found


def _earlier_legs(earlier: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of a run that was described before there were legs: one."""
    legs: list[dict[str, Any]] = earlier.get("legs", [])
    counts = earlier.get("counts")
    known = counts.get("pictures", 0) if isinstance(counts, dict) else 0
    return legs or [_leg(earlier, known if isinstance(known, int) else 0)]


def _leg(run: Mapping[str, Any], inspected: int) -> dict[str, Any]:
    times = {"started": run["times"]["started"], "ended": run["times"]["ended"]}
    return {**times, "inspected": inspected, **{name: run[name] for name in SAME_LEG}}
