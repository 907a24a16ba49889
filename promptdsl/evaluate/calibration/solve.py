"""Numbers for the `auto` lines of one object, each with the promise that it keeps.

From good pictures alone: every `reject` line gets an equal part of the false rejects allowed, every
`review` line of the good parts that may go to review, so that the parts add up to the promise. Good
parts that lines with numbers reject already count against it. With an escape rate, the last `auto`
line, which decides what passes, is set by the defective pictures that no other line catches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from promptdsl.errors import SpecProblem
from promptdsl.evaluate.calibration.apart import (
    fixed_lines_never_deciding,
    lower,
    lower_for_defects,
    never_decides,
)
from promptdsl.evaluate.scored import Scored
from promptdsl.judge.conformal import (
    Found,
    Promise,
    Range,
    limit_escapes,
    limit_false_rejects,
    pictures_needed,
    strongest_confidence,
    strongest_share,
    supported,
)
from promptdsl.judge.measures import measure_name
from promptdsl.judge.places import is_plain_rule
from promptdsl.judge.shares import Floats, Undefined
from promptdsl.judge.verdict import (
    holding_rule,
    meaning,
    number,
    range_of,
    rules_of,
    shown_number,
    with_number,
)
from promptdsl.plan.model import LocatedRule, ObjectPlan, Rule, ScoreRule

Kind = Literal["good parts rejected", "good parts at or above it", "defective parts passed"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be promised. Asked promises must be kept; the others as far as pictures go."""

    false_rejects: Promise
    reviews: Promise
    escapes: Promise | None = None
    asked: frozenset[str] = frozenset()  # of false_rejects, reviews, escapes
    accept_weaker: bool = False


def wanted_promises(
    false_rejects: float | None,
    reviews: float | None,
    escapes: float | None,
    confidence: float,
    accept_weaker: bool = False,
) -> Wanted:
    """2 % of false rejects and 10 % of reviews where nothing else is asked."""
    asked = {"false_rejects": false_rejects, "reviews": reviews, "escapes": escapes}
    return Wanted(
        Promise(false_rejects or 0.02, confidence),
        Promise(reviews or 0.10, confidence),
        None if escapes is None else Promise(escapes, confidence),
        frozenset(name for name, value in asked.items() if value is not None),
        accept_weaker,
    )


@dataclass(frozen=True, slots=True)
class Solved:
    """One `auto` line with its number."""

    rule: Rule  # as written, unresolved
    found: Found
    of: Kind
    remark: str | None = None  # a promise that the pictures are too few for
    notes: tuple[str, ...] = ()  # what else its reader must know


def auto_lines(item: ObjectPlan) -> list[Rule]:
    """The lines that wait for a number."""
    return [rule for rule in item.thresholds if number(rule) is None]


def calibrate(item: ObjectPlan, pictures: Sequence[Scored], wanted: Wanted) -> list[Solved]:
    """A number for each `auto` line, in the order of the spec.

    Raises SpecProblem where a promise that was asked for cannot be kept.
    """
    good = [scored for scored in pictures if scored.picture.is_good]
    bad = [scored for scored in pictures if not scored.picture.is_good]
    lines = auto_lines(item)
    last = lines[-1] if wanted.escapes is not None and lines else None
    fixed = [rule for rule in rules_of(item) if number(rule) is not None]
    solved: dict[int, Solved] = {}
    for verdict, promise, name in (
        ("reject", wanted.false_rejects, "false_rejects"),
        ("review", wanted.reviews, "reviews"),
    ):
        mine = [rule for rule in lines if rule.verdict == verdict and rule is not last]
        for place, rule in enumerate(mine):
            before = [r for r in fixed if r.verdict == "reject"] if verdict == "reject" else []
            part = _part(promise, len(mine))
            values = _values(rule, good, before if place == 0 else [])
            _refuse_broken_promise(values, promise, item, rule)
            one = _solve(item, rule, values, part, wanted, name)
            # Of several lines none has the whole of the promise.
            shared = len(mine) > 1
            solved[id(rule)] = replace(one, of=_WAYS["reviews"][1]) if shared else one
    if last is not None and wanted.escapes is not None:
        others = [*fixed, *(with_number(one.rule, one.found.value) for one in solved.values())]
        values = _values(last, bad, others)
        solved[id(last)] = _solve(item, last, values, wanted.escapes, wanted, "escapes")
        _refuse_contradiction(item, last, good, solved[id(last)].found, wanted)
    return [_with_least(one, good) for one in _apart(item, solved, good, bad, wanted)]


def _with_least(one: Solved, good: Sequence[Scored]) -> Solved:
    """With a note where good pictures show nothing of what the line measures."""
    line = one.rule
    if is_plain_rule(line) or isinstance(line, ScoreRule | LocatedRule) or not good:
        return one
    if one.of == "defective parts passed" or any(measured(line, scored) for scored in good):
        return one
    note = (
        f"`{line.text}`: no good picture has a place of {line.above:g} or more for it to measure, "
        f"so the least is too much ({shown_number(line, one.found.value)}); where small places do "
        "not matter, write a number"
    )
    return replace(one, notes=(*one.notes, note))


def _part(promise: Promise, lines: int) -> Promise:
    """So that all lines together keep the promise (Bonferroni, for share and confidence)."""
    return Promise(promise.share / lines, 1 - (1 - promise.confidence) / lines)


def _values(rule: Rule, pictures: Sequence[Scored], caught: Sequence[Rule]) -> Floats:
    """What the line measures of each picture; infinite where another line catches it anyway."""
    return np.array(
        [
            np.inf if holding_rule(scored.measures, caught) else measured(rule, scored)
            for scored in pictures
        ],
        np.float64,
    )


def measured(rule: Rule, scored: Scored) -> float:
    """What the line measures of a picture."""
    return scored.measures[measure_name(rule)]


def resolve_all(item: ObjectPlan, solved: Sequence[Solved]) -> tuple[Rule, ...]:
    """All lines of the object, in their order, every `auto` with its number."""
    numbers = {meaning(one.rule): one.found.value for one in solved}
    return tuple(
        with_number(rule, numbers[meaning(rule)]) if number(rule) is None else rule
        for rule in rules_of(item)
    )


def _solve(
    item: ObjectPlan, rule: Rule, values: Floats, promise: Promise, wanted: Wanted, name: str
) -> Solved:
    """The line with the number that keeps a promise of this name, or comes nearest to it."""
    limit, of = _WAYS[name]
    place = f"{item.name}, `{rule.text}`"
    try:
        found = limit(values, promise, range_of(rule))
    except Undefined as undefined:
        raise SpecProblem(f"{place}: {undefined}") from None
    remark = None if found.kept else too_few(len(values), promise, name)
    if remark and name in wanted.asked and not wanted.accept_weaker:
        raise SpecProblem(f"{place}: {remark}", _weaker(name, found))
    return Solved(rule, found, of, remark)


_WAYS: dict[str, tuple[Callable[[Floats, Promise, Range], Found], Kind]] = {
    "false_rejects": (limit_false_rejects, "good parts rejected"),
    "reviews": (limit_false_rejects, "good parts at or above it"),
    "escapes": (limit_escapes, "defective parts passed"),
}


def _refuse_broken_promise(values: Floats, promise: Promise, item: ObjectPlan, rule: Rule) -> None:
    """Lines with numbers may reject more good parts than the promise allows."""
    already = int(np.isinf(values).sum())
    if already and not supported(len(values), already, promise):
        raise SpecProblem(
            f"{item.name}, `{rule.text}`: the lines with numbers already reject {already} of "
            f"{len(values)} good pictures, so no threshold can promise at most {promise.share:.4g}",
            "raise those numbers, or write auto there too",
        )


def _refuse_contradiction(
    item: ObjectPlan, rule: Rule, good: Sequence[Scored], found: Found, wanted: Wanted
) -> None:
    """One line cannot keep both promises where good and defective parts overlap too much."""
    if rule.verdict != "reject" or not {"false_rejects", "escapes"} <= wanted.asked or not good:
        return
    least = limit_false_rejects(_values(rule, good, []), wanted.false_rejects, range_of(rule))
    if least.value > found.value:
        raise SpecProblem(
            f"{item.name}, `{rule.text}`: to keep escapes the number may be at most "
            f"{shown_number(rule, found.value)}, to keep false rejects it must be at least "
            f"{shown_number(rule, least.value)}",
            f"add a line `{_for_review(rule)}` below it: what lies between goes to review",
        )


def _for_review(rule: Rule) -> str:
    """The line as a `review` line that waits for its number."""
    return rule.text.replace("reject", "review", 1)


def _apart(
    item: ObjectPlan,
    solved: Mapping[int, Solved],
    good: Sequence[Scored],
    bad: Sequence[Scored],
    wanted: Wanted,
) -> list[Solved]:
    """In the order of the spec; no line has a number with which it could never decide."""
    lines: list[tuple[Rule, float]] = []
    found = []
    for rule in rules_of(item):
        one = solved.get(id(rule))
        value = number(rule) if one is None else one.found.value
        assert value is not None  # it is written in the spec, or was solved
        below = never_decides(rule, value, lines)
        if one is not None and below is not None:
            one = _lowered(item, one, below, lines, good, bad, wanted)
            value = one.found.value
        lines.append((rule, value))
        found += [] if one is None else [one]
    told = fixed_lines_never_deciding(item, lines)
    return [replace(one, notes=(*one.notes, *told)) if one is found[0] else one for one in found]


def _lowered(
    item: ObjectPlan,
    one: Solved,
    below: float,
    lines: Sequence[tuple[Rule, float]],
    good: Sequence[Scored],
    bad: Sequence[Scored],
    wanted: Wanted,
) -> Solved:
    changed = lower(item, one.rule, one.found, _values(one.rule, good, []), below)
    if one.of == "defective parts passed":
        caught = [with_number(rule, value) for rule, value in lines]
        values = _values(one.rule, bad, caught)
        found = lower_for_defects(one.found, values, changed.found.value)
        return replace(one, found=found, notes=(*one.notes, changed.remark))
    asked = "reviews" in wanted.asked and not wanted.accept_weaker
    if asked and not changed.found.kept and one.rule.verdict == "review":
        share = np.ceil(changed.found.promise.share * 1000) / 10
        raise SpecProblem(
            f"{item.name}, `{one.rule.text}`: to keep at most {percent(wanted.reviews.share)} "
            f"reviews it would need {shown_number(one.rule, one.found.value)}, and "
            f"{shown_number(one.rule, below)} already rejects",
            f"ask for more reviews than false rejects (--reviews {share:.4g}%), or add "
            "--accept-weaker",
        )
    return replace(one, found=changed.found, notes=(*one.notes, changed.remark))


def too_few(pictures: int, promise: Promise, name: str) -> str:
    """Why a sample is too small for a promise, and what it can promise instead."""
    needed = pictures_needed(promise)
    share = strongest_share(pictures, promise.confidence)
    confidence = strongest_confidence(pictures, promise.share)
    what, kind = name.replace("_", " "), "defective" if name == "escapes" else "good"
    noun = "picture is" if pictures == 1 else "pictures are"
    asked, sure = percent(promise.share), percent(promise.confidence)
    return (
        f"{pictures} {kind} {noun} too few to promise at most {asked} {what} at {sure} "
        f"confidence, which takes {needed:,}; they can promise at most {percent(share)} at {sure}, "
        f"or {asked} at {percent(confidence)} confidence"
    )


def _weaker(name: str, found: Found) -> str:
    option = "--" + name.replace("_", "-")
    share = np.ceil(found.promise.share * 1000) / 10
    return (
        f"take more pictures, ask for less ({option} {share:.4g}%), or add --accept-weaker to take "
        "what they support"
    )


def percent(share: float) -> str:
    """`2%`, `5.81%`."""
    return f"{100 * share:.3g}%"
