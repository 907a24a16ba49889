"""From a plan to a compiled plan file and back: words and references become stored directions."""

from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from promptdsl.errors import EnvironmentProblem
from promptdsl.judge.verdict import resolve
from promptdsl.plan.content import Arrays, CompiledObject, PlanFile
from promptdsl.plan.file import write_plan_file
from promptdsl.plan.model import ObjectPlan, Plan
from promptdsl.scoring.detector import Detector, DetectorState
from promptdsl.scoring.places import PREFIX, Places, restore_places
from promptdsl.versions import versions

WEIGHTS = "weights_sha256"


def compile_to_file(
    plan: Plan,
    out: Path,
    build: Callable[[ObjectPlan], Detector],
    *,
    spec: str,
    spec_hash: str,
    calibrated: Mapping[str, Mapping[str, float]],
    places: Callable[[ObjectPlan], Places] | None = None,
) -> str:
    """Build every object's detector and store what it takes to restore it; gives the SHA-256.

    `places` gives the masks of an object and its golden picture.

    Raises SpecProblem for an `auto` threshold without a number, before anything is loaded.
    """
    for item in plan.objects:
        resolve(item, calibrated.get(item.name, {}), spec)
    objects = {
        item.name: _compiled(build(item).state(), places(item).arrays() if places else {})
        for item in plan.objects
    }
    return write_plan_file(out, PlanFile(plan, spec_hash, calibrated, objects, versions()))


def detector_state(content: PlanFile, item: ObjectPlan) -> DetectorState:
    """What an object's detector is restored from."""
    compiled = content.objects.get(item.name)
    if compiled is None or not isinstance(compiled.facts.get(WEIGHTS), str):
        raise EnvironmentProblem(
            f"the compiled plan holds nothing for {item.name}", "compile the spec again"
        )
    tensors = {
        name: torch.from_numpy(values.copy())
        for name, values in compiled.arrays.items()
        if not name.startswith(PREFIX)
    }
    return DetectorState(compiled.facts[WEIGHTS], tensors)


def stored_places(content: PlanFile, item: ObjectPlan) -> Places:
    """The masks of an object and its golden picture."""
    compiled = content.objects.get(item.name)
    return restore_places(item, compiled.arrays if compiled is not None else {})


def _compiled(state: DetectorState, places: Arrays) -> CompiledObject:
    arrays = {
        name: (tensor.float() if tensor.is_floating_point() else tensor).detach().cpu().numpy()
        for name, tensor in state.tensors.items()
    }
    return CompiledObject({**arrays, **places}, {WEIGHTS: state.weights_sha256})
