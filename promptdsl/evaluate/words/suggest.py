"""A greedy search for better words, judged on pictures that it did not see.

The pictures are split in two halves, within each label and from a seed. On the first half, the
search takes one step after the other: of all phrases that can be removed and all candidates that
can be added it takes the one that raises

    image AUROC + MARGIN_SHARE * margin / margin of the unmodified spec

most, as long as that counts as better by the rule of `ablate` (a paired 95 % bootstrap interval
that excludes 0, and a size that matters) and no defect of the samples pays for it by the same rule.
Where scores do not tell good from defective nothing is removed: there, the words of a real defect
look harmful (`effects.Comparer.not_separated`, in total and for each defect).

What the search arrives at is then judged once on the second half, again in total and for each
defect. Only a rewording that is better there too is proposed.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from promptdsl.errors import UsageProblem
from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.statistics.metrics import Bools, auroc
from promptdsl.evaluate.statistics.separation import Separation
from promptdsl.evaluate.words.candidates import Candidate, candidates
from promptdsl.evaluate.words.effects import (
    Change,
    Comparer,
    compare_with,
    margin,
    name_it,
)
from promptdsl.evaluate.words.evidence import Evidence, Judgement, gather, judge_variants
from promptdsl.evaluate.words.patch import Rewording
from promptdsl.evaluate.words.units import NORMAL, Places, groups_of, with_phrases
from promptdsl.evaluate.work import Watch, Work
from promptdsl.judge.shares import Floats
from promptdsl.methods.shared.word_bank import Variant, WholePictures
from promptdsl.plan.expand import expand
from promptdsl.scoring.cached_views import encode_any
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec, Phrase

LEAST_PICTURES = 20  # of good ones, and of defective ones: ten to search on, ten to judge by
MARGIN_SHARE = 0.1  # a tenth more margin counts as much as 0.01 of AUROC
LEAST_GAIN = 0.003  # below which a step is not worth a line in the spec
SMALL_MARGIN = 0.1  # of log-odds, in place of a smaller one
CLOSER_LOOKS = 15  # at the best moves of a step, each with its intervals
_NOWHERE = Span("", 0, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """One phrase removed from or added to a group, and what that did on the searched half."""

    action: str  # `remove` or `add`
    group: str
    phrase: str
    source: str  # where it stands, or the list that it comes from
    auroc: Change
    margin: Change


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The steps, what they change, and what the other half says of them."""

    evidence: Evidence
    steps: tuple[Step, ...]
    rewordings: dict[str, Rewording]
    changes: dict[str, Change]  # on the judging half: after minus before
    better: bool
    because: str  # the figure that decided
    worse_for: str | None  # the defect that pays, where that is why it is not better
    searched: int  # pictures
    judged: int
    tried: int  # removals and additions that were open at the first step
    separation: Separation  # of the unmodified spec, on all pictures
    untouched: tuple[str, ...] = ()  # groups from which nothing may be removed


@dataclass(frozen=True, slots=True)
class _Move:
    action: str
    group: str
    phrase: str
    source: str
    edited: ObjectSpec
    added: Candidate | None = None


def suggest_for(job: Job, work: Work, *, most: int, seed: int) -> Suggestion:
    """Encode the pictures of a job, search and judge."""
    with work.with_cache() as kept:
        evidence = gather(job, kept)
        return suggest(evidence, kept.watch, most=most, seed=seed, places=Places(job.sources))


def suggest(
    evidence: Evidence, watch: Watch, *, most: int, seed: int, places: Callable[[Span], str]
) -> Suggestion:
    """Search and judge. Raises UsageProblem for too few pictures."""
    refuse_too_few(evidence)
    whole, untouched = separated_groups(evidence)
    searching, judging = split(evidence.labels, seed)
    offered = candidates(evidence.item)
    texts = [prompt.text for prompt in expand(evidence.item)]
    trial = _with_added(evidence.item, offered)
    evidence.bank.learn([*texts, *(prompt.text for prompt in expand(trial))], watch.prepares)
    search = _search_on(evidence, searching, watch)
    watch.measures(evidence.job.name)
    movable = Movable(offered, places, untouched)
    steps, edited, rewordings, tried = search.climb(evidence.item, movable, most)
    changes, verdict = (
        _judge(evidence, edited, judging, watch) if steps else ({}, Better(False, ""))
    )
    return Suggestion(
        evidence, tuple(steps), rewordings, changes, *verdict,
        len(searching), len(judging), tried, whole, tuple(sorted(untouched)),
    )  # fmt: skip


def separated_groups(evidence: Evidence) -> tuple[Separation, frozenset[str]]:
    """How well scores separate, and the groups whose words must stay: they cannot be judged."""
    scores = np.array([scored.score for scored in evidence.pictures], np.float64)
    comparer = compare_with(Judgement.of_scores(scores), evidence.labels)
    groups = groups_of(evidence.item)
    stay = {g for g in groups if comparer.not_separated(None if g == NORMAL else g) is not None}
    return comparer.separation(), frozenset(stay)


@dataclass(frozen=True, slots=True)
class Movable:
    """What a step may do: add one of the candidates, remove a phrase of a group that may lose."""

    offered: Sequence[Candidate]
    places: Callable[[Span], str]
    untouched: frozenset[str] = frozenset()


def refuse_too_few(evidence: Evidence) -> None:
    """UsageProblem where a half would be too small to search on or to judge by."""
    bad = int(evidence.defective.sum())
    good = len(evidence.pictures) - bad
    if min(good, bad) >= LEAST_PICTURES:
        return
    raise UsageProblem(
        f"{evidence.job.name} has {good} good and {bad} defective pictures, too few to propose "
        f"words: it takes at least {LEAST_PICTURES} of each, half to search on, half to judge by",
        "add pictures to samples, or name folders: --good DIR --defect NAME=DIR",
    )


def split(labels: Sequence[str], seed: int) -> tuple[list[int], list[int]]:
    """Two halves of the pictures' places, each label halved; odd ones alternate."""
    random = np.random.default_rng(seed)
    halves: tuple[list[int], list[int]] = ([], [])
    turn = 0
    for label in dict.fromkeys(labels):
        for place in random.permutation([n for n, one in enumerate(labels) if one == label]):
            halves[turn % 2].append(int(place))
            turn += 1
    return sorted(halves[0]), sorted(halves[1])


def _search_on(evidence: Evidence, places: Sequence[int], watch: Watch) -> "_Search":
    files = [evidence.pictures[place].picture.path for place in places]
    watch.inspects(f"the half of {evidence.job.name} to search on", len(files))
    rows: list[int] = []
    parts = []
    for encoded in encode_any(evidence.scoring, files, watch.advance):
        assert encoded.features is not None
        rows += encoded.places
        parts.append(evidence.bank.whole(encoded.features))
    first = list(dict.fromkeys(rows))  # a picture may have several views
    views = _Views(WholePictures.joined(parts), np.array([first.index(row) for row in rows]))
    order = [places[row] for row in first]
    labels = [evidence.labels[place] for place in order]
    return _Search(evidence, views, evidence.defective[order], labels)


@dataclass(frozen=True, slots=True)
class _Views:
    """Views of N pictures, and the number of the picture of each."""

    encoded: WholePictures
    owner: npt.NDArray[np.int64]

    def highest(self, scores: Floats) -> Floats:
        """(N): of the views of each picture."""
        found = np.full(int(self.owner.max()) + 1, -np.inf)
        np.maximum.at(found, self.owner, scores)
        return found


class _Search:
    """Climbs on one half of the pictures."""

    def __init__(
        self, evidence: Evidence, pictures: _Views, defective: Bools, labels: Sequence[str]
    ) -> None:
        self.evidence, self.pictures, self.defective = evidence, pictures, defective
        self.labels = labels
        whole = abs(margin(self.scores(evidence.item), defective))
        self.margin_weight = MARGIN_SHARE / max(whole, SMALL_MARGIN)

    def scores(self, item: ObjectSpec) -> Floats:
        """(N) scores under an edited object."""
        words = self.evidence.bank.directions(list(expand(item)))
        return self.pictures.highest(self.evidence.bank.scores(self.pictures.encoded, words))

    def value(self, scores_N: Floats) -> float:
        """What the search raises."""
        margins = margin(scores_N, self.defective)
        return auroc(scores_N, self.defective) + self.margin_weight * margins

    def climb(
        self, item: ObjectSpec, movable: Movable, most: int
    ) -> tuple[list[Step], ObjectSpec, dict[str, Rewording], int]:
        """Steps while they gain."""
        original, tried = item, 0
        steps: list[Step] = []
        scores_N = self.scores(item)
        while len(steps) < most:
            moves = [(self.scores(move.edited), move) for move in _moves(item, movable)]
            tried = tried or len(moves)
            comparer = compare_with(Judgement.of_scores(scores_N), self.labels)
            found = self._best(comparer, moves)
            if found is None:
                break
            after_N, best = found
            changes = comparer.changes(Judgement.of_scores(after_N))
            words = (best.action, best.group, best.phrase, best.source)
            steps.append(Step(*words, changes["auroc"], changes["margin"]))
            item, scores_N = best.edited, after_N
            left = [candidate for candidate in movable.offered if candidate is not best.added]
            movable = replace(movable, offered=left)
        return steps, item, rewordings_between(original, item), tried

    def _best(
        self, comparer: Comparer, moves: Sequence[tuple[Floats, _Move]]
    ) -> tuple[Floats, _Move] | None:
        """The move that gains most, of those that are better and hurt no defect."""
        least = self.value(comparer.base.scores_N) + LEAST_GAIN
        ranked = sorted(moves, key=lambda pair: -self.value(pair[0]))[:CLOSER_LOOKS]
        worth = (pair for pair in ranked if self.value(pair[0]) >= least)
        judged = ((pair, is_better(comparer, Judgement.of_scores(pair[0]))) for pair in worth)
        return next((pair for pair, found in judged if found.better), None)


def _moves(item: ObjectSpec, movable: Movable) -> Iterator[_Move]:
    for group, phrases in groups_of(item).items():
        for number, phrase in enumerate(phrases):
            if len(phrases) == 1 or phrase.site == _NOWHERE or group in movable.untouched:
                continue
            left = (*phrases[:number], *phrases[number + 1 :])
            source, edited = movable.places(phrase.span), with_phrases(item, group, left)
            yield _Move("remove", group, phrase.text, source, edited)
    for candidate in movable.offered:
        yield _Move("add", *candidate, _with_added(item, [candidate]), candidate)


def _with_added(item: ObjectSpec, added: Sequence[Candidate]) -> ObjectSpec:
    for candidate in added:
        old = groups_of(item)[candidate.group]
        item = with_phrases(
            item, candidate.group, (*old, Phrase(candidate.phrase, _NOWHERE, _NOWHERE))
        )
    return item


def rewordings_between(before: ObjectSpec, after: ObjectSpec) -> dict[str, Rewording]:
    """What each group lost and gained. Kept phrases are the very same values."""
    found = {}
    for group, old in groups_of(before).items():
        new = groups_of(after).get(group, ())
        kept = {id(phrase) for phrase in new}
        removed = frozenset(n for n, phrase in enumerate(old) if id(phrase) not in kept)
        added = tuple(phrase.text for phrase in new if phrase.site == _NOWHERE)
        if removed or added:
            found[group] = Rewording(removed, added)
    return found


def _judge(
    evidence: Evidence, edited: ObjectSpec, places: Sequence[int], watch: Watch
) -> tuple[dict[str, Change], "Better"]:
    """Before and after on the half that the search has not seen."""
    variants = [
        Variant(evidence.bank.directions(list(expand(item)))) for item in (evidence.item, edited)
    ]
    before, after = (
        _of(judgement, places)
        for judgement in judge_variants(evidence, variants, lambda number: False, watch)
    )
    comparer = compare_with(before, [evidence.labels[n] for n in places])
    return comparer.changes(after), is_better(comparer, after)


class Better(NamedTuple):
    """Whether a rewording is better, the figure that says so, and the defect that pays for it."""

    better: bool
    because: str
    worse_for: str | None = None


def is_better(comparer: Comparer, after: Judgement) -> Better:
    """Better: all pictures together gain and no defect loses."""
    whole = margin(comparer.base.scores_N, comparer.defective_N)
    changes = {n: c for n, c in comparer.changes(after).items() if not n.startswith("own_")}
    call, because = name_it(changes, whole)
    if call != "harmful":  # the old words do no harm: nothing gets better without them
        return Better(False, because)
    for defect in dict.fromkeys(label for label in comparer.labels if label != GOOD):
        own = comparer.changes(after, defect)
        mine = {name: own[name] for name in ("own_auroc", "own_margin")}
        call, title = name_it(mine, whole)
        if call == "helpful":
            return Better(False, f"{title.removesuffix('its defect')}{defect}", defect)
    return Better(True, because)


def _of(judgement: Judgement, places: Sequence[int]) -> Judgement:
    verdicts = tuple(judgement.verdicts[place] for place in places)
    return Judgement(judgement.scores_N[list(places)], verdicts, None)
