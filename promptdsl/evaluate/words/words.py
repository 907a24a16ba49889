"""The words' tables of a validation: what `ablate` finds, for `validation.json` and its page."""

from collections.abc import Sequence

from promptdsl.errors import Problem
from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.words.ablate import ablate
from promptdsl.evaluate.words.evidence import gather
from promptdsl.evaluate.words.record import describe
from promptdsl.evaluate.work import Work
from promptdsl.methods import find_method
from promptdsl.report.tables.words import page_rows


def words_tables(
    jobs: Sequence[Job], work: Work
) -> tuple[dict[str, list[dict[str, str]]], list[str]]:
    """Rows by the job's name, and a sentence for each job whose words could not be judged.

    Jobs without words, or with pictures of one kind alone, are in neither.
    """
    tables, lacking = {}, []
    with work.with_cache() as kept:
        for job in filter(_has_words, jobs):
            try:
                found = ablate(gather(job, kept), kept.watch)
                tables[job.name] = page_rows(describe(found)["rows"])
            except Problem as problem:
                lacking.append(f"the words of {job.name} could not be judged: {problem.sentence}")
    return tables, lacking


def _has_words(job: Job) -> bool:
    method = find_method(job.item.method.name)
    labels = set(job.sample.labels())
    return method is not None and method.uses_words and GOOD in labels and len(labels) > 1
