"""Many variants of an ensemble scored from features that were encoded once, without the model.

A variant of the words is a handful of directions. All variants together have few different ones
(leaving out a normal phrase does not move the anomalous prototype), so the cosines of a picture and
of its windows to all of them are one matrix product, and each variant picks its columns:

    p_v = sigmoid((max over its anomalous columns - max over its normal columns) / T)

Distances to references do not depend on words and are measured once.

Shapes: B pictures, W windows, K patches of a window, C different directions, D joint width, Q
different pairs of normal and anomalous columns, G grid, H and W of a map in pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.engine.window_encoder import PATCHES
from promptdsl.methods.shared.seen import highest, seen_grid, windows_seen
from promptdsl.methods.shared.word_bank import (
    Box,
    Rescore,
    Rescored,
    Variant,
    WholePictures,
    Window,
    WordBank,
)
from promptdsl.methods.shared.words import Directions, anomaly_probability
from promptdsl.methods.winclip.references import distance
from promptdsl.methods.winclip.scoring import (
    combine_scores,
    map_pixels,
    scale_distance,
    scales,
    to_patches,
    words_map,
)
from promptdsl.methods.winclip.settings import WinclipSettings
from promptdsl.methods.winclip.windows import WindowSize
from promptdsl.scoring.features import IMAGE, SEEN, Features

if TYPE_CHECKING:
    from promptdsl.methods.winclip.detector import WinclipDetector


class WinclipBank(WordBank):
    """Words and windows tried on features."""

    def __init__(self, detector: "WinclipDetector") -> None:
        super().__init__(detector, detector.words, detector.settings)
        self.detector, settings = detector, detector.settings
        whole = ("image",) if settings.image_in_map else ()
        self.scales = (*whole, *(size.name for size in settings.sizes))

    def rescorer(self, variants: Sequence[Variant]) -> Rescore:
        """One product for all variants."""
        columns = _Columns(variants)

        def score(features: Features, maps: bool) -> Iterator[Rescored]:
            with torch.inference_mode():
                work = _Work(self.detector, features.to(self.compute.device), columns)
                for variant in variants:
                    yield work.rescored(variant, maps)

        return score

    @torch.inference_mode()
    def whole(self, features: Features) -> WholePictures:
        """With references, how far the pictures are from them, too."""
        here = features.to(self.compute.device)
        if self.detector.references is None:
            return WholePictures(here.tensors[IMAGE], None)
        work = _Work(self.detector, here, _Columns([Variant(self.words)]))
        away_BGG = work.away(self.detector.settings)
        seen_BGG = seen_grid(here, self.detector.grid)
        return WholePictures(here.tensors[IMAGE], highest(away_BGG, seen_BGG))

    def probability(self, pictures: WholePictures, words: Directions) -> Tensor:
        """(N) by words and references."""
        words_N = super().probability(pictures, words)
        return combine_scores(words_N, pictures.away_N, self.detector.settings)

    @torch.inference_mode()
    def windows(self, features: Features) -> list[Window]:
        """Every window of every scale of one picture, in the order of the spec."""
        found, references = [], self.detector.references
        tensors = features.to(self.compute.device).tensors
        for name, patches_WK in self.detector.windows.items():
            rows_WD = tensors[name][0]
            words_W = anomaly_probability(rows_WD, self.words, self.temperature)
            away_W: list[float | None] = [None] * len(rows_WD)
            if references is not None:
                away_W = distance(rows_WD, references.memory[name]).tolist()
            boxes = _boxes(patches_WK.numpy(), self.detector.grid)
            seen_BP = tensors.get(SEEN)
            shown = [True] * len(boxes) if seen_BP is None else windows_seen(seen_BP, patches_WK)[0]
            rows = zip(boxes, words_W.tolist(), away_W, shown, strict=True)
            found += [Window(name, box, words, away) for box, words, away, seen in rows if seen]
        return found

    @torch.inference_mode()
    def notes(self, features: Features) -> list[str]:
        """With references, the largest distance of a patch to them."""
        if self.detector.references is None:
            return []
        rows = features.to(self.compute.device).tensors[PATCHES][0]
        away_P = distance(rows, self.detector.references.memory[PATCHES])
        seen_BP = features.tensors.get(SEEN)
        far = float(away_P.max() if seen_BP is None else away_P[seen_BP[0].to(away_P.device)].max())
        return [f"the farthest patch is {far:.3f} away from the references"]


def _boxes(patches_WK: npt.NDArray[np.int64], grid: tuple[int, int]) -> list[Box]:
    down, across = grid
    rows, columns = patches_WK // across, patches_WK % across
    left, top = columns.min(axis=1) / across, rows.min(axis=1) / down
    right, bottom = (columns.max(axis=1) + 1) / across, (rows.max(axis=1) + 1) / down
    return list(zip(left.tolist(), top.tolist(), right.tolist(), bottom.tolist(), strict=True))


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

    def __init__(self, detector: "WinclipDetector", features: Features, columns: _Columns) -> None:
        self.detector, self.tensors = detector, features.tensors
        self.columns, self.pairs = columns, columns.pairs
        self.seen_BGG = seen_grid(features, detector.grid)
        self.words_QB = self._probability(self.tensors[IMAGE])
        self._maps: dict[WindowSize, Tensor] = {}
        self._distances: dict[WindowSize | None, Tensor] = {}

    def rescored(self, variant: Variant, maps: bool) -> Rescored:
        """One variant."""
        detector, settings = self.detector, self.detector.settings
        place = self.pairs.index(self.columns.pair(variant.words))
        if variant.windows is not None:
            settings = replace(settings, windows=variant.windows)
        away_BGG = None if detector.references is None else self.away(settings)
        away_B = None if away_BGG is None else highest(away_BGG, self.seen_BGG)
        score_B = combine_scores(self.words_QB[place], away_B, settings)
        pixels = None
        if maps:
            by_scale = [self._scale(size)[place] for size in settings.sizes]
            map_BGG = words_map(self.words_QB[place], by_scale, settings, detector.grid)
            whole_BGG = map_BGG if away_BGG is None else (map_BGG + away_BGG) / 2
            pixels = map_pixels(whole_BGG, self.seen_BGG, detector.size).cpu().numpy()
        return Rescored(score_B.clamp(0, 1).cpu().numpy(), pixels)

    def away(self, settings: WinclipSettings) -> Tensor:
        """(B, G, G): mean distance to the references over the patches and these sizes."""
        return torch.stack([self._distance(scale) for scale in scales(settings)]).mean(dim=0)

    def _probability(self, v_XD: Tensor) -> Tensor:
        """(Q, X) in [0, 1]."""
        cosines_XC = F.normalize(v_XD, dim=-1) @ self.columns.rows_CD.t()
        best = {key: _best(cosines_XC, key) for pair in self.pairs for key in pair}
        odds = [best[anomalous] - best[normal] for normal, anomalous in self.pairs]
        return torch.sigmoid(torch.stack(odds) / self.detector.settings.temperature)

    def _scale(self, size: WindowSize) -> Tensor:
        """(Q, B, G, G): the map of one window size under all pairs."""
        if size not in self._maps:
            detector = self.detector
            scores_QBW = self._probability(self.tensors[size.name])
            flat = to_patches(scores_QBW.flatten(0, 1), size, detector.settings, detector.grid)
            self._maps[size] = flat.view(*scores_QBW.shape[:2], *detector.grid)
        return self._maps[size]

    def _distance(self, scale: WindowSize | None) -> Tensor:
        """(B, G, G): how far one scale is from the references."""
        if scale not in self._distances:
            detector = self.detector
            assert detector.references is not None
            self._distances[scale] = scale_distance(
                self.tensors, scale, detector.references, detector.settings, detector.grid
            )
        return self._distances[scale]


def _best(cosines_XC: Tensor, columns: tuple[int, ...]) -> Tensor:
    if len(columns) == 1:
        return cosines_XC[..., columns[0]]
    return cosines_XC[..., list(columns)].amax(dim=-1)
