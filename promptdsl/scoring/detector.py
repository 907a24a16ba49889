"""The contract between a detection method and the commands that inspect pictures with it.

A detector encodes pictures, which is costly, and scores their features, which is cheap. What only
some methods can do is asked of their detectors one by one: `ComparesWithReferences`,
`load_encoder`, `engine_notes`, `feature_identity`, `feature_names`, and of words the bank in
`methods/shared/word_bank.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from promptdsl.clip.model import ClipModel
from promptdsl.engine.device import Compute, choose_compute
from promptdsl.engine.flops import Flops
from promptdsl.errors import EnvironmentProblem, SpecProblem
from promptdsl.files.naming import shown
from promptdsl.files.opening import reason
from promptdsl.methods import METHODS, find_method
from promptdsl.pictures.opening import PictureError
from promptdsl.plan.expand import ExpandedPrompt
from promptdsl.plan.model import ObjectPlan, Prompt
from promptdsl.plan.validity import check_settings
from promptdsl.results import PictureScore
from promptdsl.scoring.arrays import Array, check_arrays
from promptdsl.scoring.decoding import pieces_ahead
from promptdsl.scoring.features import Features, Pictures
from promptdsl.scoring.pieces import Opened, next_pieces, stacked, with_seen
from promptdsl.scoring.reference_pictures import read_reference, refuse_reference, refuse_unlocated
from promptdsl.scoring.views import Golden, Layout, Viewing, viewing_of

COMPILE_AGAIN = "make it again with `promptdsl compile SPEC -o part.plan`"
REFERENCE_BATCH = 8
Progress = Callable[[str, int, int], None]  # what is done, how many so far, of how many
Words = Sequence[Prompt | ExpandedPrompt]  # the prompts of a plan, or of an edited spec
Placed = tuple[Sequence[int], Features]  # some pictures, by their places among all of them


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

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the spec."""

    @property
    def compute(self) -> Compute:
        """The device and number type in use."""

    @property
    def weights_sha256(self) -> str:
        """Hash of the model's weights."""

    @property
    def flops(self) -> Flops:
        """Arithmetic of one picture."""

    def encode(self, pictures: Pictures) -> Features:
        """Embeddings of uint8 RGB pictures."""

    def score(self, features: Features, words: Words | None = None) -> list[PictureScore]:
        """Scores of pictures that have been encoded; `words` in place of the plan's own."""

    def inspect(self, pictures: Pictures) -> list[PictureScore]:
        """Scores of uint8 RGB pictures."""

    def state(self) -> DetectorState:
        """What it takes to restore this detector elsewhere."""


@runtime_checkable
class ComparesWithReferences(Protocol):
    """A detector that lets others encode its references, and keep their features in a cache."""

    @property
    def reference_files(self) -> tuple[Path, ...]:
        """Pictures of good parts that it must be given before it scores; none when it has them."""

    def compared_with(self, parts: Iterable[Placed]) -> Detector:
        """The detector with the features of all its reference files, in whatever order."""


def load_encoder(detector: object) -> None:
    """Load what `encode` needs, where a detector has a `load` and would do so when first asked."""
    load = getattr(detector, "load", None)
    if load is not None:
        load()


def engine_notes(detector: object) -> tuple[str, ...]:
    """What a detector's engine does without on this machine, a sentence each.

    A detector may have them as `engine_notes`; they are complete once a picture was encoded.
    """
    return tuple(getattr(detector, "engine_notes", ()))


def feature_identity(detector: Detector) -> str:
    """Changes with all that changes features beside settings: weights, and what a config says."""
    return str(getattr(detector, "identity", detector.weights_sha256))


def feature_names(detector: object) -> frozenset[str] | None:
    """The features that `score` reads, where others may lie beside them; None for all."""
    return getattr(detector, "feature_names", None)


def build_detector(
    plan: ObjectPlan,
    *,
    spec_folder: Path,
    device: str = "auto",
    precision: str = "auto",
    progress: Progress | None = None,
    layout: Layout | None = None,
    golden: Golden | None = None,
) -> Detector:
    """A detector from a plan: loads the model, embeds the words, encodes the references.

    `layout` says what of a picture is ignored.

    Raises EnvironmentProblem (weights, device, references) and SpecProblem (settings that do not
    fit the model).
    """
    builders = find_builders(plan.method.name, plan.name)
    detector = builders.build(plan, spec_folder, choose_compute(device, precision), progress)
    load_encoder(detector)
    viewing = viewing_of(plan, detector, layout, golden)
    if viewing.is_plain:
        return with_references(detector, _encode_references(detector, progress))
    detector = seen_through(detector, viewing)
    return with_references(detector, _encode_views(detector, viewing, progress))


def seen_through(detector: Detector, viewing: Viewing) -> Detector:
    """The detector told how its pictures are seen, where it must know that for its references."""
    through: Callable[[Viewing], Detector] | None = getattr(detector, "seen_through", None)
    return detector if through is None else through(viewing)


def with_references(detector: Detector, parts: Iterable[Placed]) -> Detector:
    """The detector, compared with its references where it wants some."""
    if not isinstance(detector, ComparesWithReferences) or not detector.reference_files:
        return detector
    return detector.compared_with(parts)


def _encode_references(detector: Detector, progress: Progress | None) -> Iterator[Placed]:
    assert isinstance(detector, ComparesWithReferences)
    files = detector.reference_files
    for start in range(0, len(files), REFERENCE_BATCH):
        batch = files[start : start + REFERENCE_BATCH]
        pictures = np.stack([read_reference(file, detector.size) for file in batch])
        yield range(start, start + len(batch)), detector.encode(pictures)
        if progress is not None:
            progress("references", start + len(batch), len(files))


def _encode_views(
    detector: Detector, viewing: Viewing, progress: Progress | None
) -> Iterator[Placed]:
    """The references as pictures are seen: in tiles, and without what is ignored."""
    assert isinstance(detector, ComparesWithReferences)
    files = detector.reference_files
    pieces = pieces_ahead(map(str, files), viewing, lambda: 2 * REFERENCE_BATCH)
    place = -1
    known: Opened | None = None
    with closing(pieces):
        while batch := next_pieces(pieces, REFERENCE_BATCH):
            places = []
            for piece in batch:
                place, known = place + (piece.of is not known), piece.of
                if isinstance(piece.of.picture, PictureError):
                    refuse_reference(files[place], piece.of.picture)
                refuse_unlocated(files[place], piece.of)
                places.append(place)
            features = detector.encode(stacked(batch))
            yield places, with_seen(features, viewing, [piece.view for piece in batch])
            if progress is not None:
                progress("references", place + 1, len(files))


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
    builders = find_builders(plan.method.name, plan.name)
    _check_settings(plan)
    compute = choose_compute(device, precision)
    try:
        detector = builders.restore(plan, state, spec_folder, compute)
        load_encoder(detector)
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


class Builders(NamedTuple):
    """From a plan and its spec's folder, or from a plan and what was compiled."""

    build: Callable[[ObjectPlan, Path, Compute, Progress | None], Detector]
    restore: Callable[[ObjectPlan, DetectorState, Path, Compute], Detector]


def find_builders(name: str, item: str) -> Builders:
    """What builds a method's detector. EnvironmentProblem where its package is not here, or broken.

    A method's module holds `build_NAME` and `restore_NAME`; it is imported when it is needed.
    """
    try:
        method = find_method(name)
        if method is not None:
            module = import_module(method.detector)
            return Builders(getattr(module, f"build_{name}"), getattr(module, f"restore_{name}"))
    except Exception as error:  # whatever the package of somebody else raises
        raise EnvironmentProblem(
            f"method {shown(name[:60])} of {item} cannot be loaded: {reason(error)}",
            "install the package that brings it again",
        ) from error
    raise EnvironmentProblem(
        f"{item} is inspected by method {shown(name[:60])}, which is not installed here",
        f"install the package that brings it; promptdsl itself has {', '.join(METHODS)}",
    )
