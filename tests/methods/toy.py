"""A method from outside the package, whole: darkness is damage."""

from dataclasses import dataclass, field

import numpy as np
import torch

from promptdsl.engine.flops import Flops
from promptdsl.methods import WINCLIP, Method, register
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import DetectorState
from promptdsl.scoring.features import Features


@dataclass(frozen=True)
class Darkness:
    compute: object
    size: tuple = (32, 32)
    defects: tuple = ()
    weights_sha256: str = "none"
    flops: Flops = field(default_factory=lambda: Flops(1, 1))

    def encode(self, pictures):
        return Features({"dark": 1 - torch.from_numpy(pictures).float().mean(dim=-1) / 255})

    def score(self, features):
        maps = features.tensors["dark"].numpy().astype(np.float32)
        return [PictureScore(float(m.max()), {}, m) for m in maps]

    def inspect(self, pictures):
        return self.score(self.encode(pictures))

    def state(self):
        return DetectorState(self.weights_sha256, {})


build_darkness = lambda plan, folder, compute, progress: Darkness(compute)  # noqa: E731
restore_darkness = lambda plan, state, folder, compute: Darkness(compute)  # noqa: E731
register(Method("darkness", "Darkness", "none", WINCLIP.fields[:1], __name__, uses_words=False))
