"""The words' tables of a validation: what `ablate` finds, for `validation.json` and its page."""

from collections.abc import Sequence
from pathlib import Path

from promptdsl.datasets.model import GOOD
from promptdsl.experiments.ablate import ablate
from promptdsl.experiments.evidence import cache_or_temporary, gather
from promptdsl.experiments.sources import object_of
from promptdsl.experiments.table import page_rows
from promptdsl.methods import find_method
from promptdsl.runtime.device import Compute
from promptdsl.runtime.feature_cache import FeatureCache
from promptdsl.validation.run import Job, Watch


def words_tables(
    jobs: Sequence[Job],
    compute: Compute,
    cache: FeatureCache | None,
    watch: Watch,
    allow: tuple[Path, ...] = (),
) -> dict[str, list[dict[str, str]]]:
    """Rows by the job's name; none where there are no words or only pictures of one kind."""
    tables = {}
    with cache_or_temporary(cache) as kept:
        for job in jobs:
            if _has_words(job):
                item, sources = object_of(job, allow)
                evidence = gather(job, item, compute, kept, watch)
                tables[job.name] = page_rows(ablate(evidence, sources, watch))
    return tables


def _has_words(job: Job) -> bool:
    method = find_method(job.item.method.name)
    labels = set(job.sample.labels())
    return method is not None and method.uses_words and GOOD in labels and len(labels) > 1
