"""A method whose prompts are learned: said plainly, and no words are tried."""

from pathlib import Path

import numpy as np
import pytest
import torch

from promptdsl.engine.device import choose_compute
from promptdsl.errors import UsageProblem
from promptdsl.evaluate.words import why
from promptdsl.methods.shared.word_bank import open_bank
from promptdsl.plan.model import ObjectPlan, ScoreRule
from promptdsl.results import PictureScore
from promptdsl.scoring.cached_scoring import Scoring
from promptdsl.scoring.cached_views import WorstView
from promptdsl.scoring.feature_cache import Encoding
from promptdsl.scoring.features import Features

from .conftest import Write
from .scoring import object_in


class Learned:
    """Scores like AnomalyCLIP: no words, no defects."""

    size = (8, 8)
    defects: tuple[str, ...] = ()
    weights_sha256 = "f" * 64
    compute = choose_compute("cpu", "fp32")

    def score(self, features: Features) -> list[PictureScore]:
        hot = np.zeros((8, 8), np.float32)
        hot[2, 5] = 0.9
        return [PictureScore(0.7, {}, hot) for _ in range(len(features))]


@pytest.fixture
def scoring() -> Scoring:
    return Scoring(Learned(), Encoding("k", None), None)  # type: ignore[arg-type]


def scored_without_a_picture(scoring: Scoring, picture: Path) -> WorstView:
    features = Features({"image": torch.ones(1, 4)})
    return WorstView(scoring.detector.score(features)[0], features)


def plan_of(path: Path) -> ObjectPlan:
    from promptdsl.pipeline import compile_file

    item = compile_file(path).plan().objects[0]
    method = item.method.model_copy(update={"name": "anomalyclip"})
    return item.model_copy(update={"method": method})


def test_why_says_that_prompts_are_learned(
    scoring: Scoring, write_spec: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_spec("learned")
    monkeypatch.setattr(why, "score_worst", scored_without_a_picture)
    item, sources = object_in(path)
    rules = (ScoreRule(verdict="reject", at=0.5, text="reject when score >= 0.5", origin=None),)
    found = why.explain(scoring, item, plan_of(path), rules, dict(sources), Path("a.png"))
    assert found.decision.verdict == "reject"
    assert not found.phrases and not found.scales
    assert "AnomalyCLIP does not read the spec" in found.notes[0]
    (left, top, right, bottom), value = found.spots[0]
    assert value == pytest.approx(0.9)
    assert left <= 5 / 8 <= right and top <= 2 / 8 <= bottom


def test_experiments_with_words_are_refused(scoring: Scoring, write_spec: Write) -> None:
    path = write_spec("refused")
    with pytest.raises(UsageProblem, match="scores of method anomalyclip do not depend"):
        open_bank(scoring.detector, plan_of(path))
