"""Maps of one size for the pixel figures, whatever their pictures' sizes; what counts of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from promptdsl.evaluate import kept_maps
from promptdsl.evaluate.kept_maps import KeptMaps, bounded
from promptdsl.evaluate.scored import ScoredSample, score_job
from promptdsl.evaluate.statistics.aupro import label_regions
from promptdsl.evaluate.statistics.metrics import count_pixels, pixel_auroc
from promptdsl.judge.measures import SCORE

from ..judge.made import picture, region, shape, spot
from ..words.scoring import Silence
from .places import planned
from .scene import SIDE, SeesRed, factory


def test_maps_of_the_detectors_size_stay_as_they_are() -> None:
    kept = KeptMaps((3, 4))
    kept.begin((3, 4))
    first = np.arange(12, dtype=np.float32).reshape(3, 4)
    place = kept.add(first)
    assert (kept.map(place) == first).all()
    assert kept.counted(place) is None
    pixels = kept.pixels(place)
    assert (pixels.scores == first).all() and not pixels.regions.any()


def test_larger_maps_are_bounded_in_the_shape_of_the_first(monkeypatch: Any) -> None:
    monkeypatch.setattr(kept_maps, "MOST_PIXELS", 10_000)
    kept = KeptMaps((3, 4))
    kept.begin((300, 400))
    height, width = kept.size
    assert height * width <= 10_200 and width / height == pytest.approx(4 / 3, abs=0.02)
    kept.begin((600, 800))  # the first decides
    assert kept.size == (height, width)
    large = np.zeros((600, 800), np.float32)
    large[:300] = 0.5
    found = kept.map(kept.add(large))
    assert found.shape == kept.size
    assert (found[: height // 2 - 1] == 0.5).all() and (found[height // 2 + 1 :] == 0).all()
    assert bounded(20, 30) == (20, 30)


def test_what_does_not_count_is_in_no_figure() -> None:
    kept = KeptMaps((4, 4))
    kept.begin((4, 4))
    scores = np.zeros((4, 4), np.float32)
    scores[0, 0], scores[3, 3], scores[3, 0] = 0.9, 0.5, 0.9  # false alarm, defect, ignored defect
    mask = np.zeros((4, 4), np.bool_)
    mask[3, 3] = mask[3, 0] = True
    counted = np.ones((8, 8), np.bool_)
    counted[:4, :4] = counted[6:, :2] = False
    place = kept.add(scores, label_regions(mask), counted)
    pixels = kept.pixels(place)
    assert pixels.scores.shape == pixels.regions.shape == (11,)
    assert sorted(pixels.scores)[-1] == 0.5
    assert pixel_auroc(count_pixels([pixels], [pixels])) == 1.0
    again = kept.add(scores, None, counted.copy())
    assert again.counted == place.counted, "pictures of one camera share a mask"


@pytest.fixture
def sample(
    seeing_red: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., ScoredSample]:
    def score(**more: Any) -> ScoredSample:
        from promptdsl.cli.shared.labelled_jobs import open_spec
        from promptdsl.engine.device import choose_compute
        from promptdsl.evaluate.jobs import Job
        from promptdsl.evaluate.labelled import from_spec
        from promptdsl.evaluate.work import Work

        planned(monkeypatch, **more)
        path = factory(tmp_path)
        spec = open_spec(str(path))
        item = spec.plan.objects[0]
        job = Job(item.name, spec, item, from_spec(item, path))
        work = Work(choose_compute("cpu", "fp32"), None, Silence())
        return score_job(job, work.open(item, path.parent), item.thresholds, work)

    return score


def test_measures_are_of_the_pictures_own_size_and_figures_of_a_bounded_one(
    sample: Callable[..., ScoredSample], monkeypatch: pytest.MonkeyPatch
) -> None:
    score_of = SeesRed.score

    def large(self: SeesRed, features: Any) -> Any:
        from dataclasses import replace

        return [
            replace(one, map=np.kron(one.map, np.ones((5, 5), np.float32)), size=(160, 160))
            for one in score_of(self, features)
        ]

    monkeypatch.setattr(SeesRed, "score", large)
    monkeypatch.setattr(kept_maps, "MOST_PIXELS", 64 * 64)
    found = sample(thresholds=(spot(0.2, 30),), picture=None, regions=(), ignored=())
    assert found.maps.size == (64, 64)
    hole = next(one for one in found.pictures if one.picture.label == "hole")
    assert hole.measures["extent of spot above 0.20 (px)"] == pytest.approx(70 * 2**0.5)
    assert found.map_of(hole).shape == (64, 64)
    pixels = found.pixels(found.pictures)
    assert pixel_auroc(count_pixels(pixels, pixels)) > 0.95
    found.close()


def test_ignored_pixels_are_left_out_and_a_place_that_does_not_fit_is_told(
    sample: Callable[..., ScoredSample],
) -> None:
    nuts = region("nuts", shape("box", 0, 0, "75%", SIDE))
    found = sample(thresholds=(spot(0.2, 30),), picture=picture(), regions=(), ignored=(nuts,))
    assert all(one.measures["extent of spot above 0.20 (px)"] == 0 for one in found.pictures)
    assert {one.measures[SCORE] > 0 for one in found.pictures} == {True}, "what the model says"
    assert {len(pixels.scores) for pixels in found.pixels(found.pictures)} == {SIDE * SIDE // 4}
    found.close()
    wide = region("nuts", shape("box", 0, 0, 2 * SIDE, SIDE))
    missed = sample(thresholds=(spot(0.2, 30),), picture=picture(), regions=(), ignored=(wide,))
    assert not missed.pictures
    assert len(missed.unreadable) == 32
    assert 'ignore "nuts" reaches outside the picture' in missed.problems[0]
