"""Leave-one-out over all words, templates, defects and window scales of an object."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from promptdsl.errors import Problem
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.words.effects import Call, Effect, Whole, compare_with, needed
from promptdsl.evaluate.words.evidence import Evidence, gather, judge_variants
from promptdsl.evaluate.words.units import Unit, leave_one_out
from promptdsl.evaluate.work import Watch, Work, until_problem
from promptdsl.methods.shared.word_bank import Variant
from promptdsl.plan.expand import expand
from promptdsl.spec import ObjectSpec

Pixels = Literal["auto", "all", "none"]
# Above so many maps (variants times pictures) pixels are counted for window scales alone.
CHEAP_MAPS = 6_000
_ORDER: dict[Call, int] = {"harmful": 0, "helpful": 1, "not judged": 2, "inert": 3, "needed": 4}


@dataclass(frozen=True, slots=True)
class Ablation:
    """Every unit of one object, the harmful first, then by size."""

    evidence: Evidence
    whole: Whole
    effects: tuple[Effect, ...]


def ablate_jobs(
    jobs: Sequence[Job], work: Work, pixels: Pixels = "auto"
) -> tuple[list[Ablation], Problem | None]:
    """Object by object, and what stopped it behind the first."""
    with work.with_cache() as kept:
        return until_problem(jobs, lambda job: ablate(gather(job, kept), kept.watch, pixels))


def ablate(evidence: Evidence, watch: Watch, pixels: Pixels = "auto") -> Ablation:
    """Leave out one thing at a time."""
    units = leave_one_out(evidence.item, evidence.job.sources)
    able = [unit for unit in units if unit.edited is not None]
    edited = [evidence.item, *(unit.edited for unit in able if unit.edited is not None)]
    evidence.bank.learn((p.text for item in edited for p in expand(item)), watch.prepares)
    variants = [
        variant_of(evidence, evidence.item),
        *(variant_of(evidence, unit.edited, unit) for unit in able if unit.edited is not None),
    ]
    measured = _measured(evidence, able, pixels)
    base, *rest = judge_variants(evidence, variants, measured.__contains__, watch)
    watch.measures(evidence.job.name)
    comparer = compare_with(base, evidence.labels)
    effects = [comparer.effect(unit, found) for unit, found in zip(able, rest, strict=True)]
    effects += [needed(unit) for unit in units if unit.edited is None]
    return Ablation(evidence, comparer.whole(), tuple(sorted(effects, key=_rank)))


def variant_of(evidence: Evidence, item: ObjectSpec, unit: Unit | None = None) -> Variant:
    """The directions of an edited object."""
    windows = unit.windows if unit is not None else None
    return Variant(evidence.bank.directions(list(expand(item))), windows)


def _measured(evidence: Evidence, units: Sequence[Unit], pixels: Pixels) -> set[int]:
    """Numbers of the variants, 0 being the whole spec, whose pixels are counted."""
    if pixels == "none" or not evidence.masked:
        return set()
    everything = pixels == "all" or len(units) * len(evidence.pictures) <= CHEAP_MAPS
    chosen = {n for n, unit in enumerate(units, 1) if everything or unit.kind == "window scale"}
    return {0, *chosen}


def _rank(effect: Effect) -> tuple[int, float, float]:
    def size(name: str) -> float:
        change = effect.changes.get(name)
        return -abs(change.value) if change is not None else 0.0

    deciding = effect.figure or ""
    first = size(deciding) if deciding.endswith("auroc") else 0.0
    return _ORDER[effect.call], first, size("margin")
