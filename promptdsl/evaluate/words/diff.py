"""Two versions of an object: prompts, settings and thresholds that differ, and on the same pictures
the verdicts that flip and the scores that move."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptdsl.engine.device import Compute
from promptdsl.errors import UsageProblem
from promptdsl.evaluate.run import Watch
from promptdsl.evaluate.scored import ArrayStore
from promptdsl.evaluate.words.versions import Version
from promptdsl.inspect.assignment import Job, assign
from promptdsl.judge.verdict import decide, meaning, resolve
from promptdsl.lock.file import calibrated_numbers
from promptdsl.plan.model import ObjectPlan, Plan, Rule
from promptdsl.results import FloatMap
from promptdsl.scoring.cached_scoring import encode_files, open_scoring
from promptdsl.scoring.feature_cache import FeatureCache

MOVED = 0.01  # a score that changes by less is not counted as moved


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
class Inspected:
    """What one side says of a picture."""

    score: float
    verdict: str
    rule: str | None
    defect: str | None
    map: int  # its number in the side's store


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture under both versions."""

    image: str
    object: str  # as the second version calls it
    before: Inspected
    after: Inspected

    @property
    def moved(self) -> float:
        """How far the score went up."""
        return self.after.score - self.before.score

    @property
    def flips(self) -> bool:
        """Whether the verdict is another one."""
        return self.before.verdict != self.after.verdict


@dataclass(slots=True)
class ObjectDiff:
    """One object. `stores` hold the maps of the two sides."""

    before: ObjectPlan
    after: ObjectPlan
    phrases: list[PhraseChange]
    fields: list[FieldChange]
    pairs: list[Pair] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    stores: tuple[ArrayStore, ArrayStore] | None = None

    def maps(self, pair: Pair) -> tuple[FloatMap, FloatMap]:
        """The anomaly maps of both sides."""
        assert self.stores is not None
        return self.stores[0][pair.before.map], self.stores[1][pair.after.map]

    @property
    def flips(self) -> list[Pair]:
        """Verdicts that differ, the largest moves first."""
        return sorted((p for p in self.pairs if p.flips), key=lambda pair: -abs(pair.moved))


@dataclass(frozen=True, slots=True)
class SpecDiff:
    """The whole comparison."""

    before: Side
    after: Side
    objects: tuple[ObjectDiff, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]


def compare(
    before: Side,
    after: Side,
    pictures: Sequence[str],
    chosen: str | None,
    compute: Compute,
    cache: FeatureCache,
    watch: Watch,
) -> SpecDiff:
    """Compare plans, then score every picture with both. Thresholds are resolved before loading."""
    names = pair_objects(before, after, chosen)
    jobs = assign(pictures, _only(after.plan, [new for _, new in names]), None)
    found = []
    for old, new in names:
        mine = [job for job in jobs if job.object == new]
        left, right = before.object(old), after.object(new)
        rules = before.rules(left), after.rules(right)
        one = ObjectDiff(
            left, right, phrase_changes(left, right), field_changes(left, right, rules)
        )
        if mine:
            _inspect(one, (before, after), rules, mine, compute, cache, watch)
        found.append(one)
    paired = {name for pair in names for name in pair}
    return SpecDiff(
        before, after, tuple(found),
        tuple(i.name for i in before.plan.objects if i.name not in paired and chosen is None),
        tuple(i.name for i in after.plan.objects if i.name not in paired and chosen is None),
    )  # fmt: skip


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
    jobs: Sequence[Job],
    compute: Compute,
    cache: FeatureCache,
    watch: Watch,
) -> None:
    files = [Path(job.image) for job in jobs]
    found: list[Mapping[int, Inspected]] = []
    stores = []
    for side, item, lines in zip(sides, (one.before, one.after), rules, strict=True):
        scored, store, errors = _score(side, item, lines, files, compute, cache, watch)
        found.append(scored)
        stores.append(store)
        one.unreadable |= {jobs[place].image: error for place, error in errors.items()}
    one.stores = (stores[0], stores[1])
    one.pairs = [
        Pair(job.image, job.object, found[0][n], found[1][n])
        for n, job in enumerate(jobs)
        if n in found[0] and n in found[1]
    ]


def _score(
    side: Side,
    item: ObjectPlan,
    rules: tuple[Rule, ...],
    files: Sequence[Path],
    compute: Compute,
    cache: FeatureCache,
    watch: Watch,
) -> tuple[dict[int, Inspected], ArrayStore, dict[int, str]]:
    """What one version says of every picture."""
    scoring = open_scoring(item, side.version.folder, compute, cache, watch.prepares)
    store = ArrayStore(scoring.detector.size, "float32")
    watch.inspects(f"{item.name} with {side.version.name}", len(files))
    found: dict[int, Inspected] = {}
    errors: dict[int, str] = {}
    for encoded in encode_files(scoring, files, watch.advance):
        if encoded.features is None:
            errors[encoded.places[0]] = encoded.error or "it cannot be read"
            continue
        for place, score in zip(
            encoded.places, scoring.detector.score(encoded.features), strict=True
        ):
            try:
                decision = decide(score.score, score.map, rules)
            except ValueError as error:
                errors[place] = str(error)
                continue
            defect = max(score.defects, key=lambda name: score.defects[name], default=None)
            found[place] = Inspected(
                float(score.score), decision.verdict, decision.rule, defect, store.add(score.map)
            )
    return found, store, errors


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
        "flips": len(one.flips),
        "mean_move": sum(moves) / len(moves) if moves else None,
        "unreadable": [{"image": image, "error": error} for image, error in one.unreadable.items()],
        "results": [
            {
                "image": pair.image,
                "flips": pair.flips,
                "moved": pair.moved,
                "before": _inspected(pair.before),
                "after": _inspected(pair.after),
            }
            for pair in sorted(one.pairs, key=lambda pair: (not pair.flips, -abs(pair.moved)))
        ],
    }  # fmt: skip


def _inspected(value: Inspected) -> dict[str, Any]:
    return {
        "score": value.score,
        "verdict": value.verdict,
        "rule": value.rule,
        "defect": value.defect,
    }
