"""Why a picture has its score: its prompts, windows and scales, and how far other verdicts are.

A phrase's share in a score is what the score would be without it (for this picture alone; `ablate`
says what that does to many). The windows are those that score highest; where the method has none,
the highest places of the anomaly map stand in for them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from promptdsl.evaluate.jobs import Job, SpecInUse
from promptdsl.evaluate.labelled import Sample
from promptdsl.evaluate.words.rescoring import passes, rescoring
from promptdsl.evaluate.words.rule_states import RuleState, by_rules, states_of
from promptdsl.evaluate.words.units import Unit, leave_one_out
from promptdsl.evaluate.work import Work
from promptdsl.judge.measures import SCORE
from promptdsl.judge.places import Layout
from promptdsl.judge.verdict import (
    Decision,
    decide,
    reads_map,
    verdict_from,
    verdict_of,
)
from promptdsl.methods import find_method
from promptdsl.methods.shared.word_bank import (
    Box,
    Parts,
    Variant,
    Window,
    WordBank,
    find_bank,
)
from promptdsl.pictures.opening import picture_size
from promptdsl.plan.expand import PLACEHOLDER, expand
from promptdsl.plan.model import ObjectPlan, Rule
from promptdsl.results import FloatMap, PictureScore
from promptdsl.scoring.cached_scoring import Scoring
from promptdsl.scoring.cached_views import WorstView, score_files, score_worst
from promptdsl.scoring.features import Features
from promptdsl.source import SourceFile
from promptdsl.spec import ObjectSpec

MOST_WINDOWS = 8  # of each scale
OVERLAP = 0.3  # of the smaller of two windows, above which only the higher is drawn
SPOT = 0.08  # side of a place of the map, as a share of the picture


@dataclass(frozen=True, slots=True)
class PhraseShare:
    """One phrase: how near the picture is to it, and the score without it (None: it is needed)."""

    group: str  # `normal` or a defect
    phrase: str
    place: str
    cosine: float  # mean over the templates
    nearest_prompt: str  # the prompt among them that is nearest
    score_without: float | None
    verdict_without: str | None


@dataclass(frozen=True, slots=True)
class Scale:
    """One scale of the map: its highest windows, and the score and verdict without it."""

    name: str
    windows: tuple[Window, ...]
    mean: float | None  # over all windows
    score_without: float | None
    verdict_without: str | None


def standing_out(scales: Sequence[Scale], most: int = 4) -> list[tuple[str, Window]]:
    """The highest windows of all scales that hardly overlap, with their scale."""
    every = [(scale.name, window) for scale in scales for window in scale.windows]
    chosen: list[tuple[str, Window]] = []
    for name, window in sorted(every, key=lambda pair: -pair[1].words):
        if all(_overlap(window.box, other.box) < OVERLAP for _, other in chosen):
            chosen.append((name, window))
    return chosen[:most]


def highest_in(anomaly_map: FloatMap, box: Box) -> float:
    """The map's highest score inside a box, every pixel that it touches counted."""
    down, across = anomaly_map.shape
    rows = slice(int(box[1] * down), max(int(box[1] * down) + 1, math.ceil(box[3] * down)))
    columns = slice(int(box[0] * across), max(int(box[0] * across) + 1, math.ceil(box[2] * across)))
    return float(anomaly_map[rows, columns].max())


def _overlap(one: Box, other: Box) -> float:
    """Share of the smaller box that both cover."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return max(0.0, wide) * max(0.0, high) / smaller


@dataclass(frozen=True, slots=True)
class Why:
    """Everything about one picture."""

    image: str
    item: ObjectPlan
    score: PictureScore
    decision: Decision
    parts: Parts | None
    rules: tuple[RuleState, ...]
    phrases: tuple[PhraseShare, ...]  # those that move the score most come first
    scales: tuple[Scale, ...]
    spots: tuple[tuple[Box, float], ...]  # the highest places of the map
    changes: tuple[str, ...]  # what would give another verdict, in sentences
    notes: tuple[str, ...] = field(default=())


def explain_picture(spec: SpecInUse, plan: ObjectPlan, picture: Path, work: Work) -> Why:
    """The same from a spec."""
    job = Job(plan.name, spec, plan, Sample((), ()))
    rules, layout = spec.rules(plan), spec.layout(plan)
    scoring = work.open(plan, job.folder)
    return explain(scoring, job.written, plan, rules, job.sources, picture, layout)


def explain(
    scoring: Scoring,
    item: ObjectSpec,
    plan: ObjectPlan,
    rules: tuple[Rule, ...],
    sources: dict[str, SourceFile],
    picture: Path,
    layout: Layout | None = None,
) -> Why:
    """Score the picture and take the score apart. EnvironmentProblem for one that is no picture."""
    worst = score_worst(scoring, picture)
    features, score = worst.features, worst.score
    decision = decide(score, rules, layout)
    states = states_of(rules, decision.measures)
    lost = () if score.unlocated is None else (f"the part was not located: {score.unlocated}",)
    bank = find_bank(scoring.detector)
    if bank is None:
        return Why(
            str(picture), plan, score, decision, None, states, (), (), _spots(score.map),
            tuple(by_rules(states, decision)), (*lost, _without_words(plan)),
        )  # fmt: skip
    judging = _Judging(score, rules, layout)
    tried = _without(_Rescored(scoring, bank, picture, features), item, judging, sources)
    phrases = _phrases(bank, item, features, tried, score)
    return Why(
        str(picture), plan, score, decision, bank.parts(features), states, phrases,
        _scales(bank, worst, tried), _spots(score.map),
        (*by_rules(states, decision), *_by_units(tried, decision)),
        (*lost, *bank.notes(features)),
    )  # fmt: skip


def _without_words(plan: ObjectPlan) -> str:
    """Why a score is not taken apart by words: the method does not read them, or keeps them in."""
    method = find_method(plan.method.name)
    title = method.title if method is not None else plan.method.name
    if method is None or method.uses_words:
        return (
            f"{title} does not say how its score comes about from the words, so phrases, templates "
            "and windows are not taken apart"
        )
    return (
        f"{title} does not read the spec's words: its phrases and templates have no part in this "
        f"score, and there are no windows"
    )


@dataclass(frozen=True, slots=True)
class _Tried:
    """A unit with score and verdict without it; None where it cannot be left out."""

    unit: Unit
    score: float | None = None
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class _Judging:
    """A scored picture, and what judges it and its variants."""

    score: PictureScore
    rules: Sequence[Rule]
    layout: Layout | None

    def verdict(self, score: float, found: FloatMap | None) -> str:
        """Of the picture with another score and map, which is missing where no line reads it."""
        if found is None:
            return verdict_from({SCORE: score}, self.rules)
        varied = replace(self.score, score=score, map=found)
        return verdict_of(varied, self.rules, self.layout)


@dataclass(frozen=True, slots=True)
class _Rescored:
    """A picture that is scored with other words; `features` are those of its worst view."""

    scoring: Scoring
    bank: WordBank
    picture: Path
    features: Features

    def by(self, variants: Sequence[Variant], maps: bool) -> list[tuple[float, FloatMap | None]]:
        """Score and map of the whole picture under each variant."""
        if self.scoring.viewing.is_plain:
            rescored = self.bank.rescorer(variants)(self.features, maps)
            return [(float(s[0]), None if m is None else m[0]) for s, m in rescored]
        every = list(range(len(variants)))
        width, height = picture_size(self.picture)
        found: list[tuple[float, FloatMap | None]] = []
        plain, mapped = ([], every) if maps else (every, [])
        for chosen in passes(plain, mapped, width * height):
            score = rescoring(self.bank, variants, chosen)
            for file in score_files(self.scoring, [self.picture], None, score):
                found += [(one.score, one.map if maps else None) for one in file.scores]
        return found


def _without(
    rescored: _Rescored,
    item: ObjectSpec,
    judging: _Judging,
    sources: dict[str, SourceFile],
) -> list[_Tried]:
    """Score and verdict without each unit; those that are needed come last."""
    bank, units = rescored.bank, leave_one_out(item, sources)
    needed = [_Tried(unit) for unit in units if unit.edited is None]
    able = [(unit, unit.edited) for unit in units if unit.edited is not None]
    bank.learn(prompt.text for _, edited in able for prompt in expand(edited))
    variants = [
        Variant(bank.directions(list(expand(edited))), unit.windows) for unit, edited in able
    ]
    if not variants:
        return needed
    found = []
    scored = rescored.by(variants, reads_map(judging.rules))
    for (unit, _), (score, only) in zip(able, scored, strict=True):
        found.append(_Tried(unit, score, judging.verdict(score, only)))
    return [*found, *needed]


def _phrases(
    bank: WordBank,
    item: ObjectSpec,
    features: Features,
    tried: Sequence[_Tried],
    score: PictureScore,
) -> tuple[PhraseShare, ...]:
    """In the order of how much each moves the score."""
    texts = [template.text for template in item.templates]
    found = []
    for one in tried:
        unit = one.unit
        if unit.kind != "phrase":
            continue
        place = "" if unit.edited is None else unit.place
        state = unit.name.replace(PLACEHOLDER, item.called)
        prompts = [text.replace(PLACEHOLDER, state) for text in texts]
        near = bank.cosines(features, prompts)
        best = prompts[int(np.argmax(near))]
        found.append(
            PhraseShare(
                unit.group or "", unit.name, place, float(np.mean(near)), best, one.score,
                one.verdict,
            )
        )  # fmt: skip

    def moved(share: PhraseShare) -> float:
        return 0.0 if share.score_without is None else abs(share.score_without - score.score)

    return tuple(sorted(found, key=moved, reverse=True))


def _scales(bank: WordBank, worst: WorstView, tried: Sequence[_Tried]) -> tuple[Scale, ...]:
    without = {one.unit.name: one for one in tried if one.unit.kind == "window scale"}
    every = [replace(w, box=worst.placed(w.box)) for w in bank.windows(worst.features)]
    found = []
    for name in bank.scales:
        mine = [window for window in every if window.scale == name]
        best = sorted(mine, key=lambda window: -window.words)[:MOST_WINDOWS]
        mean = float(np.mean([window.words for window in mine])) if mine else None
        one = without.get(name)
        found.append(
            Scale(name, tuple(best), mean, one.score if one else None, one.verdict if one else None)
        )
    return tuple(found)


def _spots(anomaly_map: FloatMap) -> tuple[tuple[Box, float], ...]:
    """Up to three highest places of the map that do not overlap."""
    rest = anomaly_map.copy()
    down, across = rest.shape
    half = max(1, round(SPOT * down / 2)), max(1, round(SPOT * across / 2))
    found = []
    for _ in range(3):
        row, column = (int(n) for n in np.unravel_index(int(rest.argmax()), rest.shape))
        value = float(rest[row, column])
        if value < 0:
            break
        top, bottom = max(0, row - half[0]), min(down, row + half[0] + 1)
        left, right = max(0, column - half[1]), min(across, column + half[1] + 1)
        found.append(((left / across, top / down, right / across, bottom / down), value))
        rest[
            max(0, top - half[0]) : bottom + half[0], max(0, left - half[1]) : right + half[1]
        ] = -1
    return tuple(found)


def _by_units(tried: Sequence[_Tried], decision: Decision) -> list[str]:
    """Units without which the verdict is another one."""
    able = [one for one in tried if one.score is not None]
    flips = [one for one in able if one.verdict != decision.verdict]
    found = []
    for one in flips[:8]:
        unit = one.unit
        name = f'"{unit.name}"' if unit.kind in ("phrase", "template") else unit.name
        kind = f"the {unit.kind}" + (f" of {unit.group}" if unit.group else "")
        found.append(f"without {kind} {name} it would be {one.verdict} (score {one.score:.3f})")
    if len(flips) > 8:
        found.append(f"and without {len(flips) - 8} other single lines, too")
    if able and not flips:
        found.append(
            "no single phrase, template, defect or window scale decides: without any it stays"
        )
    return found
