"""The detector of `method april_gan`: an image tower with stages, adapters, words, references."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from promptdsl.clip.model import ClipModel, load_model
from promptdsl.clip.text import embed_prompts
from promptdsl.engine.device import Compute
from promptdsl.engine.flops import Flops
from promptdsl.engine.image_pass import MAX_ROWS, pixels_on
from promptdsl.engine.path_flops import count_path_flops
from promptdsl.engine.shared_encoders import SharedEncoders
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.april_gan.arrays import (
    ADAPTER_BIAS,
    ADAPTER_WEIGHT,
    GOOD_MAXIMUM,
    memory_name,
    state_arrays,
)
from promptdsl.methods.april_gan.encoder import StageEncoder
from promptdsl.methods.april_gan.references import (
    References,
    left_out_in_turn,
    remember,
    views,
)
from promptdsl.methods.april_gan.scoring import (
    IMAGE,
    Adapters,
    picture_scores,
    score_features,
    stage_name,
    with_distance,
    words_map,
)
from promptdsl.methods.april_gan.settings import (
    AprilGanSettings,
    check_stages,
    read_settings,
)
from promptdsl.methods.shared.checkpoints import load_learned
from promptdsl.methods.shared.learned_weights import LearnedWeights
from promptdsl.methods.shared.reference_pictures import read_reference, reference_files
from promptdsl.methods.shared.words import Directions, find_directions
from promptdsl.methods.winclip.arrays import direction_tensors, read_directions
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import DetectorState, Pictures, Progress
from promptdsl.scoring.features import Features, score_steadily

_encoders: SharedEncoders[StageEncoder] = SharedEncoders()


@dataclass(frozen=True)
class AprilGanDetector:
    """Implements `promptdsl.scoring.detector.Detector`."""

    size: tuple[int, int]
    weights_sha256: str
    compute: Compute
    settings: AprilGanSettings
    encoder: StageEncoder
    words: Directions
    adapters: Adapters
    references: References | None

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the spec."""
        return self.words.defects

    @property
    def grid(self) -> tuple[int, int]:
        """Patches down and across."""
        return self.encoder.tower.grid

    @property
    def flops(self) -> Flops:
        """Arithmetic of one picture, references not counted."""
        tower, stages = self.encoder.tower, self.settings.stages
        return count_path_flops(
            tower,
            beside=0,
            beside_read=0,
            read_outs=len(stages),
            whole_last=len(tower.blocks) in stages,
        )

    @property
    def engine_notes(self) -> tuple[str, ...]:
        """What the engine does without on this machine."""
        return self.encoder.image_pass.notes

    def encode(self, pictures: Pictures) -> Features:
        """Embeddings of (B, H, W, 3) uint8 RGB pictures, on the device."""
        encoded = self.encoder.encode(pixels_on(pictures, self.compute.device))
        stages = {stage_name(stage): rows for stage, rows in encoded.stages_BPC.items()}
        return Features({IMAGE: encoded.image_BD, **stages})

    def score(self, features: Features) -> list[PictureScore]:
        """Scores of pictures that have been encoded, here or elsewhere."""
        return score_steadily(features, self.compute.device, self._score)

    def inspect(self, pictures: Pictures) -> list[PictureScore]:
        """Scores of (B, H, W, 3) uint8 RGB pictures."""
        return self.score(self.encode(pictures))

    def _score(self, features: Features) -> list[PictureScore]:
        settings, grid, size = self.settings, self.grid, self.size
        scores = score_features(
            features, self.words, self.adapters, self.references, settings, grid, size
        )
        return picture_scores(scores, self.defects)

    def state(self) -> DetectorState:
        """Directions, adapters and memory; settings are in the plan."""
        tensors = {
            **direction_tensors(self.words),
            ADAPTER_WEIGHT: self.adapters.weight_SDC,
            ADAPTER_BIAS: self.adapters.bias_SD,
        }
        if self.references is not None:
            tensors |= {f"memory/{name}": rows for name, rows in self.references.memory.items()}
            tensors[GOOD_MAXIMUM] = torch.tensor([self.references.good_maximum])
        return DetectorState(
            self.weights_sha256, {name: tensor.cpu() for name, tensor in tensors.items()}
        )


def build_april_gan(
    plan: ObjectPlan, spec_folder: Path, compute: Compute, progress: Progress | None
) -> AprilGanDetector:
    """Load the model and the adapters, embed the words, encode the references."""
    settings, model = read_settings(plan.method.settings), load_model(plan.method, spec_folder)
    builtin = plan.method.model_kind == "builtin"
    learned = load_learned("april_gan", settings.weights, model, builtin, spec_folder)
    embeddings_TD = embed_prompts(
        model,
        [prompt.text for prompt in plan.prompts],
        device=compute.device,
        progress=partial(progress, "prompts") if progress else None,
    )
    words = find_directions(plan.prompts, embeddings_TD, settings.averaging, "mean")
    adapters = adapters_of(learned, settings)
    detector = assemble_detector(model, settings, compute, words, adapters)
    return with_references(detector, spec_folder, progress) if settings.references else detector


def restore_april_gan(
    plan: ObjectPlan, state: DetectorState, spec_folder: Path, compute: Compute
) -> AprilGanDetector:
    """Take words, adapters and memory from the state; load only the image tower."""
    settings, model = read_settings(plan.method.settings), load_model(plan.method, spec_folder)
    check_stages(settings, model.config.vision.layers, model.name)
    tensors, side = state.tensors, settings.image_size
    grid = model.grid((side, side) if side else None)
    state.check(model, state_arrays(tensors, plan.prompts, settings, model.config, grid))
    words = read_directions(tensors, plan.defects)
    adapters = Adapters(tensors[ADAPTER_WEIGHT], tensors[ADAPTER_BIAS])
    detector = assemble_detector(model, settings, compute, words, adapters)
    if GOOD_MAXIMUM not in tensors:
        return detector
    memory = {stage_name(stage): tensors[memory_name(stage)] for stage in settings.stages}
    references = References(memory, float(tensors[GOOD_MAXIMUM][0]))
    return replace(detector, references=references.to(compute.device, compute.dtype))


def assemble_detector(
    model: ClipModel,
    settings: AprilGanSettings,
    compute: Compute,
    words: Directions,
    adapters: Adapters,
) -> AprilGanDetector:
    """A detector without references."""
    encoder = find_encoder(model, settings, compute)
    return AprilGanDetector(
        encoder.tower.image_size,
        model.weights_sha256,
        compute,
        settings,
        encoder,
        words.to(compute.device),
        adapters.to(compute.device),
        None,
    )


def adapters_of(learned: LearnedWeights, settings: AprilGanSettings) -> Adapters:
    """The linear layers, one for each stage. Raises EnvironmentProblem where they do not match."""
    tensors = learned.tensors
    count = sum(name.endswith(".weight") for name in tensors)
    trained = learned.facts.get("settings", {}).get("stages")
    if count != len(settings.stages) or (trained and tuple(trained) != settings.stages):
        asked = ", ".join(map(str, settings.stages))
        have = ", ".join(map(str, trained)) if trained else f"{count} blocks"
        raise EnvironmentProblem(
            f"{learned.source} has linear layers for {have}, and the spec asks for stages: {asked}",
            help=f"write stages: {have}" if trained else f"write {count} stages",
        )
    return Adapters(
        torch.stack([tensors[f"stage.{n}.weight"].float() for n in range(count)]),
        torch.stack([tensors[f"stage.{n}.bias"].float() for n in range(count)]),
    )


def find_encoder(model: ClipModel, settings: AprilGanSettings, compute: Compute) -> StageEncoder:
    """An encoder, the same for all objects that differ only in words and references."""
    side = settings.image_size
    check_stages(settings, model.config.vision.layers, model.name)
    key = (model.identity, settings.stages, settings.position_embedding, side, str(compute))

    def make() -> StageEncoder:
        tower = model.vision_tower(
            (side, side) if side else None,
            resize=settings.position_embedding,
            device=compute.device,
            dtype=compute.dtype,
        )
        return StageEncoder(tower, settings.stages, MAX_ROWS[compute.device.type])

    return _encoders.find(key, make)


def with_references(
    detector: AprilGanDetector, spec_folder: Path, progress: Progress | None
) -> AprilGanDetector:
    """The same detector, comparing with the spec's pictures of good parts."""
    settings = detector.settings
    files = reference_files(settings.references, settings.shots, settings.seed, spec_folder)
    return comparing_with(detector, files, progress)


def comparing_with(
    detector: AprilGanDetector, files: tuple[Path, ...], progress: Progress | None = None
) -> AprilGanDetector:
    """The same detector, comparing with these pictures of good parts."""
    dtype, size = detector.compute.dtype, detector.size
    memory = remember(files, size, detector.encode, dtype, progress)
    uncalibrated = References(memory, 0.0)
    good = good_maximum(detector, uncalibrated, own_pictures(detector, files))
    return replace(detector, references=References(memory, good))


OwnPicture = tuple[Features, slice | None]  # and the rows of the memory that are its own


def own_pictures(detector: AprilGanDetector, files: tuple[Path, ...]) -> Iterator[OwnPicture]:
    """The references themselves, encoded, each to be left out of the memory in its turn."""
    if len(files) == 1:
        picture = read_reference(files[0], detector.size)
        yield detector.encode(views(picture, detector.size[0] // detector.grid[0])), None
        return
    each = detector.grid[0] * detector.grid[1]
    for number in left_out_in_turn(len(files)):
        picture = read_reference(files[number], detector.size)[None]
        yield detector.encode(picture), slice(number * each, (number + 1) * each)


@torch.inference_mode()
def good_maximum(
    detector: AprilGanDetector, references: References, own: Iterable[OwnPicture]
) -> float:
    """The mean maximum of the references' own maps; it depends on the words, too."""
    found = [_maxima(detector, references, features, rows) for features, rows in own]
    return float(torch.cat(found).mean())


def _maxima(
    detector: AprilGanDetector, references: References, features: Features, own: slice | None
) -> torch.Tensor:
    settings, grid, size = detector.settings, detector.grid, detector.size
    words = words_map(features, detector.words, detector.adapters, settings, grid, size)
    return with_distance(words, features, references, settings, grid, own).amax(dim=(1, 2))
