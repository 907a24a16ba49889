"""Variants of the words under APRIL-GAN: each is a detector of its own, on the same features."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from promptdsl.methods.shared.word_bank import Rescore, Rescored, Variant, WordBank
from promptdsl.scoring.features import Features

if TYPE_CHECKING:
    from promptdsl.methods.april_gan.detector import AprilGanDetector


class AprilGanBank(WordBank):
    """Words tried on features, and the references' own maps under each of them."""

    def __init__(self, detector: "AprilGanDetector") -> None:
        super().__init__(detector, detector.words, detector.settings)
        self.detector = detector
        known = detector.references
        self._own = detector.own_pictures(known.ends if known is not None else ())

    def rescorer(self, variants: Sequence[Variant]) -> Rescore:
        """How high good parts reach is measured once for each variant."""
        detectors = [self.detector.reworded(variant.words, self._own) for variant in variants]

        def score(features: Features, maps: bool) -> Iterator[Rescored]:
            for detector in detectors:
                scores = detector.score(features)
                yield Rescored(
                    np.array([score.score for score in scores], np.float32),
                    np.stack([score.map for score in scores]) if maps else None,
                )

        return score

    def notes(self, features: Features) -> list[str]:
        """Why there are no windows to see."""
        return [
            "APRIL-GAN has no windows: its map compares every patch; its highest places are shown"
        ]
