"""`promptdsl prompts`: every prompt with its label, its defect and the lines that it came from."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from promptdsl.cli.shared.options import ALLOW, format_option, object_option
from promptdsl.cli.shared.specs import SPEC, compile_faultless
from promptdsl.cli.shown.terminal import counted, painted, tell_note, write_machines, write_people
from promptdsl.diagnostics.nearest import did_you_mean
from promptdsl.diagnostics.width import harmless
from promptdsl.errors import UsageProblem
from promptdsl.methods import METHODS
from promptdsl.plan.expand import ExpandedPrompt, expand
from promptdsl.plan.listing import Listed, Sources, as_csv, as_json, by_state
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec, Phrase

EPILOG = """\b
Examples:
  promptdsl prompts nut.inspect
  promptdsl prompts nut.inspect --defect scratch
  promptdsl prompts nut.inspect --count
  promptdsl prompts nut.inspect --format csv > prompts.csv
"""


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
        write_machines(as_json(chosen, compilation.sources, count))
    elif form == "csv":
        write_machines(as_csv(chosen, compilation.sources, count))
    else:
        lines = _counts(chosen) if count else _listing(chosen, compilation.sources)
        write_people("".join(f"{line}\n" for line in lines))


def _choose(
    objects: tuple[ObjectSpec, ...], name: str | None, label: str | None, defect: str | None
) -> Listed:
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


def _listing(chosen: Listed, sources: Sources) -> Iterator[str]:
    for index, (item, prompts) in enumerate(chosen):
        if index:
            yield ""
        yield _heading(item, prompts)
        for (name, phrase), group in groupby(prompts, key=lambda p: (p.state, p.phrase)):
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


def _counts(chosen: Listed) -> Iterator[str]:
    for index, (item, prompts) in enumerate(chosen):
        if index:
            yield ""
        yield _heading(item, prompts)
        rows = [
            (name, len(group) // len(item.templates), len(group))
            for name, group in by_state(prompts).items()
        ]
        width = max((len(name) for name, _, _ in rows), default=0)
        for name, phrases, total in rows:
            templates = counted(total // phrases, "template")
            yield f"  {name:<{width}}  {counted(phrases, 'phrase')} x {templates} = {total:,}"


def _origin(phrase: Phrase, sources: Sources) -> str:
    """Where a phrase was written, and the line that included it."""
    place = _line_of(phrase.span, sources)
    if phrase.site == phrase.span:
        return place
    return f"{place}, by {_line_of(phrase.site, sources)}"


def _line_of(span: Span, sources: Sources) -> str:
    return f"{harmless(span.file)}:{sources[span.file].position(span.start).line}"
