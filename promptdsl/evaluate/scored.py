"""From labelled pictures to scores: every picture encoded at most once, maps kept on disk.

What threshold lines measure is taken from the map at the picture's own size, before it is kept.
Masks are brought to the maps' size by taking the nearest pixel, as published evaluations
do; a mask that would vanish by that keeps every place that it touched.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptdsl.errors import EnvironmentProblem, SpecProblem, UsageProblem
from promptdsl.evaluate.datasets.masks import doubt, read_mask
from promptdsl.evaluate.datasets.model import Picture
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.kept_maps import KeptMaps, Place
from promptdsl.evaluate.labelled import Sample
from promptdsl.evaluate.statistics.aupro import label_regions
from promptdsl.evaluate.statistics.metrics import PixelMap
from promptdsl.evaluate.work import Work
from promptdsl.judge.measures import measured_on
from promptdsl.judge.places import Layout
from promptdsl.judge.whole import Whole
from promptdsl.pictures.opening import PictureError, picture_size
from promptdsl.plan.model import Rule, SpotRule
from promptdsl.results import NO_MAP, FloatMap, PictureScore, name_first, told_notes
from promptdsl.scoring.cached_scoring import Scoring, hash_picture
from promptdsl.scoring.cached_views import score_files
from promptdsl.scoring.reference_pictures import all_references

_NOTHING = PictureScore(0.0, {}, NO_MAP)


@dataclass(frozen=True, slots=True)
class Scored:
    """A labelled picture and what the detector says of it."""

    picture: Picture
    sha256: str | None
    score: float
    defects: Mapping[str, float]
    measures: Mapping[str, float]  # what threshold lines measure of it, the score included
    place: Place  # of its map and regions
    base: PictureScore = _NOTHING  # without its map, for what varies it

    @property
    def named(self) -> str | None:
        """The likeliest defect."""
        return max(self.defects, key=lambda name: self.defects[name], default=None)

    @property
    def regions(self) -> int | None:
        """The number of its defect regions; None without a usable mask."""
        return self.place.regions

    @property
    def has_pixels(self) -> bool:
        """Whether it is known which of its pixels are defective."""
        return self.picture.is_good or self.regions is not None


@dataclass(slots=True)
class ScoredSample:
    """All pictures of a sample that could be scored, and sentences about the others."""

    pictures: list[Scored]
    unreadable: dict[Picture, str]  # and why
    problems: list[str]
    maps: KeptMaps
    notes: list[str] = field(default_factory=list)

    def map_of(self, scored: Scored) -> FloatMap:
        """(H, W) anomaly map, at the size that all of them have."""
        return self.maps.map(scored.place)

    def close(self) -> None:
        """Give up the maps; scores stay."""
        self.maps.close()

    def pixels(self, chosen: Sequence[Scored]) -> "PixelSet":
        """The maps of some pictures with their regions, as often as one likes."""
        return PixelSet(self, tuple(scored for scored in chosen if scored.has_pixels))


@dataclass(frozen=True, slots=True)
class PixelSet:
    """Maps with regions, read from disk one at a time."""

    sample: ScoredSample
    pictures: tuple[Scored, ...]

    def __iter__(self) -> Iterator[PixelMap]:
        for scored in self.pictures:
            yield self.sample.maps.pixels(scored.place)


def score_job(job: Job, scoring: Scoring, rules: Sequence[Rule], work: Work) -> ScoredSample:
    """All pictures of a job."""
    work.watch.inspects(job.name, len(job.sample.pictures))
    layout = job.spec.layout(job.item)
    return score_sample(scoring, job.sample, rules, work.watch.advance, layout)


def refuse_references(job: Job, sample: ScoredSample) -> None:
    """UsageProblem for a picture that is also a reference."""
    found = all_references(job.item, job.folder).pictures
    references = {hash_picture(Path(name)): name for name in found}
    for scored in sample.pictures:
        if scored.sha256 is not None and scored.sha256 in references:
            raise UsageProblem(
                f"{scored.picture.name} is also a reference of {job.item.name} "
                f"({references[scored.sha256]}): compared with itself it looks perfect",
                "keep references and test pictures apart",
            )


def score_sample(
    scoring: Scoring,
    sample: Sample,
    rules: Sequence[Rule],
    tell: Callable[[int], None] | None = None,
    layout: Layout | None = None,
) -> ScoredSample:
    """Score every picture, in the order of the sample."""
    maps = KeptMaps(scoring.detector.size)
    result = ScoredSample([], {}, list(sample.problems), maps, list(sample.notes))
    found: dict[int, Scored] = {}
    counts: Counter[str] = Counter()
    noted: dict[str, list[str]] = {}
    files = [picture.path for picture in sample.pictures]
    for file in score_files(scoring, files, tell):
        picture = sample.pictures[file.place]
        if file.score is None:
            _not_inspected(picture, file.error or "", result)
            continue
        counts.update(file.notes)
        name_first(noted, file.notes, picture.name)
        scored = _kept(picture, file.sha256, file.score, (rules, layout), result)
        if scored is not None:
            found[file.place] = scored
    result.pictures = [found[place] for place in sorted(found)]
    result.notes += told_notes(counts, noted)
    _tell_of_copies(result)
    return result


def _not_inspected(picture: Picture, why: str, result: ScoredSample) -> None:
    result.unreadable[picture] = why
    result.problems.append(f"{picture.name}: {why}; it is in no figure")


def _kept(
    picture: Picture,
    sha256: str | None,
    score: PictureScore,
    judging: tuple[Sequence[Rule], Layout | None],
    result: ScoredSample,
) -> Scored | None:
    if not (np.isfinite(score.score) and np.isfinite(score.map).all()):
        _not_inspected(picture, "the model gave a score that is not a number", result)
        return None
    whole, rules = Whole(score, judging[1]), judging[0]
    try:
        measures, counted = measured_on(whole, rules), whole.counted(None)
    except SpecProblem as problem:
        _not_inspected(picture, problem.sentence, result)
        return None
    result.maps.begin(score.map.shape)
    regions = _regions_of(picture, result)
    return Scored(
        picture,
        sha256,
        float(score.score),
        score.defects,
        measures,
        result.maps.add(score.map, regions, counted),
        _without_map(score, rules),
    )


def _without_map(score: PictureScore, rules: Sequence[Rule]) -> PictureScore:
    """What of a score is kept in memory; names place by place only where a line asks for them."""
    named = any(isinstance(rule, SpotRule) and rule.defect is not None for rule in rules)
    return replace(score, map=NO_MAP, kinds=score.kinds if named else None)


def _regions_of(picture: Picture, result: ScoredSample) -> npt.NDArray[np.int32] | None:
    """The picture's defect regions at the maps' size; None, and a problem, where there are none."""
    if picture.mask is None:
        return None
    try:
        mask = read_mask(picture.mask)
    except EnvironmentProblem as problem:
        result.problems.append(f"{problem.sentence}; it is left out of the pixel figures")
        return None
    size = _size(picture.path)
    if size is not None and size != mask.shape:
        result.problems.append(
            f"{picture.mask}: this mask has {mask.shape[1]} x {mask.shape[0]} pixels, but its "
            f"picture has {size[1]} x {size[0]}; it is left out of the pixel figures"
        )
        return None
    if not mask.any():
        result.problems.append(
            f"{picture.mask}: this mask marks nothing, although {picture.name} is labelled "
            f"{picture.label}; it is left out of the pixel figures"
        )
        return None
    odd = doubt(mask)
    if odd is not None:
        result.notes.append(f"{picture.mask}: {odd}")
    return label_regions(fit_mask(mask, result.maps.size))


def _size(path: Path) -> tuple[int, int] | None:
    """(height, width) of a picture as it is shown; None where it is gone since it was scored."""
    try:
        width, height = picture_size(path)
    except PictureError:
        return None
    return height, width


def fit_mask(mask: npt.NDArray[np.bool_], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The mask at a size (height, width); never empty unless it was."""
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    target = (size[1], size[0])
    fitted = np.asarray(image.resize(target, Image.Resampling.NEAREST)) > 0
    if fitted.any() or not mask.any():
        return fitted
    rows, columns = np.nonzero(mask)
    fitted = np.zeros(size, dtype=bool)
    fitted[rows * size[0] // mask.shape[0], columns * size[1] // mask.shape[1]] = True
    return fitted


def _tell_of_copies(result: ScoredSample) -> None:
    """The same bytes under two labels contradict; under one label they count twice."""
    seen: dict[str, Scored] = {}
    copies = 0
    for scored in result.pictures:
        if scored.sha256 is None:
            continue
        other = seen.setdefault(scored.sha256, scored)
        if other.picture.label != scored.picture.label:
            result.problems.append(
                f"{scored.picture.name}: the same picture as {other.picture.name}, but labelled "
                f"{scored.picture.label} and not {other.picture.label}"
            )
        copies += other is not scored
    if copies:
        result.notes.append(
            f"{copies} pictures are copies of others, so the intervals look narrower than they are"
        )
