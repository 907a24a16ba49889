"""The contract between a detection method and the commands that inspect pictures with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from promptdsl.clip.model import ClipModel
from promptdsl.engine.device import Compute, choose_compute
from promptdsl.engine.flops import Flops
from promptdsl.errors import EnvironmentProblem, SpecProblem
from promptdsl.methods import find_method
from promptdsl.plan.model import ObjectPlan
from promptdsl.plan.validity import check_settings
from promptdsl.results import PictureScore
from promptdsl.scoring.arrays import Array, check_arrays
from promptdsl.scoring.features import Features

if TYPE_CHECKING:
    from promptdsl.scoring.detectors import Builders

Pictures = npt.NDArray[np.uint8]  # (B, H, W, 3) RGB at the detector's size
COMPILE_AGAIN = "make it again with `promptdsl compile SPEC -o part.plan`"
Progress = Callable[[str, int, int], None]  # what is done, how many so far, of how many


@dataclass(frozen=True, slots=True)
class DetectorState:
    """What a compiled plan stores, so that neither references nor the text tower are needed."""

    weights_sha256: str
    tensors: Mapping[str, Tensor]

    def check(self, model: ClipModel, expected: Mapping[str, Array]) -> None:
        """EnvironmentProblem where it belongs to other weights or holds other arrays."""
        refuse_other_weights(model.weights_sha256, self, " ".join(model.name.split()))
        check_arrays(self.tensors, expected, "the compiled plan", COMPILE_AGAIN)


class Detector(Protocol):
    """Scores pictures of one object. Scores and maps lie in [0, 1]; higher is more anomalous.

    `inspect` is `encode`, which is costly, followed by `score`, which is cheap. Running out of
    device memory raises torch.OutOfMemoryError and leaves the detector usable.

    Threads: one detector, and several that share a model, may be used from any number of threads
    at once. They wait for one another where they share work buffers, and what each gets is what it
    would get alone, to the last bit. Building detectors in several threads is safe, too.

    Repeatability, on one device with one number type and one number of threads: a picture's scores
    from given features are the same to the last bit, whatever is scored beside it, and whether the
    features were encoded just now or came from a file. On the CPU that holds for `encode` as well;
    on CUDA another batch size may change the last bits of features.
    """

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the pictures it takes."""
        ...

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the spec."""
        ...

    @property
    def compute(self) -> Compute:
        """The device and number type in use."""
        ...

    @property
    def weights_sha256(self) -> str:
        """Hash of the model's weights."""
        ...

    @property
    def flops(self) -> Flops:
        """Arithmetic of one picture."""
        ...

    def encode(self, pictures: Pictures) -> Features:
        """Embeddings of uint8 RGB pictures."""
        ...

    def score(self, features: Features) -> list[PictureScore]:
        """Scores of pictures that have been encoded."""
        ...

    def inspect(self, pictures: Pictures) -> list[PictureScore]:
        """Scores of uint8 RGB pictures."""
        ...

    def state(self) -> DetectorState:
        """What it takes to restore this detector elsewhere."""
        ...


def engine_notes(detector: object) -> tuple[str, ...]:
    """What a detector's engine does without on this machine, a sentence each.

    A detector may have them as `engine_notes`; they are complete once a picture was encoded.
    """
    return tuple(getattr(detector, "engine_notes", ()))


def build_detector(
    plan: ObjectPlan,
    *,
    spec_folder: Path,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
) -> Detector:
    """A detector from a plan: loads the model, embeds the words, encodes the references.

    Raises EnvironmentProblem (weights, device, references) and SpecProblem (settings that do not
    fit the model).
    """
    builders = _builders(plan)
    compute = choose_compute(device, precision)
    return builders.build(plan, spec_folder, compute, progress)


def restore_detector(
    plan: ObjectPlan,
    state: DetectorState,
    *,
    spec_folder: Path,
    device: str = "auto",
    precision: str = "auto",
) -> Detector:
    """A detector from a compiled plan: loads only the image tower, whose hash must be the same.

    Raises EnvironmentProblem, also where the state is not what the method expects.
    """
    builders = _builders(plan)
    _check_settings(plan)
    compute = choose_compute(device, precision)
    try:
        detector = builders.restore(plan, state, spec_folder, compute)
    except SpecProblem as problem:  # settings that do not fit the model: nobody's spec is here
        raise EnvironmentProblem(problem.sentence, COMPILE_AGAIN) from problem
    refuse_other_weights(detector.weights_sha256, state, " ".join(plan.method.model))
    return detector


def _check_settings(plan: ObjectPlan) -> None:
    """EnvironmentProblem for settings that the compiler could not have made."""
    method = find_method(plan.method.name)
    assert method is not None  # it has builders
    try:
        check_settings(plan.method, method)
    except ValueError as error:
        raise EnvironmentProblem(
            f"the compiled plan is damaged: {plan.name}: {error}", COMPILE_AGAIN
        ) from None


def refuse_other_weights(here: str, state: DetectorState, model: str) -> None:
    """EnvironmentProblem when a plan was compiled with weights of another hash."""
    if here != state.weights_sha256:
        raise EnvironmentProblem(
            f"the weights of {model} are not those that this plan was compiled with "
            f"({here[:12]}, not {state.weights_sha256[:12]})",
            help="compile the spec again, or bring the same weights",
        )


def _builders(plan: ObjectPlan) -> "Builders":
    """What builds the plan's detector. EnvironmentProblem for a method that is not here."""
    from promptdsl.scoring.detectors import find_builders

    return find_builders(plan.method.name, plan.name)
