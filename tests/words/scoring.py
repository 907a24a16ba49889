"""Short cuts from a spec to evidence and detectors, on the CPU in float32."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from promptdsl.cli.shared.labelled_jobs import open_spec
from promptdsl.engine.device import choose_compute
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.labelled import from_spec
from promptdsl.evaluate.words.evidence import Evidence, gather
from promptdsl.evaluate.work import Work
from promptdsl.pictures.reading import read_picture
from promptdsl.pipeline import compile_file, compile_text
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import build_detector
from promptdsl.scoring.feature_cache import open_feature_cache
from promptdsl.source import SourceFile
from promptdsl.spec import ObjectSpec


class Silence:
    """Nobody is told of the progress."""

    def prepares(self, what: str, done: int, total: int) -> None: ...

    def inspects(self, name: str, total: int) -> None: ...

    def advance(self, pictures: int) -> None: ...

    def measures(self, name: str) -> None: ...


def evidence_of(path: Path, allow: tuple[Path, ...] = ()) -> tuple[Evidence, dict[str, SourceFile]]:
    """All pictures of a spec's samples, encoded."""
    torch.set_num_threads(1)
    spec = open_spec(str(path), allow)
    plan = spec.plan.objects[0]
    job = Job(plan.name, spec, plan, from_spec(plan, path))
    cache = open_feature_cache()
    assert cache is not None
    return gather(job, Work(choose_compute("cpu", "fp32"), cache, Silence())), job.sources


def detect(
    text: str, folder: Path, files: list[Path], allow: tuple[Path, ...] = ()
) -> list[PictureScore]:
    """What the detector of a spec's text says of pictures."""
    torch.set_num_threads(1)
    compiled = compile_text(text, "edited.inspect", folder=folder, allow=allow)
    assert compiled.ok, [item.message for item in compiled.report.errors]
    plan = compiled.plan().objects[0]
    detector = build_detector(plan, spec_folder=folder, device="cpu", precision="fp32")
    pixels = [read_picture(file, detector.size).pixels for file in files]
    return detector.inspect(np.stack(pixels))


def object_in(path: Path) -> tuple[ObjectSpec, Mapping[str, SourceFile]]:
    """The first object of a spec, without any model."""
    compiled = compile_file(path)
    assert compiled.spec is not None
    return compiled.spec.objects[0], compiled.sources
