"""One product drawn once, a spec for it, and one cache of features for all tests here."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.pictures.catalog import Product
from tools.pictures.folders import write_set

SPEC = """\
inspect 1

object metal_nut {{
  called: "metal nut"
  normal {{
    "flawless {{object}}"
    "{{object}} without damage"
    {normal}
  }}
  defect scratch {{ "scratched {{object}}", "{{object}} with a scratch" }}
  defect rust {{ "rusty {{object}}", "{{object}} with rust on it" }}
  defect contamination {{
    "dirty {{object}}"
    "contaminated {{object}}"  # both are said on the line
  }}
  templates {{
    "a photo of a {{object}}."
    "a close-up photo of the {{object}}."
  }}
  method winclip {{
    model: "promptdsl-mini"
    windows: image, 2x2, 3x3
    {settings}
  }}
  thresholds {{
    {thresholds}
  }}
{samples}
}}
"""
LABELS = ("scratch", "rust", "contamination")
THRESHOLDS = "reject when score >= 0.5"
Write = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tests never touch the user's cache; features are encoded once for all of them."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROMPTDSL_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """28 good nuts and 10 of each defect, with masks."""
    folder = tmp_path_factory.mktemp("pictures")
    for _ in write_set(folder, Product("metal nut", 5), 0, 28, 10, 160, "plain"):
        pass
    return folder / "metal_nut"


def samples_of(folder: str) -> str:
    """The samples blocks of the drawn product."""
    lines = [f'  samples good {{ images: "{folder}/good/*.png" }}']
    lines += [
        f'  samples {label} {{ images: "{folder}/{label}/*.png", '
        f'masks: "{folder}/masks/{label}/*.png" }}'
        for label in LABELS
    ]
    return "\n".join(lines)


@pytest.fixture
def write_spec(pictures: Path) -> Write:
    """Write the spec beside the pictures; keywords fill its holes."""

    def write(
        name: str = "nut", normal: str = "", settings: str = "", thresholds: str = THRESHOLDS
    ) -> Path:
        text = SPEC.format(
            normal=normal, settings=settings, thresholds=thresholds, samples=samples_of(".")
        ).replace('"./', '"')
        path = pictures / f"{name}.inspect"
        path.write_text(text, "utf-8")
        return path

    return write
