"""What pictures are inspected with: a spec and the lock beside it, or a compiled plan file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptdsl.clip.model import load_model
from promptdsl.engine.device import Compute
from promptdsl.errors import UsageProblem
from promptdsl.lock.changes import changes_since
from promptdsl.lock.file import calibrated_numbers, read_lock
from promptdsl.lock.model import Lock
from promptdsl.pictures.gate import Usual
from promptdsl.pipeline import Compilation
from promptdsl.plan.content import PlanFile
from promptdsl.plan.file import is_plan_file, read_plan_file
from promptdsl.plan.model import ObjectPlan, Plan
from promptdsl.scoring.compiled import detector_state, stored_places
from promptdsl.scoring.detector import Detector, Progress, build_detector, restore_detector
from promptdsl.scoring.places import Places, read_places
from promptdsl.scoring.reference_pictures import references_left_out, usual_look


@dataclass(frozen=True, slots=True)
class Source:
    """A spec or a compiled plan file, ready to give detectors.

    A plan file holds words, references and thresholds together, under one hash; beside a spec they
    may have changed since it was calibrated.
    """

    path: str  # as it was named
    plan: Plan
    spec_hash: str  # SHA-256 of the spec's bytes
    compute: Compute
    numbers: Mapping[str, Mapping[str, float]]  # object -> rule as written -> number for `auto`
    lock: Lock | None = None
    compiled: PlanFile | None = None
    progress: Progress | None = None

    @property
    def folder(self) -> Path:
        """What the plan's paths are relative to."""
        return Path(self.path).parent

    def calibrated(self, item: ObjectPlan) -> Mapping[str, float]:
        """Numbers for `auto`, by the rule as written."""
        return self.numbers.get(item.name, {})

    def changes(
        self, item: ObjectPlan, weights_hash: str, *, any_precision: bool = False
    ) -> Sequence[str]:
        """What changed since the thresholds were calibrated, a clause each."""
        locked = self.lock.objects.get(item.name) if self.lock else None
        if self.lock is None or locked is None:
            return ()
        precision = locked.precision if any_precision else self.compute.precision
        return changes_since(self.lock, item, self.folder, weights_hash, precision)

    def references_left_out(self, item: ObjectPlan) -> Sequence[str]:
        """What the references' patterns met and did not take, a sentence each."""
        return () if self.compiled else references_left_out(item, self.folder)

    def weights_hash(self, item: ObjectPlan) -> str:
        """SHA-256 of the model's weights, which must be here. Raises EnvironmentProblem."""
        if self.compiled:
            return detector_state(self.compiled, item).weights_sha256
        return load_model(item.method, self.folder).weights_sha256

    def usual(self, item: ObjectPlan) -> Usual | None:
        """What the object's references look like; a plan file holds no pictures."""
        return None if self.compiled else usual_look(item, self.folder)

    def places(self, item: ObjectPlan) -> Places:
        """The object's regions, what it ignores, and its golden picture."""
        if self.compiled:
            return stored_places(self.compiled, item)
        return read_places(item, self.folder)

    def build(self, item: ObjectPlan) -> Detector:
        """The object's detector on the device; of a plan file without text tower and references."""
        place, number_type = self.compute.device.type, self.compute.precision
        if self.compiled:
            return restore_detector(
                item,
                detector_state(self.compiled, item),
                spec_folder=self.folder,
                device=place,
                precision=number_type,
            )
        places = self.places(item)
        return build_detector(
            item,
            spec_folder=self.folder,
            device=place,
            precision=number_type,
            progress=self.progress,
            layout=places.layout,
            golden=places.golden,
        )


def is_compiled(path: str) -> bool:
    """True for a compiled plan file; UsageProblem for a plan as JSON, which cannot run."""
    if Path(path).suffix == ".json":
        raise UsageProblem(
            f"{path} shows a plan as JSON, and has no embeddings to run with",
            "give the spec itself, or the file that promptdsl compile SPEC -o NAME.plan writes",
        )
    return Path(path).suffix == ".plan" or is_plan_file(Path(path))


def spec_source(
    path: str, compilation: Compilation, compute: Compute, progress: Progress | None = None
) -> Source:
    """A source from a spec without errors. Raises EnvironmentProblem over the lock beside it."""
    lock = read_lock(Path(path))
    numbers = calibrated_numbers(lock)
    plan = compilation.plan()
    return Source(path, plan, compilation.sha256, compute, numbers, lock, progress=progress)


def plan_source(path: str, compute: Compute) -> Source:
    """A source from a compiled plan file; EnvironmentProblem when it cannot be trusted."""
    file = read_plan_file(Path(path))
    return Source(path, file.plan, file.spec_hash, compute, file.thresholds, compiled=file)
