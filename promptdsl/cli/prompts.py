"""`promptdsl prompts`: every prompt with its label, its defect and the lines that it came from."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from promptdsl.cli.shared.options import ALLOW, format_option, object_option
from promptdsl.cli.shared.specs import SPEC, compile_faultless
from promptdsl.cli.shown.terminal import counted, painted, tell_note, write_machines, write_people
from promptdsl.diagnostics.nearest import did_you_mean
from promptdsl.diagnostics.width import harmless
from promptdsl.errors import UsageProblem
from promptdsl.methods import METHODS
from promptdsl.plan.expand import ExpandedPrompt, expand
from promptdsl.source import SourceFile, Span
from promptdsl.spec import ObjectSpec, Phrase

EPILOG = """\b
Examples:
  promptdsl prompts nut.inspect
  promptdsl prompts nut.inspect --defect scratch
  promptdsl prompts nut.inspect --count
  promptdsl prompts nut.inspect --format csv > prompts.csv
"""
Sources = Mapping[str, SourceFile]
Chosen = list[tuple[ObjectSpec, list[ExpandedPrompt]]]
COLUMNS = (
    "object", "label", "defect", "prompt", "phrase", "template",
    "phrase_file", "phrase_line", "phrase_column",
    "template_file", "template_line", "template_column",
)  # fmt: skip


@click.command("prompts", epilog=EPILOG)
@click.argument("spec", metavar="SPEC", type=SPEC)
@object_option("Of this object alone.")
@click.option("--label", type=click.Choice(["normal", "anomalous"]), help="With this label alone.")
@click.option("--defect", metavar="NAME", help="Of this defect alone.")
@format_option("text", "json", "csv", help="For people, scripts or spreadsheets.")
@click.option("--count", is_flag=True, help="How many there are, not which.")
@ALLOW
def command(
    spec: str,
    object_name: str | None,
    label: str | None,
    defect: str | None,
    form: str,
    count: bool,
    allow: tuple[Path, ...],
) -> None:
    """Show every prompt of a spec: what the model will read, and where each came from.

    SPEC is a file or - for standard input.
    """
    if defect is not None and label == "normal":
        raise UsageProblem("--defect and --label normal exclude each other")
    compilation = compile_faultless(spec, allow)
    objects = compilation.spec.objects if compilation.spec else ()
    chosen = _choose(objects, object_name, label, defect)
    if not objects:
        tell_note(f"{compilation.name} holds lists and no object, so it has no prompts of its own")
    for item, _ in chosen:
        if not METHODS[item.method.name].uses_words:
            tell_note(f"{item.method.name} has learned its prompts: {item.name}'s change nothing")
    if form == "json":
        write_machines(_as_json(chosen, compilation.sources, count))
    elif form == "csv":
        write_machines(_as_csv(chosen, compilation.sources, count))
    else:
        lines = _counts(chosen) if count else _listing(chosen, compilation.sources)
        write_people("".join(f"{line}\n" for line in lines))


def _choose(
    objects: tuple[ObjectSpec, ...], name: str | None, label: str | None, defect: str | None
) -> Chosen:
    _must_be_one_of("object", name, [item.name for item in objects])
    kept = [item for item in objects if name in (None, item.name)]
    _must_be_one_of("defect", defect, [d.name for item in kept for d in item.defects])
    return [
        (
            item,
            [
                prompt
                for prompt in expand(item)
                if label in (None, prompt.label) and defect in (None, prompt.defect)
            ],
        )
        for item in kept
    ]


def _must_be_one_of(what: str, name: str | None, names: list[str]) -> None:
    if name is None or name in names:
        return
    listed = ", ".join(dict.fromkeys(names)) or "none"
    help = did_you_mean(name, names) or f"it has: {listed}"
    raise UsageProblem(f"the spec has no {what} {name}", help)


# for people


def _listing(chosen: Chosen, sources: Sources) -> Iterator[str]:
    for index, (item, prompts) in enumerate(chosen):
        if index:
            yield ""
        yield _heading(item, prompts)
        for (name, phrase), group in groupby(prompts, key=lambda p: (_state(p), p.phrase)):
            yield ""
            origin = _origin(phrase, sources)
            yield f"{painted(name, '1', sys.stdout)}  {harmless(phrase.text)}  ({origin})"
            rows = [(harmless(p.text), _line_of(p.template.span, sources)) for p in group]
            width = max(len(text) for text, _ in rows)
            yield from (f"  {text:<{width}}  {place}" for text, place in rows)


def _heading(item: ObjectSpec, prompts: list[ExpandedPrompt]) -> str:
    normal = sum(prompt.label == "normal" for prompt in prompts)
    shares = f"{normal:,} normal, {len(prompts) - normal:,} anomalous"
    name = painted(item.name, "1", sys.stdout)
    return f'{name} ("{harmless(item.called)}"): {counted(len(prompts), "prompt")}, {shares}'


def _counts(chosen: Chosen) -> Iterator[str]:
    for index, (item, prompts) in enumerate(chosen):
        if index:
            yield ""
        yield _heading(item, prompts)
        rows = [
            (name, len(group) // len(item.templates), len(group))
            for name, group in _by_state(prompts).items()
        ]
        width = max((len(name) for name, _, _ in rows), default=0)
        for name, phrases, total in rows:
            templates = counted(total // phrases, "template")
            yield f"  {name:<{width}}  {counted(phrases, 'phrase')} x {templates} = {total:,}"


def _by_state(prompts: Iterable[ExpandedPrompt]) -> dict[str, list[ExpandedPrompt]]:
    found: dict[str, list[ExpandedPrompt]] = {}
    for prompt in prompts:
        found.setdefault(_state(prompt), []).append(prompt)
    return found


def _state(prompt: ExpandedPrompt) -> str:
    return prompt.defect or prompt.label


def _origin(phrase: Phrase, sources: Sources) -> str:
    """Where a phrase was written, and the line that included it."""
    place = _line_of(phrase.span, sources)
    if phrase.site == phrase.span:
        return place
    return f"{place}, by {_line_of(phrase.site, sources)}"


def _line_of(span: Span, sources: Sources) -> str:
    return f"{harmless(span.file)}:{sources[span.file].position(span.start).line}"


# for machines


def _as_json(chosen: Chosen, sources: Sources, count: bool) -> str:
    objects = []
    for item, prompts in chosen:
        counts = {name: len(group) for name, group in _by_state(prompts).items()}
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


def _as_csv(chosen: Chosen, sources: Sources, count: bool) -> str:
    import csv
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("object", "label", "defect", "prompts") if count else COLUMNS)
    for item, prompts in chosen:
        if count:
            for group in _by_state(prompts).values():
                first = group[0]
                writer.writerow((item.name, first.label, first.defect or "", len(group)))
        else:
            writer.writerows(_row(item, prompt, sources) for prompt in prompts)
    return stream.getvalue()


def _row(item: ObjectSpec, prompt: ExpandedPrompt, sources: Sources) -> tuple[str | int, ...]:
    spans = (prompt.phrase.span, prompt.template.span)
    places: list[str | int] = []
    for span in spans:
        position = sources[span.file].position(span.start)
        places += [span.file, position.line, position.column]
    texts = (prompt.text, prompt.phrase.text, prompt.template.text)
    return (item.name, prompt.label, prompt.defect or "", *texts, *places)
