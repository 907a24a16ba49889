"""The words' tables of a validation: what `ablate` finds, for `validation.json` and its page."""

from collections.abc import Sequence
from pathlib import Path

from promptdsl.engine.device import Compute
from promptdsl.errors import Problem
from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.evaluate.run import Job, Watch
from promptdsl.evaluate.words.ablate import ablate
from promptdsl.evaluate.words.evidence import cache_or_temporary, gather
from promptdsl.evaluate.words.sources import object_of
from promptdsl.evaluate.words.table import page_rows
from promptdsl.methods import find_method
from promptdsl.scoring.feature_cache import FeatureCache


def words_tables(
    jobs: Sequence[Job],
    compute: Compute,
    cache: FeatureCache | None,
    watch: Watch,
    allow: tuple[Path, ...] = (),
) -> tuple[dict[str, list[dict[str, str]]], list[str]]:
    """Rows by the job's name, and a sentence for each job whose words could not be judged.

    Jobs without words, or with pictures of one kind alone, are in neither.
    """
    tables, lacking = {}, []
    with cache_or_temporary(cache) as kept:
        for job in jobs:
            if not _has_words(job):
                continue
            try:
                item, sources = object_of(job, allow)
                evidence = gather(job, item, compute, kept, watch)
                tables[job.name] = page_rows(ablate(evidence, sources, watch))
            except Problem as problem:
                lacking.append(f"the words of {job.name} could not be judged: {problem.sentence}")
    return tables, lacking


def _has_words(job: Job) -> bool:
    method = find_method(job.item.method.name)
    labels = set(job.sample.labels())
    return method is not None and method.uses_words and GOOD in labels and len(labels) > 1
