"""A validation with its files: `validation.json`, `junit.xml` and `validation.html`."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptdsl.errors import UsageProblem
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.validation.gallery import Gallery
from promptdsl.evaluate.validation.run import Validation, validate
from promptdsl.evaluate.words.words import words_tables
from promptdsl.evaluate.work import Work
from promptdsl.files.owned import JSON_MARK, PAGE_MARK, refuse_foreign_outputs
from promptdsl.files.writing import as_json, disk_told_plainly, write_into
from promptdsl.report.junit import junit_xml
from promptdsl.report.validation import validation_page

RECORD, JUNIT, PAGE = "validation.json", "junit.xml", "validation.html"
MARKS = {RECORD: JSON_MARK, JUNIT: b"promptdsl validate", PAGE: PAGE_MARK}


@dataclass(frozen=True, slots=True)
class Validated:
    """What was found, as it stands in `validation.json`, and the words that were not judged."""

    validation: Validation
    described: dict[str, Any]
    lacking: list[str]

    def exit_code(self, *, strict: bool) -> int:
        """1: a test failed; 3: evidence or words are missing; else 0."""
        return self.validation.exit_code(strict=strict) or (3 if self.lacking else 0)


def claim_folder(folder: Path) -> None:
    """Make the folder before anything costly happens; what others wrote in it is not replaced."""
    if folder.exists() and not folder.is_dir():
        raise UsageProblem(f"{folder}: -o needs a folder, and this is a file")
    with disk_told_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
    refuse_foreign_outputs(folder, MARKS)


def validate_into(
    folder: Path, jobs: Sequence[Job], dataset: str | None, work: Work, started: float, words: bool
) -> Validated:
    """Validate and write; what is finished is written before anything that may still go wrong."""
    gallery = Gallery(len(jobs))
    validation = validate(jobs, work, dataset=dataset, keep=gallery.take)
    described = _write(folder, validation, gallery, {}, started)
    lacking: list[str] = []
    if words:
        tables, lacking = words_tables(jobs[: len(validation.objects)], work)
        described = _write(folder, validation, gallery, tables, started)
    return Validated(validation, described, lacking)


def _write(
    folder: Path,
    validation: Validation,
    gallery: Gallery,
    words: Mapping[str, list[dict[str, str]]],
    started: float,
) -> dict[str, Any]:
    described = validation.described(time.perf_counter() - started)
    for item in described["objects"]:
        if item["name"] in words:
            item["words"] = words[item["name"]]
    page = validation_page(described, gallery.shown)
    write_into(
        folder,
        {
            RECORD: as_json(described),
            JUNIT: junit_xml(described),
            PAGE: page.encode("utf-8", "backslashreplace"),
        },
    )
    return described
