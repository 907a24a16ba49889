"""Two versions of an object: prompts, settings and thresholds that differ, and on the same pictures
the verdicts that flip and the scores that move."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptdsl.errors import UsageProblem
from promptdsl.evaluate.datasets.model import GOOD, Picture
from promptdsl.evaluate.labelled import Sample
from promptdsl.evaluate.scored import ScoredSample, score_sample
from promptdsl.evaluate.validation.outcomes import Judged, judge
from promptdsl.evaluate.words.versions import Version
from promptdsl.evaluate.work import Work
from promptdsl.inspect.jobs import assign
from promptdsl.judge.verdict import meaning, resolve
from promptdsl.lock.file import calibrated_numbers
from promptdsl.methods import find_method
from promptdsl.plan.model import ObjectPlan, Plan, Rule
from promptdsl.results import FloatMap


@dataclass(frozen=True, slots=True)
class Side:
    """One version with its plan."""

    version: Version
    plan: Plan

    def object(self, name: str) -> ObjectPlan:
        """The object of that name."""
        return next(item for item in self.plan.objects if item.name == name)

    def rules(self, item: ObjectPlan) -> tuple[Rule, ...]:
        """Resolved; SpecProblem for an `auto` that nobody calibrated."""
        known = calibrated_numbers(self.version.lock).get(item.name, {})
        return resolve(item, known, self.version.name)


@dataclass(frozen=True, slots=True)
class PhraseChange:
    """Prompts of one phrase that only one side has."""

    action: str  # `added` or `removed`
    group: str  # `normal` or a defect
    phrase: str
    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A setting or threshold that differs; None where one side has none."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture under both versions."""

    image: str
    before: Judged
    after: Judged

    @property
    def moved(self) -> float:
        """How far the score went up."""
        return self.after.scored.score - self.before.scored.score

    @property
    def flips(self) -> bool:
        """Whether the verdict is another one."""
        return self.before.verdict != self.after.verdict


@dataclass(slots=True)
class ObjectDiff:
    """One object; `samples` hold the maps of the two sides."""

    before: ObjectPlan
    after: ObjectPlan
    phrases: list[PhraseChange]
    fields: list[FieldChange]
    pairs: list[Pair] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    samples: list[ScoredSample] = field(default_factory=list)

    def maps(self, pair: Pair) -> tuple[FloatMap, FloatMap]:
        """The anomaly maps of both sides."""
        before, after = self.samples
        return before.map_of(pair.before.scored), after.map_of(pair.after.scored)

    @property
    def ranked(self) -> list[Pair]:
        """Those that flip, then the others, each by how far they move."""
        return sorted(self.pairs, key=lambda pair: (not pair.flips, -abs(pair.moved)))

    @property
    def wordless(self) -> list[str]:
        """The methods that do not read the prompts."""
        names = dict.fromkeys((self.before.method.name, self.after.method.name))
        methods = {name: find_method(name) for name in names}
        return [name for name, method in methods.items() if method and not method.uses_words]


@dataclass(frozen=True, slots=True)
class SpecDiff:
    """The whole comparison."""

    before: Side
    after: Side
    objects: tuple[ObjectDiff, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def compare(
    before: Side, after: Side, pictures: Sequence[str], chosen: str | None, work: Work
) -> SpecDiff:
    """Compare plans, then score every picture with both. Thresholds are resolved before loading."""
    names = pair_objects(before, after, chosen)
    jobs = assign(pictures, _only(after.plan, [new for _, new in names]), None)
    found = []
    with work.with_cache() as kept:
        for old, new in names:
            mine = [job.image for job in jobs if job.object == new]
            left, right = before.object(old), after.object(new)
            rules = before.rules(left), after.rules(right)
            one = ObjectDiff(
                left, right, phrase_changes(left, right), field_changes(left, right, rules)
            )
            if mine:
                _inspect(one, (before, after), rules, mine, kept)
            found.append(one)
    paired = {name for pair in names for name in pair}
    alone = [
        tuple(i.name for i in side.plan.objects if i.name not in paired and chosen is None)
        for side in (before, after)
    ]
    return SpecDiff(before, after, tuple(found), *alone)


def pair_objects(before: Side, after: Side, chosen: str | None) -> list[tuple[str, str]]:
    """Objects of one name; where each side has but one, these two."""
    old = [item.name for item in before.plan.objects]
    new = [item.name for item in after.plan.objects]
    if chosen is not None:
        for side, names in ((before, old), (after, new)):
            if chosen not in names:
                raise UsageProblem(
                    f"--object {chosen}: {side.version.name} has no object of that name",
                    f"it has {', '.join(names) or 'none'}",
                )
        return [(chosen, chosen)]
    common = [(name, name) for name in new if name in old]
    if common or not (len(old) == len(new) == 1):
        if not common:
            raise UsageProblem(
                f"{before.version.name} and {after.version.name} have no object in common: "
                f"{', '.join(old) or 'none'}, and {', '.join(new) or 'none'}"
            )
        return common
    return [(old[0], new[0])]


def _only(plan: Plan, names: Sequence[str]) -> Plan:
    kept = tuple(item for item in plan.objects if item.name in names)
    return plan.model_copy(update={"objects": kept})


def phrase_changes(before: ObjectPlan, after: ObjectPlan) -> list[PhraseChange]:
    """Prompts that only one side has, by group and phrase; doubled prompts count as often as they
    stand."""
    old, new = _counted(before), _counted(after)
    found = []
    for action, mine in (("removed", old - new), ("added", new - old)):
        groups: dict[tuple[str, str], list[str]] = {}
        for (group, phrase, text), count in mine.items():
            groups.setdefault((group, phrase), []).extend([text] * count)
        found += [
            PhraseChange(action, group, phrase, tuple(texts))
            for (group, phrase), texts in groups.items()
        ]
    return found


def _counted(item: ObjectPlan) -> Counter[tuple[str, str, str]]:
    return Counter((p.defect or "normal", p.phrase, p.text) for p in item.prompts)


def field_changes(
    before: ObjectPlan, after: ObjectPlan, rules: tuple[tuple[Rule, ...], tuple[Rule, ...]]
) -> list[FieldChange]:
    """The name, method, model, settings and threshold lines that differ."""
    old, new = _fields(before, rules[0]), _fields(after, rules[1])
    lines = [_meanings(before, rules[0]), _meanings(after, rules[1])]
    return [
        FieldChange(name, old.get(name), new.get(name))
        for name in dict.fromkeys([*old, *new])
        if lines[0].get(name, old.get(name, "none")) != lines[1].get(name, new.get(name, "none"))
    ]


def _meanings(item: ObjectPlan, rules: Sequence[Rule]) -> dict[str, str]:
    """What threshold lines are compared by: not their spelling."""
    known = zip(item.thresholds, rules, strict=True)
    return {
        f"threshold {place}": f"{meaning(written)} {meaning(resolved)} {item.default_thresholds}"
        for place, (written, resolved) in enumerate(known, 1)
    }


def _fields(item: ObjectPlan, rules: Iterable[Rule]) -> dict[str, str]:
    method = item.method
    return {
        "object": item.name,
        "called": item.called,
        "method": method.name,
        "model": ", ".join(method.model),
        **{name: _plain(value) for name, value in sorted(method.settings.items())},
        **{f"threshold {number}": rule.text for number, rule in enumerate(rules, 1)},
    }


def _plain(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _inspect(
    one: ObjectDiff,
    sides: tuple[Side, Side],
    rules: tuple[tuple[Rule, ...], tuple[Rule, ...]],
    images: Sequence[str],
    work: Work,
) -> None:
    """What both versions say of every picture."""
    image_of = {Path(image): image for image in images}
    sample = Sample(tuple(Picture(path, GOOD) for path in image_of), ())
    judged = []
    for side, item, lines in zip(sides, (one.before, one.after), rules, strict=True):
        scoring = work.open(item, side.version.folder)
        work.watch.inspects(f"{item.name} with {side.version.name}", len(images))
        scored = score_sample(scoring, sample, lines, work.watch.advance)
        one.samples.append(scored)
        one.unreadable |= {image_of[p.path]: why for p, why in scored.unreadable.items()}
        judged.append({found.scored.picture: found for found in judge(scored.pictures, lines)})
    before, after = judged
    one.pairs = [
        Pair(image_of[picture.path], before[picture], after[picture])
        for picture in sample.pictures
        if picture in before and picture in after
    ]


def describe(found: SpecDiff) -> dict[str, Any]:
    """Plain values for machines; scores in [0, 1]."""
    return {
        "before": found.before.version.name,
        "after": found.after.version.name,
        "plan_before": found.before.plan.hash,
        "plan_after": found.after.plan.hash,
        "only_before": list(found.only_before),
        "only_after": list(found.only_after),
        "objects": [_described(one) for one in found.objects],
    }


def _described(one: ObjectDiff) -> dict[str, Any]:
    moves = [pair.moved for pair in one.pairs]
    return {
        "object": one.after.name,
        "prompts": {
            action: [
                {"label": "normal" if c.group == "normal" else "anomalous",
                 "defect": None if c.group == "normal" else c.group,
                 "phrase": c.phrase, "text": text}
                for c in one.phrases if c.action == action for text in c.prompts
            ]
            for action in ("removed", "added")
        },
        "fields": [
            {"name": c.what, "before": c.before, "after": c.after} for c in one.fields
        ],
        "pictures": len(one.pairs),
        "flips": sum(pair.flips for pair in one.pairs),
        "mean_move": sum(moves) / len(moves) if moves else None,
        "unreadable": [{"image": image, "error": error} for image, error in one.unreadable.items()],
        "results": [
            {
                "image": pair.image,
                "flips": pair.flips,
                "moved": pair.moved,
                "before": _judged(pair.before),
                "after": _judged(pair.after),
            }
            for pair in one.ranked
        ],
    }  # fmt: skip


def _judged(one: Judged) -> dict[str, Any]:
    scored = one.scored
    return {
        "score": scored.score, "verdict": one.verdict, "rule": one.rule, "defect": scored.named,
    }  # fmt: skip
