"""Many variants of an ensemble scored from features that were encoded once, without the model.

A variant of the words is a handful of directions. All variants together have few different ones
(leaving out a normal phrase does not move the anomalous prototype), so the cosines of a picture and
of its windows to all of them are one matrix product, and each variant picks its columns:

    p_v = sigmoid((max over its anomalous columns - max over its normal columns) / T)

Distances to references do not depend on words and are measured once.

Shapes: B pictures, W windows, C different directions, D joint width, Q different pairs of normal
and anomalous columns, G grid, H and W of a map in pixels.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.model import ClipModel, load_model
from promptdsl.clip.text import embed_prompts
from promptdsl.errors import UsageProblem
from promptdsl.methods import find_method
from promptdsl.methods.april_gan.detector import (
    AprilGanDetector,
    OwnPicture,
    good_maximum,
    own_pictures,
)
from promptdsl.methods.shared.reference_pictures import reference_files
from promptdsl.methods.shared.words import Directions, anomaly_probability, find_directions
from promptdsl.methods.winclip.references import distance
from promptdsl.methods.winclip.scorer import WinclipScorer
from promptdsl.methods.winclip.scoring import IMAGE, PATCHES, combine_scores
from promptdsl.methods.winclip.settings import Averaging, Pooling
from promptdsl.methods.winclip.windows import (
    WindowSize,
    fuse_maps,
    parse_windows,
    scores_of_patches,
    upsample,
    windows_over_patches,
)
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.cached_scoring import Scorer, Scoring
from promptdsl.scoring.detector import Progress
from promptdsl.scoring.features import Features

WordScorer = WinclipScorer | AprilGanDetector
Floats = npt.NDArray[np.float32]


class EnsemblePrompt(Protocol):
    """One prompt of an edited ensemble."""

    @property
    def text(self) -> str:
        """What the text tower reads."""
        ...

    @property
    def label(self) -> Literal["normal", "anomalous"]:
        """Which side it is on."""
        ...

    @property
    def defect(self) -> str | None:
        """The name of the defect; None for normal."""
        ...


@dataclass(frozen=True, slots=True)
class Variant:
    """The words of an edited ensemble, and the window sizes that count (None: the spec's)."""

    words: Directions
    windows: tuple[str, ...] | None = None


class Rescored(NamedTuple):
    """Some pictures under one variant: (B) scores and, if asked for, (B, H, W) maps."""

    scores_B: Floats
    maps_BHW: Floats | None


@dataclass(slots=True)
class WordBank:
    """Every prompt that was ever asked for, embedded once."""

    model: ClipModel
    device: torch.device
    averaging: Averaging
    pooling: Pooling
    own: tuple[OwnPicture, ...] = ()  # APRIL-GAN's references, whose own maps depend on the words
    _row_of: dict[str, int] = field(default_factory=dict)
    _rows_TD: Tensor = field(default_factory=lambda: torch.empty(0))

    def learn(self, texts: Iterable[str], progress: Progress | None = None) -> None:
        """Embed texts that are not known yet."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._row_of]
        if not fresh:
            return
        tell = partial(progress, "prompts") if progress else None
        rows = embed_prompts(self.model, fresh, device=self.device, progress=tell)
        self._row_of |= {text: len(self._row_of) + i for i, text in enumerate(fresh)}
        self._rows_TD = torch.cat([self._rows_TD, rows]) if len(self._rows_TD) else rows

    def rows(self, texts: Sequence[str]) -> Tensor:
        """(T, D) embeddings on the CPU, not normalised."""
        self.learn(texts)
        return self._rows_TD[[self._row_of[text] for text in texts]]

    def directions(self, prompts: Sequence[EnsemblePrompt]) -> Directions:
        """What a detector with these prompts would compare with, on the device."""
        rows_TD = self.rows([prompt.text for prompt in prompts])
        return find_directions(prompts, rows_TD, self.averaging, self.pooling).to(self.device)


def word_scorer(scorer: Scorer) -> WordScorer | None:
    """The scorer if replacing its words is enough for another score; else None."""
    return scorer if isinstance(scorer, WinclipScorer | AprilGanDetector) else None


def open_bank(scoring: Scoring, plan: ObjectPlan, spec_folder: Path) -> WordBank:
    """The bank of an object's model. Raises UsageProblem where scores do not come from words."""
    scorer, device = scoring.scorer, scoring.compute.device
    if isinstance(scorer, WinclipScorer):
        settings = scorer.settings
        return WordBank(scorer.model, device, settings.averaging, settings.pooling)
    if isinstance(scorer, AprilGanDetector):
        model = load_model(plan.method, spec_folder)
        own = _references_of(scorer, spec_folder)
        return WordBank(model, device, scorer.settings.averaging, "mean", own)
    method = find_method(plan.method.name)
    if method is not None and method.uses_words:
        raise UsageProblem(
            f"{plan.name}: method {plan.method.name} reads the words of the spec, but cannot score "
            "with other ones without being built anew, so they cannot be tried one by one",
            "write method winclip or method april_gan to try words; to compare two specs under "
            f"{plan.method.name}, use promptdsl diff",
        )
    raise UsageProblem(
        f"{plan.name}: the scores of method {plan.method.name} do not depend on the words of the "
        "spec, so there is nothing to try",
        "write method winclip or method april_gan to score with words",
    )


def _references_of(scorer: AprilGanDetector, spec_folder: Path) -> tuple[OwnPicture, ...]:
    settings = scorer.settings
    if scorer.references is None:
        return ()
    files = reference_files(settings.references, settings.shots, settings.seed, spec_folder)
    return tuple(own_pictures(scorer, files))


class Rescorer:
    """Scores encoded pictures under many variants; `bank` is the one that gave their words."""

    def __init__(self, scorer: WordScorer, variants: Sequence[Variant], bank: WordBank) -> None:
        self.scorer = scorer
        self.variants = tuple(variants)
        self._columns = _Columns(self.variants)
        self._reworded: list[AprilGanDetector] = []
        if isinstance(scorer, AprilGanDetector):
            self._reworded = [_reworded(scorer, v.words, bank.own) for v in self.variants]

    def score(self, features: Features, *, maps: bool) -> Iterator[Rescored]:
        """What each variant says of the pictures, in the order of the variants."""
        scorer = self.scorer
        if isinstance(scorer, AprilGanDetector):
            for detector in self._reworded:
                yield _whole(detector, features, maps)
            return
        with torch.inference_mode():
            here = features.to(scorer.compute.device)
            work = _Work(scorer, here, self._columns)
            for variant in self.variants:
                yield work.rescored(variant, maps)


def _reworded(
    scorer: AprilGanDetector, words: Directions, own: Sequence[OwnPicture]
) -> AprilGanDetector:
    """The detector with other words, and with how high good parts reach under them."""
    detector = replace(scorer, words=words)
    if detector.references is None:
        return detector
    good = good_maximum(detector, detector.references, own)
    return replace(detector, references=replace(detector.references, good_maximum=good))


def _whole(scorer: AprilGanDetector, features: Features, maps: bool) -> Rescored:
    scores = scorer.score(features)
    return Rescored(
        np.array([score.score for score in scores], np.float32),
        np.stack([score.map for score in scores]) if maps else None,
    )


@dataclass(frozen=True, slots=True)
class WholePictures:
    """Embeddings of whole pictures, and how far the pictures are from the references (None: none).

    All that a WinCLIP score needs when only words change. Of APRIL-GAN's few-shot score it is the
    part that comes from words.
    """

    image_ND: Tensor
    away_N: Tensor | None

    @classmethod
    def joined(cls, parts: "Sequence[WholePictures]") -> "WholePictures":
        """The pictures of all parts, in order."""
        away = [part.away_N for part in parts if part.away_N is not None]
        return cls(torch.cat([part.image_ND for part in parts]), torch.cat(away) if away else None)

    @torch.inference_mode()
    def scores(self, scorer: WordScorer, words: Directions) -> npt.NDArray[np.float64]:
        """(N) in [0, 1]."""
        score_N = anomaly_probability(self.image_ND, words, scorer.settings.temperature)
        if self.away_N is not None and isinstance(scorer, WinclipScorer):
            score_N = combine_scores(score_N, self.away_N, scorer.settings.image_score)
        return score_N.clamp(0, 1).double().cpu().numpy()


@torch.inference_mode()
def whole_pictures(scorer: WordScorer, features: Features) -> WholePictures:
    """What of some encoded pictures does not depend on words."""
    here = features.to(scorer.compute.device)
    if not isinstance(scorer, WinclipScorer) or scorer.references is None:
        return WholePictures(here.tensors[IMAGE], None)
    work = _Work(scorer, here, _Columns([Variant(scorer.words)]))
    return WholePictures(here.tensors[IMAGE], work.away(scorer.settings.sizes).amax(dim=(1, 2)))


class _Columns:
    """The different directions of all variants, and which of them each variant has."""

    def __init__(self, variants: Sequence[Variant]) -> None:
        numbers: dict[bytes, int] = {}
        rows: list[Tensor] = []
        self._of: dict[int, tuple[int, ...]] = {}  # id of a tensor -> its columns
        for variant in variants:
            for part in (variant.words.normal_ND, variant.words.anomalous_MD):
                if id(part) not in self._of:
                    self._of[id(part)] = tuple(_number(row, numbers, rows) for row in part)
        self.rows_CD = torch.stack(rows)
        self.pairs = tuple(dict.fromkeys(self.pair(variant.words) for variant in variants))

    def pair(self, words: Directions) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Columns of the normal and of the anomalous directions."""
        return self._of[id(words.normal_ND)], self._of[id(words.anomalous_MD)]


def _number(row_D: Tensor, numbers: dict[bytes, int], rows: list[Tensor]) -> int:
    number = numbers.setdefault(row_D.cpu().numpy().tobytes(), len(rows))
    if number == len(rows):
        rows.append(row_D)
    return number


class _Work:
    """One batch of features; cosines, window scores and distances are computed when first read."""

    def __init__(self, scorer: WinclipScorer, features: Features, columns: _Columns) -> None:
        self.scorer, self.features = scorer, features
        self.columns, self.pairs = columns, columns.pairs
        self.words_QB = self._probability(features.tensors[IMAGE])
        self._maps: dict[str, Tensor] = {}
        self._distances: dict[str, Tensor] = {}

    def rescored(self, variant: Variant, maps: bool) -> Rescored:
        """One variant."""
        settings = self.scorer.settings
        place = self.pairs.index(self.columns.pair(variant.words))
        image_in_map, sizes = settings.image_in_map, settings.sizes
        if variant.windows is not None:
            image_in_map, sizes = parse_windows(variant.windows)
        words_B = self.words_QB[place]
        score_B, away_BGG = words_B, None
        if self.scorer.references is not None:
            away_BGG = self.away(sizes)
            score_B = combine_scores(words_B, away_BGG.amax(dim=(1, 2)), settings.image_score)
        pixels = None
        if maps:
            map_BGG = self._words_map(place, image_in_map, sizes)
            whole_BGG = map_BGG if away_BGG is None else (map_BGG + away_BGG) / 2
            pixels = upsample(whole_BGG, self.scorer.size).clamp(0, 1).cpu().numpy()
        return Rescored(score_B.clamp(0, 1).cpu().numpy(), pixels)

    def away(self, sizes: Sequence[WindowSize]) -> Tensor:
        """(B, G, G): mean distance to the references over the patches and these sizes."""
        return torch.stack([self._distance(name) for name in _names(sizes)]).mean(dim=0)

    def _probability(self, v_XD: Tensor) -> Tensor:
        """(Q, X) in [0, 1]."""
        cosines_XC = F.normalize(v_XD, dim=-1) @ self.columns.rows_CD.t()
        best = {key: _best(cosines_XC, key) for pair in self.pairs for key in pair}
        odds = [best[anomalous] - best[normal] for normal, anomalous in self.pairs]
        return torch.sigmoid(torch.stack(odds) / self.scorer.settings.temperature)

    def _words_map(self, place: int, image_in_map: bool, sizes: Sequence[WindowSize]) -> Tensor:
        grid, fuse = self.scorer.grid, self.scorer.settings.fuse
        whole = self.words_QB[place][:, None, None].expand(-1, *grid)
        maps = [whole] if image_in_map or not sizes else []
        maps += [self._scale(size)[place] for size in sizes]
        return fuse_maps(torch.stack(maps), fuse)

    def _scale(self, size: WindowSize) -> Tensor:
        """(Q, B, G, G): the map of one window size under all pairs."""
        if size.name not in self._maps:
            scores_QBW = self._probability(self.features.tensors[size.name])
            flat = self._to_patches(scores_QBW.flatten(0, 1), size)
            self._maps[size.name] = flat.view(*scores_QBW.shape[:2], *self.scorer.grid)
        return self._maps[size.name]

    def _distance(self, name: str) -> Tensor:
        """(B, G, G): how far one scale is from the references."""
        if name not in self._distances:
            assert self.scorer.references is not None
            memory = self.scorer.references.memory[name]
            away_BX = distance(self.features.tensors[name], memory)
            self._distances[name] = (
                away_BX.view(-1, *self.scorer.grid)
                if name == PATCHES
                else self._to_patches(away_BX, _size(name))
            )
        return self._distances[name]

    def _to_patches(self, scores_XW: Tensor, size: WindowSize) -> Tensor:
        settings, grid = self.scorer.settings, self.scorer.grid
        cover = windows_over_patches(grid, size, settings.stride, scores_XW.device)
        return scores_of_patches(scores_XW, cover, grid, settings.fuse)


def _best(cosines_XC: Tensor, columns: tuple[int, ...]) -> Tensor:
    if len(columns) == 1:
        return cosines_XC[..., columns[0]]
    return cosines_XC[..., list(columns)].amax(dim=-1)


def _names(sizes: Sequence[WindowSize]) -> list[str]:
    return [PATCHES, *(size.name for size in sizes)]


def _size(name: str) -> WindowSize:
    return parse_windows((name,))[1][0]
