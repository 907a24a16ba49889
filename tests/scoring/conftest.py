"""Plans and pictures of the recordings, and a cache folder for each test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from promptdsl.methods import METHODS, Setting
from promptdsl.plan.model import MethodPlan, ObjectPlan, Origin, Prompt

PARITY = Path(__file__).parents[1] / "data" / "parity"
HERE = Origin(file="part.inspect", line=1, column=1, end_line=1, end_column=2)
NORMAL = ("{}", "flawless {}", "perfect {}", "unblemished {}")
NORMAL += ("{} without flaw", "{} without defect", "{} without damage")
ANOMALOUS = ("damaged {}", "{} with flaw", "{} with defect", "{} with damage")
# anomalib's list, in which one template stands twice
TEMPLATES = (
    "a cropped photo of the {}.",
    "a close-up photo of a {}.",
    "a close-up photo of the {}.",
    "a bright photo of a {}.",
    "a bright photo of the {}.",
    "a dark photo of the {}.",
    "a dark photo of a {}.",
    "a jpeg corrupted photo of the {}.",
    "a jpeg corrupted photo of the {}.",
    "a blurry photo of the {}.",
    "a blurry photo of a {}.",
    "a photo of a {}.",
    "a photo of the {}.",
    "a photo of a small {}.",
    "a photo of the small {}.",
    "a photo of a large {}.",
    "a photo of the large {}.",
    "a photo of the {} for visual inspection.",
    "a photo of a {} for visual inspection.",
    "a photo of the {} for anomaly detection.",
    "a photo of a {} for anomaly detection.",
)
MakePlan = Callable[..., ObjectPlan]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tests never touch the user's cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("PROMPTDSL_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def recording() -> dict[str, npt.NDArray[np.float32]]:
    """WinCLIP as recorded from anomalib 2.7.0."""
    with np.load(PARITY / "winclip.npz") as arrays:
        return dict(arrays)


def prompt(phrase: str, template: str, defect: str | None) -> Prompt:
    """One prompt about a bottle."""
    return Prompt(
        text=template.format(phrase.format("bottle")),
        label="anomalous" if defect else "normal",
        defect=defect,
        phrase=phrase,
        template=template,
        phrase_origin=HERE,
        template_origin=HERE,
    )


@pytest.fixture(scope="session")
def make_plan() -> MakePlan:
    """A plan of the tiny model with anomalib's words; keywords change settings."""

    def make(**changes: Setting) -> ObjectPlan:
        settings = {field.name: field.default for field in METHODS["winclip"].fields[1:]}
        method = MethodPlan(
            name="winclip",
            model=("tiny_clip.json", "tiny_clip.safetensors"),
            model_kind="files",
            settings={**settings, "averaging": "plain", **changes},
            origin=HERE,
        )
        good = [prompt(phrase, template, None) for phrase in NORMAL for template in TEMPLATES]
        bad = [
            prompt(phrase, template, "scratch" if index % 2 else "hole")
            for index, phrase in enumerate(ANOMALOUS)
            for template in TEMPLATES
        ]
        return ObjectPlan(
            name="bottle",
            called="bottle",
            prompts=(*good, *bad),
            method=method,
            thresholds=(),
            default_thresholds=True,
            samples=(),
            tests=(),
            origin=HERE,
        )

    return make


@pytest.fixture
def reference_folder(tmp_path: Path, recording: dict[str, npt.NDArray[np.uint8]]) -> Path:
    """The recorded references as files, and a third picture."""
    pictures = [*recording["reference_images"], recording["images"][0]]
    for index, pixels in enumerate(pictures):
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"good_{index}.png")
    return tmp_path
