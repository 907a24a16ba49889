"""The prompts of a spec for scripts and spreadsheets, each with the places that it came from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from promptdsl.plan.expand import ExpandedPrompt
from promptdsl.source import SourceFile, Span
from promptdsl.spec import ObjectSpec

Sources = Mapping[str, SourceFile]
Listed = Sequence[tuple[ObjectSpec, list[ExpandedPrompt]]]
COLUMNS = (
    "object", "label", "defect", "prompt", "phrase", "template",
    "phrase_file", "phrase_line", "phrase_column",
    "template_file", "template_line", "template_column",
)  # fmt: skip


def by_state(prompts: Iterable[ExpandedPrompt]) -> dict[str, list[ExpandedPrompt]]:
    """The prompts of `normal` and of each defect."""
    found: dict[str, list[ExpandedPrompt]] = {}
    for prompt in prompts:
        found.setdefault(prompt.state, []).append(prompt)
    return found


def as_json(listed: Listed, sources: Sources, count: bool) -> str:
    """One entry for each object; with `count` how many prompts it has, not which."""
    objects = []
    for item, prompts in listed:
        counts = {name: len(group) for name, group in by_state(prompts).items()}
        entry = {"name": item.name, "called": item.called, "count": len(prompts), "counts": counts}
        if not count:
            entry["prompts"] = [_entry(prompt, sources) for prompt in prompts]
        objects.append(entry)
    return json.dumps({"version": 1, "objects": objects}, indent=2, ensure_ascii=False) + "\n"


def _entry(prompt: ExpandedPrompt, sources: Sources) -> dict[str, Any]:
    return {
        "text": prompt.text,
        "label": prompt.label,
        "defect": prompt.defect,
        "phrase": prompt.phrase.text,
        "template": prompt.template.text,
        "phrase_place": _place(prompt.phrase.span, sources),
        "included_at": _place(prompt.phrase.site, sources),
        "template_place": _place(prompt.template.span, sources),
    }


def _place(span: Span, sources: Sources) -> dict[str, Any]:
    start, end = sources[span.file].position(span.start), sources[span.file].position(span.end)
    return {
        "file": span.file,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
    }


def as_csv(listed: Listed, sources: Sources, count: bool) -> str:
    """One line for each prompt; with `count` for each state."""
    import csv
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("object", "label", "defect", "prompts") if count else COLUMNS)
    for item, prompts in listed:
        if count:
            for group in by_state(prompts).values():
                first = group[0]
                writer.writerow((item.name, first.label, first.defect or "", len(group)))
        else:
            writer.writerows(_row(item, prompt, sources) for prompt in prompts)
    return stream.getvalue()


def _row(item: ObjectSpec, prompt: ExpandedPrompt, sources: Sources) -> tuple[str | int, ...]:
    places: list[str | int] = []
    for span in (prompt.phrase.span, prompt.template.span):
        places += [span.file, *sources[span.file].position(span.start)]
    texts = (prompt.text, prompt.phrase.text, prompt.template.text)
    return (item.name, prompt.label, prompt.defect or "", *texts, *places)
