"""Two versions of an object: prompts, settings and thresholds that differ, and on the same pictures
the verdicts that flip and the scores that move."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptdsl.errors import UsageProblem
from promptdsl.evaluate.datasets.model import GOOD, Picture
from promptdsl.evaluate.jobs import SpecInUse
from promptdsl.evaluate.labelled import Sample
from promptdsl.evaluate.scored import ScoredSample, score_sample
from promptdsl.evaluate.validation.outcomes import Judged, judge
from promptdsl.evaluate.work import Work
from promptdsl.inspect.jobs import assign
from promptdsl.judge.measures import SCORE
from promptdsl.judge.verdict import meaning, rules_of
from promptdsl.methods import find_method
from promptdsl.plan.in_words import picture_in_words, places_in_words
from promptdsl.plan.model import ObjectPlan, Plan, Rule
from promptdsl.results import FloatMap


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
    prompts: dict[str, list[dict[str, Any]]]  # `removed` and `added`
    fields: list[dict[str, str | None]]
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

    before: SpecInUse
    after: SpecInUse
    objects: tuple[ObjectDiff, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def compare(
    before: SpecInUse, after: SpecInUse, pictures: Sequence[str], chosen: str | None, work: Work
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
                left, right, prompt_changes(left, right), field_changes(left, right, rules)
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


def pair_objects(before: SpecInUse, after: SpecInUse, chosen: str | None) -> list[tuple[str, str]]:
    """Objects of one name; where each side has but one, these two."""
    old = [item.name for item in before.plan.objects]
    new = [item.name for item in after.plan.objects]
    if chosen is not None:
        for side, names in ((before, old), (after, new)):
            if chosen not in names:
                raise UsageProblem(
                    f"--object {chosen}: {side.name} has no object of that name",
                    f"it has {', '.join(names) or 'none'}",
                )
        return [(chosen, chosen)]
    common = [(name, name) for name in new if name in old]
    if common or not (len(old) == len(new) == 1):
        if not common:
            raise UsageProblem(
                f"{before.name} and {after.name} have no object in common: "
                f"{', '.join(old) or 'none'}, and {', '.join(new) or 'none'}"
            )
        return common
    return [(old[0], new[0])]


def _only(plan: Plan, names: Sequence[str]) -> Plan:
    kept = tuple(item for item in plan.objects if item.name in names)
    return plan.model_copy(update={"objects": kept})


def prompt_changes(before: ObjectPlan, after: ObjectPlan) -> dict[str, list[dict[str, Any]]]:
    """Prompts that only one side has, by group and phrase; doubled prompts count as often as they
    stand."""
    old, new = _counted(before), _counted(after)
    found: dict[str, list[dict[str, Any]]] = {}
    for action, mine in (("removed", old - new), ("added", new - old)):
        groups: dict[tuple[str | None, str], list[str]] = {}
        for (defect, phrase, text), count in mine.items():
            groups.setdefault((defect, phrase), []).extend([text] * count)
        found[action] = [
            {
                "label": "anomalous" if defect else "normal",
                "defect": defect,
                "phrase": phrase,
                "text": text,
            }
            for (defect, phrase), texts in groups.items()
            for text in texts
        ]
    return found


def _counted(item: ObjectPlan) -> Counter[tuple[str | None, str, str]]:
    return Counter((p.defect, p.phrase, p.text) for p in item.prompts)


def field_changes(
    before: ObjectPlan, after: ObjectPlan, rules: tuple[tuple[Rule, ...], tuple[Rule, ...]]
) -> list[dict[str, str | None]]:
    """The name, method, model, settings, places and threshold lines that differ."""
    old, new = _fields(before, rules[0]), _fields(after, rules[1])
    lines = [_meanings(before, rules[0]), _meanings(after, rules[1])]
    return [
        {"name": name, "before": old.get(name), "after": new.get(name)}
        for name in dict.fromkeys([*old, *new])
        if lines[0].get(name, old.get(name, "none")) != lines[1].get(name, new.get(name, "none"))
    ]


def _meanings(item: ObjectPlan, rules: Sequence[Rule]) -> dict[str, str]:
    """What threshold lines are compared by: not their spelling."""
    known = zip(rules_of(item), rules, strict=True)
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
        **_picture(item),
        **places_in_words(item),
        **{f"threshold {number}": rule.text for number, rule in enumerate(rules, 1)},
    }


def _picture(item: ObjectPlan) -> dict[str, str]:
    fields = {} if item.picture is None else picture_in_words(item.picture)
    return {f"picture {name}": value for name, value in fields.items()}


def _plain(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _inspect(
    one: ObjectDiff,
    sides: tuple[SpecInUse, SpecInUse],
    rules: tuple[tuple[Rule, ...], tuple[Rule, ...]],
    images: Sequence[str],
    work: Work,
) -> None:
    """What both versions say of every picture."""
    image_of = {Path(image): image for image in images}
    sample = Sample(tuple(Picture(path, GOOD) for path in image_of), ())
    judged = []
    for side, item, lines in zip(sides, (one.before, one.after), rules, strict=True):
        scoring = work.open(item, side.folder)
        work.watch.inspects(f"{item.name} with {side.name}", len(images))
        scored = score_sample(scoring, sample, lines, work.watch.advance, side.layout(item))
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
        "before": found.before.name,
        "after": found.after.name,
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
        "prompts": one.prompts,
        "fields": one.fields,
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
    }


def _judged(one: Judged) -> dict[str, Any]:
    scored = one.scored
    return {
        "score": scored.score, "verdict": one.verdict, "rule": one.rule, "defect": scored.named,
        "measures": {name: value for name, value in scored.measures.items() if name != SCORE},
    }  # fmt: skip
