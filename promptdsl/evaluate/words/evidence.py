"""Labelled pictures, encoded and judged once, and what any number of variants says of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.scored import Scored, ScoredSample, refuse_references, score_job
from promptdsl.evaluate.statistics.metrics import Bools, count_pixels
from promptdsl.evaluate.statistics.pixel_bootstrap import even_edges
from promptdsl.evaluate.words.rescoring import passes, rescoring
from promptdsl.evaluate.work import Watch, Work
from promptdsl.judge.measures import SCORE
from promptdsl.judge.places import Layout
from promptdsl.judge.shares import Floats
from promptdsl.judge.verdict import reads_map, verdict_from, verdict_of
from promptdsl.methods.shared.word_bank import Variant, WordBank, open_bank
from promptdsl.plan.model import Rule
from promptdsl.results import FloatMap
from promptdsl.scoring.cached_scoring import Scoring
from promptdsl.scoring.cached_views import score_files
from promptdsl.spec import ObjectSpec

LEVELS = 65_536  # steps in which a map's scores find their bin
Counts = npt.NDArray[np.int32]


@dataclass(slots=True)
class Evidence:
    """One object and its labelled pictures, ready for experiments. N pictures."""

    job: Job
    item: ObjectSpec
    rules: tuple[Rule, ...]
    scoring: Scoring
    bank: WordBank
    sample: ScoredSample
    layout: Layout | None = None

    @property
    def pictures(self) -> list[Scored]:
        """The pictures that could be scored, in the order of all arrays."""
        return self.sample.pictures

    @property
    def labels(self) -> list[str]:
        """What each picture shows."""
        return [scored.picture.label for scored in self.pictures]

    @property
    def defective(self) -> Bools:
        """(N) whether a picture shows a defect."""
        return np.array([not scored.picture.is_good for scored in self.pictures], dtype=bool)

    @property
    def needs_maps(self) -> bool:
        """Whether a verdict depends on areas of the map."""
        return reads_map(self.rules)

    @property
    def map_pixels(self) -> int | None:
        """Of the largest map; None where maps are of the model's size."""
        if self.scoring.viewing.is_plain:
            return None
        sizes = [scored.base.size or (1, 1) for scored in self.pictures]
        return max((width * height for width, height in sizes), default=1)

    @property
    def masked(self) -> bool:
        """Whether any defect has a mask."""
        return any(scored.regions is not None for scored in self.pictures)


@dataclass(frozen=True, slots=True)
class PixelTable:
    """Pixels of each picture by bin, ascending; pictures without known pixels have none."""

    good_NK: Counts
    defective_NK: Counts


@dataclass(frozen=True, slots=True)
class Judgement:
    """One variant on all pictures."""

    scores_N: Floats
    verdicts: tuple[str, ...]
    pixels: PixelTable | None = None

    @classmethod
    def of_scores(cls, scores_N: Floats) -> "Judgement":
        """For figures that ask no verdict."""
        return cls(scores_N, ("pass",) * len(scores_N))


def gather(job: Job, work: Work) -> Evidence:
    """Encode and judge the pictures of a job.

    Raises UsageProblem where the method has no words, or good or defective pictures are missing;
    SpecProblem for an uncalibrated `auto`.
    """
    rules = job.spec.rules(job.item)
    scoring = work.open(job.item, job.folder)
    bank = open_bank(scoring.detector, job.item)
    sample = score_job(job, scoring, rules, work)
    refuse_references(job, sample)
    layout = job.spec.layout(job.item)
    evidence = Evidence(job, job.written, rules, scoring, bank, sample, layout)
    _refuse_one_sided(evidence)
    return evidence


def _refuse_one_sided(evidence: Evidence) -> None:
    bad = int(evidence.defective.sum())
    for count, what, fix in (
        (len(evidence.pictures) - bad, "good", 'samples good { images: "..." } or --good DIR'),
        (bad, "defective", 'samples DEFECT { images: "..." } or --defect NAME=DIR'),
    ):
        if not count:
            raise UsageProblem(
                f"{evidence.job.name} has no {what} pictures, so nothing tells good words from bad",
                f"add {fix}",
            )


def judge_variants(
    evidence: Evidence,
    variants: Sequence[Variant],
    with_pixels: Callable[[int], bool],
    watch: Watch,
) -> list[Judgement]:
    """Every variant on every picture; `with_pixels` says whose pixels are counted."""
    count, pictures = len(variants), evidence.pictures
    tally = _Tally(evidence, [n for n in range(count) if with_pixels(n)])
    scores_VN = np.zeros((count, len(pictures)))
    verdicts: list[list[str]] = [["pass"] * len(pictures) for _ in variants]
    mapped = [n for n in range(count) if evidence.needs_maps or tally.wants(n)]
    plain = [n for n in range(count) if n not in mapped]
    files = [scored.picture.path for scored in pictures]
    chosen = [pick for pick in passes(plain, mapped, evidence.map_pixels) if any(pick)]
    watch.inspects(f"{count} variants of {evidence.job.name}", len(chosen) * len(pictures))
    for without, with_maps in chosen:
        score = rescoring(evidence.bank, variants, (without, with_maps))
        for file in score_files(evidence.scoring, files, watch.advance, score):
            if file.error is not None:
                raise EnvironmentProblem(f"{files[file.place]}: {file.error}")
            for number, one in zip((*without, *with_maps), file.scores, strict=True):
                found = one.map if number in with_maps else None
                scores_VN[number, file.place] = one.score
                verdicts[number][file.place] = _verdict(evidence, file.place, one.score, found)
                if found is not None:
                    tally.add(number, file.place, found)
    return [Judgement(scores_VN[n], tuple(verdicts[n]), tally.table(n)) for n in range(count)]


def _verdict(evidence: Evidence, place: int, score: float, found: FloatMap | None) -> str:
    """Of a picture under a variant, whose map is missing where no line reads it."""
    if found is None:
        return verdict_from({SCORE: float(score)}, evidence.rules)
    varied = replace(evidence.pictures[place].base, score=float(score), map=found)
    return verdict_of(varied, evidence.rules, evidence.layout)


def _defective(regions: npt.NDArray[np.int32] | None) -> Bools | None:
    return None if regions is None else regions > 0


class _Tally:
    """Counts pixels by bin; the bins follow the unmodified maps, to be fine where it matters."""

    def __init__(self, evidence: Evidence, numbers: Sequence[int]) -> None:
        self._tables: dict[int, PixelTable] = {}
        if not numbers or not evidence.masked:
            return
        sample, pictures = evidence.sample, evidence.pictures
        self._sample = sample
        known = sample.pixels(pictures)
        edges = even_edges(count_pixels(known, known), known)
        self._bin_of = np.searchsorted(edges, np.arange(LEVELS) / (LEVELS - 1), "right").astype(
            np.int32
        )
        self._bins = len(edges) + 1
        shape = (len(pictures), self._bins)
        self._tables = {
            n: PixelTable(np.zeros(shape, np.int32), np.zeros(shape, np.int32)) for n in numbers
        }
        self._inside = {
            place: _defective(sample.maps.inside(scored.place))
            for place, scored in enumerate(pictures)
            if scored.has_pixels
        }

    def wants(self, number: int) -> bool:
        """Whether this variant's pixels are counted."""
        return number in self._tables

    def table(self, number: int) -> PixelTable | None:
        """What was counted of a variant."""
        return self._tables.get(number)

    def add(self, number: int, place: int, anomaly_map: FloatMap) -> None:
        """Count the map of a picture."""
        table = self._tables.get(number)
        if table is None or place not in self._inside:
            return
        kept, where = self._sample.maps, self._sample.pictures[place].place
        scores, counted = kept.fitted(anomaly_map), kept.counted(where)
        scores = scores if counted is None else scores[counted]
        bins = self._bin_of[(scores * (LEVELS - 1)).astype(np.int32)]
        inside = self._inside[place]
        total = np.bincount(bins.ravel(), minlength=self._bins)
        if inside is not None:
            table.defective_NK[place] = np.bincount(bins[inside], minlength=self._bins)
        table.good_NK[place] = total - table.defective_NK[place]
