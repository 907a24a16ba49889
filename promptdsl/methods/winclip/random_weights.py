"""Detectors with random weights and random words: as fast as real ones, and nothing to download."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from promptdsl.clip.model import random_model
from promptdsl.engine.device import Compute
from promptdsl.methods import METHODS
from promptdsl.methods.shared.words import Directions
from promptdsl.methods.winclip.detector import assemble_detector
from promptdsl.methods.winclip.settings import read_settings
from promptdsl.scoring.detector import Detector

DEFECTS = ("damage",)


def random_detectors(architecture: str, computes: Sequence[Compute]) -> list[Detector]:
    """WinCLIP with default settings on a model of open_clip, once for each way to compute."""
    model = random_model(architecture)
    settings = read_settings({field.name: field.default for field in METHODS["winclip"].fields})
    generator = torch.Generator().manual_seed(0)
    normal, bad = F.normalize(
        torch.randn(2, 1, model.config.embed_dim, generator=generator), dim=-1
    )
    words = Directions(normal, bad, bad, torch.zeros(1, dtype=torch.long), DEFECTS)
    return [assemble_detector(model, settings, compute, words) for compute in computes]
