"""The detector of `method april_gan`: an image tower with stages, adapters, words, references."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from promptdsl.clip.config import ClipConfig
from promptdsl.clip.model import ClipModel, load_model
from promptdsl.engine.device import Compute
from promptdsl.engine.flops import Flops, count_path_flops
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.april_gan.encoder import StageEncoder
from promptdsl.methods.april_gan.references import (
    OwnPicture,
    References,
    left_out_in_turn,
    own_views,
    remember,
    views,
)
from promptdsl.methods.april_gan.scoring import (
    Adapters,
    score_features,
    stage_name,
    with_distance,
    words_map,
)
from promptdsl.methods.april_gan.settings import (
    AprilGanSettings,
    check_stages,
)
from promptdsl.methods.april_gan.word_bank import AprilGanBank
from promptdsl.methods.shared.checkpoints import LearnedWeights, load_learned
from promptdsl.methods.shared.clip_detector import ClipDetector, picture_scores, size_of
from promptdsl.methods.shared.memory import learned, learned_rows
from promptdsl.methods.shared.nearest import unit_rows
from promptdsl.methods.shared.settings import read_fields
from promptdsl.methods.shared.words import (
    Directions,
    direction_arrays,
    embed_words,
    read_directions,
)
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import PictureScore
from promptdsl.scoring.arrays import Array, pictures_in, unit_rows_of
from promptdsl.scoring.detector import DetectorState, Placed, Progress, Words
from promptdsl.scoring.features import Features
from promptdsl.scoring.pieces import with_seen
from promptdsl.scoring.reference_pictures import count_views, read_reference, reference_files
from promptdsl.scoring.views import seen_whole

GOOD_MAXIMUM, MEMORY = "references/good_maximum", "memory/"
ADAPTER_WEIGHT, ADAPTER_BIAS = "adapters/weight", "adapters/bias"


@dataclass(frozen=True)
class AprilGanDetector(ClipDetector[StageEncoder]):
    """Implements `promptdsl.scoring.detector.Detector`. `files` are the drawn references."""

    settings: AprilGanSettings
    words: Directions
    adapters: Adapters
    references: References | None = None
    files: tuple[Path, ...] = ()

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the spec."""
        return self.words.defects

    @property
    def flops(self) -> Flops:
        """Arithmetic of one picture, references not counted."""
        stages = self.settings.stages
        return count_path_flops(
            self.encoder.tower,
            beside=0,
            beside_read=0,
            read_outs=len(stages),
            whole_last=self.model.config.vision.layers in stages,
        )

    @property
    def reference_files(self) -> tuple[Path, ...]:
        """Those that are still to be given."""
        return self.files if self.references is None else ()

    def encoding(self) -> Hashable:
        """The stages."""
        return self.settings.stages, self.settings.position_embedding

    def make_encoder(self) -> StageEncoder:
        """Loads the image tower."""
        tower = self.tower(self.settings.position_embedding)
        return StageEncoder(tower, self.settings.stages)

    def with_words(self, words: Words) -> "AprilGanDetector":
        """The same with other words; how high good parts reach depends on them, too."""
        found = embed_words(self.model, words, self.compute, self.settings.averaging)
        ends = self.references.ends if self.references is not None else ()
        return self.reworded(found, self.own_pictures(ends))

    def reworded(self, words: Directions, own: Iterable[OwnPicture]) -> "AprilGanDetector":
        """The same with other directions."""
        other = self.replaced(words=words)
        if self.references is None:
            return other
        known = self.references
        return other.replaced(references=other.calibrated(known.memory, own, known.ends))

    def compared_with(self, parts: Iterable[Placed]) -> "AprilGanDetector":
        """The same, comparing with these pictures of good parts."""
        dtype, place = self.compute.dtype, self.compute.device
        ends: tuple[int, ...] = ()
        if self.viewing is None:
            memory = remember(parts, len(self.files), dtype)
        else:
            views = count_views(self.files, self.viewing)
            memory, ends = learned(
                parts, views, lambda rows: unit_rows(rows, dtype), lambda _, seen: seen
            )
        memory = {name: rows.to(place) for name, rows in memory.items()}
        return self.replaced(references=self.calibrated(memory, self.own_pictures(ends), ends))

    def own_pictures(self, ends: Sequence[int]) -> list[OwnPicture]:
        """The references themselves, encoded, each to be left out of the memory in its turn.

        `ends`: where the rows of each end in the memory, where they are seen in views.
        """
        if self.viewing is not None:
            return [
                (with_seen(self.encode(pictures), self.viewing, seen), own)
                for pictures, seen, own in own_views(self.files, self.viewing, ends)
            ]
        if len(self.files) == 1:
            picture = read_reference(self.files[0], self.size)
            return [(self.encode(views(picture, self.size[0] // self.grid[0])), None)]
        each = self.grid[0] * self.grid[1]
        found: list[OwnPicture] = []
        for number in left_out_in_turn(len(self.files)) if self.files else []:
            picture = read_reference(self.files[number], self.size)[None]
            found.append((self.encode(picture), slice(number * each, (number + 1) * each)))
        return found

    @torch.inference_mode()
    def calibrated(
        self, memory: Mapping[str, Tensor], own: Iterable[OwnPicture], ends: tuple[int, ...] = ()
    ) -> References:
        """The memory with the mean maximum of the references' own maps, under these words."""
        maps = (
            with_distance(self, words_map(self, features), features, memory, rows)
            for features, rows in own
        )
        highest = float(torch.cat([m.amax(dim=(1, 2)) for m in maps]).mean())
        return References(memory, highest, ends)

    def word_bank(self) -> AprilGanBank:
        """For experiments with words."""
        return AprilGanBank(self)

    def score_group(self, features: Features) -> list[PictureScore]:
        """Scores of encoded pictures, at the features' device."""
        score_B, map_BHW, defects_BK, kinds = score_features(self, features)
        return picture_scores(score_B, map_BHW, defects_BK, self.defects, kinds)

    def tensors(self) -> Mapping[str, Tensor]:
        """Directions, adapters and memory."""
        found = {
            **self.words.tensors(),
            ADAPTER_WEIGHT: self.adapters.weight_SDC,
            ADAPTER_BIAS: self.adapters.bias_SD,
        }
        if self.references is not None:
            found |= {f"{MEMORY}{name}": rows for name, rows in self.references.memory.items()}
            found[GOOD_MAXIMUM] = torch.tensor([self.references.good_maximum])
        return found


def build_april_gan(
    plan: ObjectPlan, spec_folder: Path, compute: Compute, progress: Progress | None
) -> AprilGanDetector:
    """Open the model and the adapters and embed the words; references are still to be given."""
    settings, model = (
        read_fields(AprilGanSettings, plan.method.settings),
        load_model(plan.method, spec_folder),
    )
    learned = load_learned(plan.method, model, spec_folder)
    words = embed_words(model, plan.prompts, compute, settings.averaging, progress=progress)
    adapters = adapters_of(learned, settings)
    detector = assemble_detector(model, settings, compute, words, adapters)
    if not settings.references:
        return detector
    asked = (settings.references, settings.shots, settings.seed)
    return detector.replaced(files=reference_files(*asked, spec_folder))


def restore_april_gan(
    plan: ObjectPlan, state: DetectorState, spec_folder: Path, compute: Compute
) -> AprilGanDetector:
    """Take words, adapters and memory from the state."""
    settings, model = (
        read_fields(AprilGanSettings, plan.method.settings),
        load_model(plan.method, spec_folder),
    )
    check_stages(settings, model.config.vision.layers, model.name)
    tensors, grid = state.tensors, model.grid(size_of(model, settings.image_size))
    words = direction_arrays(plan.prompts, "mean", model.config.embed_dim)
    state.check(model, words | _state_arrays(tensors, plan, settings, model.config, grid))
    directions = read_directions(tensors, plan.defects)
    adapters = Adapters(tensors[ADAPTER_WEIGHT], tensors[ADAPTER_BIAS])
    detector = assemble_detector(model, settings, compute, directions, adapters)
    if not settings.references:
        return detector
    memory = {
        name: tensors[MEMORY + name].to(compute.device, compute.dtype)
        for name in map(stage_name, settings.stages)
    }
    return detector.replaced(references=References(memory, float(tensors[GOOD_MAXIMUM][0])))


def _state_arrays(
    tensors: Mapping[str, Tensor],
    plan: ObjectPlan,
    settings: AprilGanSettings,
    config: ClipConfig,
    grid: tuple[int, int],
) -> dict[str, Array]:
    """What a compiled plan stores besides words: adapters and, with references, the memory."""
    width, joint, stages = config.vision.width, config.embed_dim, len(settings.stages)
    found = {
        ADAPTER_WEIGHT: Array((stages, joint, width)),
        ADAPTER_BIAS: Array((stages, joint)),
    }
    if not settings.references:
        return found
    each, names = grid[0] * grid[1], [MEMORY + stage_name(stage) for stage in settings.stages]
    if seen_whole(plan):
        count = pictures_in(tensors, names[0], each, settings.shots)
        found |= dict.fromkeys(names, unit_rows_of(count * each, width))
    else:
        found |= dict.fromkeys(names, learned_rows(tensors, names[0], width))
    return found | {GOOD_MAXIMUM: Array((1,), 0.0, 1.0)}


def assemble_detector(
    model: ClipModel,
    settings: AprilGanSettings,
    compute: Compute,
    words: Directions,
    adapters: Adapters,
) -> AprilGanDetector:
    """A detector without references. SpecProblem for stages that the model has not."""
    check_stages(settings, model.config.vision.layers, model.name)
    size, place = size_of(model, settings.image_size), compute.device
    return AprilGanDetector(model, compute, size, settings, words.to(place), adapters.to(place))


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
    return layers_of(tensors, count)


def layers_of(tensors: Mapping[str, Tensor], count: int) -> Adapters:
    """The layers by the names that files use."""
    weights, biases = (
        torch.stack([tensors[f"stage.{n}.{part}"].float() for n in range(count)])
        for part in ("weight", "bias")
    )
    return Adapters(weights, biases)
