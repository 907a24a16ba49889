"""Scores from cached features are those of a detector compiled from the edited spec."""

from pathlib import Path

import numpy as np
import pytest

from promptdsl.experiments.ablate import variant_of
from promptdsl.experiments.units import Unit, leave_one_out
from promptdsl.runtime.cached_scoring import encode_files
from promptdsl.runtime.features import join_features
from promptdsl.runtime.rescoring import Rescorer, whole_pictures

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
    rescored = list(Rescorer(evidence.scorer, variants).score(features, maps=True))
    for variant, (scores, maps), spec in zip(variants, rescored, texts, strict=True):
        assert maps is not None
        expected = detect(spec, pictures, files)
        np.testing.assert_allclose(scores, [one.score for one in expected], atol=CLOSE)
        np.testing.assert_allclose(maps, [one.map for one in expected], atol=CLOSE)
        if variant.windows is None:
            whole = whole_pictures(evidence.scorer, features)
            again = whole.scores(evidence.scorer, variant.words)
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
