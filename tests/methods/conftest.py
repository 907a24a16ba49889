"""Plans of every registered method on the built-in model, made by the compiler itself."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from promptdsl.pipeline import compile_text
from promptdsl.plan.model import ObjectPlan

SPEC = """inspect 1
object metal_nut {{
  defect scratch {{ "scratched {{object}}" }}
  defect rust {{ "rusty {{object}}" }}
  method {method} {{
    model: "promptdsl-mini"
{lines}
  }}
}}
"""
MakePlan = Callable[..., ObjectPlan]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def make_plan(tmp_path: Path) -> MakePlan:
    """The plan of a method; lines of its block as further arguments."""

    def make(method: str, *lines: str) -> ObjectPlan:
        block = "\n".join(f"    {line}" for line in lines)
        compiled = compile_text(SPEC.format(method=method, lines=block), folder=tmp_path)
        assert compiled.ok, list(compiled.report)
        return compiled.plan().objects[0]

    return make


@pytest.fixture(scope="session")
def pictures() -> npt.NDArray[np.uint8]:
    """Five pictures of the built-in model's size: smooth, with a blot in the later ones."""
    dice = np.random.default_rng(3)
    rows, columns = np.mgrid[:120, :120]
    found = []
    for number in range(5):
        base = 120 + 40 * np.sin(rows / (9 + number)) + 30 * np.cos(columns / 7)
        picture = np.stack([base, base * 0.9, base * 0.8], axis=-1)
        if number > 1:
            picture[40:60, 30 + 8 * number : 50 + 8 * number] = dice.uniform(0, 255, (20, 20, 3))
        found.append(np.clip(picture, 0, 255).astype(np.uint8))
    return np.stack(found)


@pytest.fixture
def good_folder(tmp_path: Path, pictures: npt.NDArray[np.uint8]) -> Path:
    """The first two pictures as references beside the spec."""
    (tmp_path / "good").mkdir()
    for number, pixels in enumerate(pictures[:2]):
        Image.fromarray(pixels).save(tmp_path / "good" / f"{number}.png")
    return tmp_path
