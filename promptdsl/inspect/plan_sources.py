"""What a run inspects with: a spec's plan, built here, or a compiled plan file, restored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from promptdsl.clip.model import load_model
from promptdsl.engine.device import Compute
from promptdsl.methods.shared.reference_pictures import references_left_out, usual_look
from promptdsl.pictures.gate import Usual
from promptdsl.plan.content import PlanFile
from promptdsl.plan.file import read_plan_file
from promptdsl.plan.model import ObjectPlan, Plan
from promptdsl.scoring.compiled import detector_state
from promptdsl.scoring.detector import Detector, Progress, build_detector, restore_detector

Calibrated = Mapping[str, Mapping[str, float]]  # object -> rule as written -> number for `auto`


@dataclass(frozen=True, slots=True)
class SpecSource:
    """A spec that was compiled in memory."""

    path: str
    plan: Plan
    spec_hash: str
    compute: Compute
    known: Calibrated = field(default_factory=dict)
    progress: Progress | None = None
    since_lock: Callable[[ObjectPlan, str], Sequence[str]] = lambda item, weights: ()

    def calibrated(self, item: ObjectPlan) -> Mapping[str, float]:
        """Numbers for `auto`, by the rule as written."""
        return self.known.get(item.name, {})

    def changes(self, item: ObjectPlan, weights_hash: str) -> Sequence[str]:
        """What changed since the thresholds were calibrated, a clause each."""
        return self.since_lock(item, weights_hash)

    def references_left_out(self, item: ObjectPlan) -> Sequence[str]:
        """What the references' patterns met and did not take, a sentence each."""
        return references_left_out(item, Path(self.path).parent)

    def weights_hash(self, item: ObjectPlan) -> str:
        """SHA-256 of the model's weights; EnvironmentProblem when they are not there."""
        return load_model(item.method, Path(self.path).parent).weights_sha256

    def usual(self, item: ObjectPlan) -> Usual | None:
        """What the object's references look like."""
        return usual_look(item, Path(self.path).parent)

    def build(self, item: ObjectPlan) -> Detector:
        """The object's detector, on the device."""
        return build_detector(
            item,
            spec_folder=Path(self.path).parent,
            device=self.compute.device.type,
            precision=self.compute.precision,
            progress=self.progress,
        )


@dataclass(frozen=True, slots=True)
class PlanFileSource:
    """A compiled plan file."""

    path: str
    content: PlanFile
    compute: Compute

    @property
    def plan(self) -> Plan:
        """The plan inside."""
        return self.content.plan

    @property
    def spec_hash(self) -> str:
        """SHA-256 of the spec that was compiled."""
        return self.content.spec_hash

    def calibrated(self, item: ObjectPlan) -> Mapping[str, float]:
        """Numbers for `auto`, as they were when it was compiled."""
        return self.content.thresholds.get(item.name, {})

    def changes(self, item: ObjectPlan, weights_hash: str) -> Sequence[str]:
        """Nothing: the file holds thresholds and words together, and its hash was checked."""
        return ()

    def references_left_out(self, item: ObjectPlan) -> Sequence[str]:
        """Nothing: the references are inside, and were read when it was compiled."""
        return ()

    def weights_hash(self, item: ObjectPlan) -> str:
        """SHA-256 of the weights that it was compiled with, which must be here."""
        return detector_state(self.content, item).weights_sha256

    def usual(self, item: ObjectPlan) -> Usual | None:
        """Nothing: the pictures themselves are not in the file."""
        return None

    def build(self, item: ObjectPlan) -> Detector:
        """The object's detector, restored without text tower and references."""
        return restore_detector(
            item,
            detector_state(self.content, item),
            spec_folder=Path(self.path).parent,
            device=self.compute.device.type,
            precision=self.compute.precision,
        )


def plan_file_source(path: str, compute: Compute) -> PlanFileSource:
    """A source from a compiled plan file; EnvironmentProblem when it cannot be trusted."""
    return PlanFileSource(path, read_plan_file(Path(path)), compute)
