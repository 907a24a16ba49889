"""Scores from cached features are those of a detector compiled from the edited spec."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from promptdsl.evaluate.words.ablate import variant_of
from promptdsl.evaluate.words.units import Unit, leave_one_out
from promptdsl.scoring.cached_scoring import encode_files
from promptdsl.scoring.features import join_features

from .conftest import Write
from .scoring import detect, evidence_of

CLOSE = 2e-6
NAMES = ("good/000.png", "scratch/001.png", "contamination/002.png")
EDITS = {
    ("phrase", '"flawless {object}"'): ('    "flawless {object}"\n', ""),
    ("phrase", '"rusty {object}"'): ('"rusty {object}", ', ""),
    ("template", '"a photo of a {object}."'): ('    "a photo of a {object}."\n', ""),
    ("defect", "scratch"): (
        '  defect scratch { "scratched {object}", "{object} with a scratch" }\n',
        "",
    ),
    ("window scale", "3x3"): ("image, 2x2, 3x3", "image, 2x2"),
    ("window scale", "image"): ("image, 2x2, 3x3", "2x2, 3x3"),
    ("template list", "templates written in the block"): (
        '    "a photo of a {object}."\n    "a close-up photo of the {object}."',
        '    "{object}"',
    ),
}
SETTINGS = (
    "",
    "pooling: defects\n    averaging: plain",
    "pooling: max\n    fuse: mean",
    'references: "good/02*.png"\n    temperature: 0.03',
)


def named(unit: Unit) -> tuple[str, str]:
    quoted = unit.kind in ("phrase", "template")
    return unit.kind, f'"{unit.name}"' if quoted else unit.name


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_edit_scores_as_its_own_detector(
    write_spec: Write, pictures: Path, settings: str
) -> None:
    path = write_spec("exact", settings=settings)
    text = without_samples(path)
    path.write_text(text + good_and_scratch(), "utf-8")
    evidence, sources = evidence_of(path)
    files = [pictures / name for name in NAMES]
    found = {named(unit): unit for unit in leave_one_out(evidence.item, sources)}
    units = [found[key] for key in EDITS]
    variants = [variant_of(evidence, evidence.item)]
    variants += [variant_of(evidence, unit.edited or evidence.item, unit) for unit in units]
    features = join_features(
        [encoded.features for encoded in encode_files(evidence.scoring, files) if encoded.features]
    )
    texts = [text + "}\n"]
    for before, after in EDITS.values():
        assert before in text
        edited = text.replace(before, after, 1)
        texts.append(edited + "}\n")
    rescored = list(evidence.bank.rescorer(variants)(features, True))
    for variant, (scores, maps), spec in zip(variants, rescored, texts, strict=True):
        assert maps is not None
        expected = detect(spec, pictures, files)
        np.testing.assert_allclose(scores, [one.score for one in expected], atol=CLOSE)
        np.testing.assert_allclose(maps, [one.map for one in expected], atol=CLOSE)
        if variant.windows is None:
            whole = evidence.bank.whole(features)
            again = evidence.bank.scores(whole, variant.words)
            np.testing.assert_allclose(again, scores, atol=CLOSE)
    moved = [np.abs(one.scores_B - rescored[0].scores_B).max() for one in rescored[1:]]
    assert max(moved) > 1e-3  # the edits do something


def without_samples(path: Path) -> str:
    """The spec up to its samples, the object still open."""
    return path.read_text("utf-8").split("  samples good", 1)[0]


def good_and_scratch() -> str:
    return (
        '  samples good { images: "good/000.png" }\n'
        '  samples scratch { images: "scratch/001.png" }\n}\n'
    )


PARITY = Path(__file__).parents[1] / "data" / "parity"
APRIL_GAN = """\
inspect 1
object metal_nut {{
  normal {{ "{{object}}", "flawless {{object}}" }}
  defect scratch {{ "scratched {{object}}", "{{object}} with a scratch" }}
  templates {{ "a photo of a {{object}}." }}
  method april_gan {{
    model: "tiny_clip.json", "tiny_clip.safetensors"
    weights: "april_gan.pth"
    stages: 2, 4, 6
    image_size: 128 px
    {references}
  }}
  samples good {{ images: "good/000.png" }}
  samples scratch {{ images: "scratch/001.png" }}
}}
"""


@pytest.mark.parametrize(
    "references", ["", 'references: "good/02*.png"', 'references: "good/020.png"']
)
def test_april_gan_scores_as_its_own_detector(
    pictures: Path, tmp_path: Path, references: str
) -> None:
    """With references, how high good parts reach depends on the words as well."""
    for name in ("tiny_clip.json", "tiny_clip.safetensors", "april_gan.pth"):
        (tmp_path / name).symlink_to(PARITY / name)
    for name in ("good", "scratch"):
        shutil.copytree(pictures / name, tmp_path / name)
    path = tmp_path / "nut.inspect"
    text = APRIL_GAN.format(references=references)
    path.write_text(text, "utf-8")
    evidence, sources = evidence_of(path, allow=(PARITY,))
    (unit,) = [u for u in leave_one_out(evidence.item, sources) if u.name == "flawless {object}"]
    files = [tmp_path / name for name in NAMES[:2]]
    features = join_features(
        [encoded.features for encoded in encode_files(evidence.scoring, files) if encoded.features]
    )
    variants = [
        variant_of(evidence, evidence.item),
        variant_of(evidence, unit.edited or evidence.item),
    ]
    rescored = evidence.bank.rescorer(variants)(features, True)
    texts = (text, text.replace(', "flawless {object}"', ""))
    for (scores, maps), spec in zip(rescored, texts, strict=True):
        assert maps is not None
        expected = detect(spec, tmp_path, files, allow=(PARITY,))
        np.testing.assert_allclose(scores, [one.score for one in expected], atol=CLOSE)
        np.testing.assert_allclose(maps, [one.map for one in expected], atol=CLOSE)
