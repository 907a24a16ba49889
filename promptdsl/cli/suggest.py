"""`promptdsl suggest`: words to add and to remove, as a patch that nobody applies but you."""

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptdsl.cli.shared.labelled_jobs import find_jobs
from promptdsl.cli.shared.options import (
    ALLOW,
    NO_CACHE,
    Asked,
    compute_options,
    format_option,
    out_option,
    picture_options,
    quiet_option,
    seed_option,
)
from promptdsl.cli.shown.terminal import say, tell_note, write_machines
from promptdsl.errors import SpecProblem, UsageProblem
from promptdsl.files.naming import shown

if TYPE_CHECKING:
    from promptdsl.evaluate.run import Job
    from promptdsl.evaluate.words.effects import Change
    from promptdsl.evaluate.words.suggest import Suggestion

EPILOG = """\b
Examples:
  promptdsl suggest nut.inspect > nut.patch
  patch -p1 < nut.patch
  promptdsl suggest nut.inspect --good held_out/good --defect scratch=held_out/scratch

\b
The patch goes to standard output, everything else to standard error. Nothing is edited.

\b
Exit codes:
  0  done, with or without a patch
  1  the spec has errors
  2  wrong use of the command, too few pictures
  3  a picture could not be used, or weights, device or disk failed
"""


@click.command("suggest", epilog=EPILOG, short_help="Propose words, as a patch.")
@click.argument("spec", type=click.Path(dir_okay=False))
@picture_options
@click.option(
    "--most",
    type=click.IntRange(1, 50),
    default=6,
    show_default=True,
    metavar="N",
    help="Steps at most; a step adds or removes one phrase.",
)
@seed_option("Decides which half of the pictures is searched on.")
@out_option("File for the patch.", None, dir_okay=False)
@compute_options
@NO_CACHE
@format_option(help="text: the patch alone; json: the steps and the patch.")
@quiet_option("No progress and no remarks.")
@ALLOW
def command(
    asked: Asked,
    most: int,
    seed: int,
    out: Path | None,
    device: str,
    precision: str,
    no_cache: bool,
    form: str,
    quiet: bool,
) -> int:
    """Search for words that tell good from defective better, and print them as a patch.

    The search adds phrases out of std/states and removes phrases of the spec. It uses half of the
    pictures; the other half judges what it found, and only what is better there too is proposed.
    """
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.engine.device import choose_compute
    from promptdsl.evaluate.words.evidence import cache_or_temporary, gather
    from promptdsl.evaluate.words.sources import object_of
    from promptdsl.evaluate.words.suggest import suggest
    from promptdsl.evaluate.words.units import Places
    from promptdsl.files.owned import refuse_inputs_as_output, refuse_other_content
    from promptdsl.scoring.feature_cache import open_feature_cache

    started = time.perf_counter()
    jobs, _ = find_jobs(asked)
    if len(jobs) > 1:
        names = ", ".join(job.name for job in jobs)
        raise UsageProblem(
            f"{asked.spec} has samples of {len(jobs)} objects ({names})",
            "a patch is about one of them: --object NAME",
        )
    job = jobs[0]
    if out is not None:
        refuse_inputs_as_output(out, [job.spec.path])
        refuse_other_content(out, "promptdsl suggest", lambda content: content[:4] == b"--- ")
    with Progress(quiet=quiet) as progress:
        compute = choose_compute(device, precision)
        with cache_or_temporary(None if no_cache else open_feature_cache()) as cache:
            item, sources = object_of(job, asked.allow)
            evidence = gather(job, item, compute, cache, progress)
            found = suggest(evidence, progress, most=most, seed=seed, places=Places(sources))
    if not quiet:
        _tell(found)
    patch = _patch(job, found, asked.allow) if found.better else ""
    if out is not None and patch:
        _write(out, patch)
    if form == "json":
        seconds = time.perf_counter() - started
        write_machines(json.dumps(_described(found, patch, seed, seconds), indent=2) + "\n")
    elif out is None:
        write_machines(patch)
    for note in evidence.sample.notes:
        tell_note(note, "warning")
    for problem in evidence.sample.problems:
        tell_note(problem, "problem")
    return 3 if evidence.sample.problems else 0


def _patch(job: "Job", found: "Suggestion", allow: tuple[Path, ...]) -> str:
    """The unified diff, of text that the checker accepts."""
    from promptdsl.evaluate.words.patch import reword, unified
    from promptdsl.files.hashing import hash_bytes
    from promptdsl.files.opening import read_regular
    from promptdsl.pipeline import compile_text
    from promptdsl.source import MAX_BYTES

    path = job.spec.path
    content = read_regular(path, MAX_BYTES)
    if hash_bytes(content) != job.spec.sha256:
        raise SpecProblem(
            f"{path} was changed while words were searched for",
            "run the command again: the steps above are about the file as it was",
        )
    before = content.decode("utf-8")
    mark = "\ufeff" if before.startswith("\ufeff") else ""
    after = mark + reword(before.removeprefix(mark), found.evidence.item, found.rewordings)
    compiled = compile_text(
        after.removeprefix(mark), str(path), folder=path.parent.absolute(), allow=allow
    )
    if not compiled.ok:
        first = compiled.report.errors[0].message
        raise SpecProblem(
            f"{path}: its layout is one that no patch can be written for ({first})",
            "edit it by hand: the steps above say which words; promptdsl fmt may make it simpler",
        )
    return unified(before, after, _from_here(path))


def _from_here(path: Path) -> str:
    """Relative to the current folder where it lies below it, else the name alone."""
    relative = os.path.relpath(path)
    return path.name if relative.startswith("..") else Path(relative).as_posix()


def _write(out: Path, patch: str) -> None:
    from promptdsl.files.writing import disk_told_plainly, write_atomically

    with disk_told_plainly(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, patch.encode())


def _tell(found: "Suggestion") -> None:
    """The steps and the judgement, to people."""
    job = found.evidence.job
    say(f"{shown(job.name)}: {found.separation.line}", err=True)
    if found.untouched:
        say(
            f"  no words of {', '.join(found.untouched)} may be removed: where scores do not tell "
            "good from bad, the words of a real defect look harmful",
            err=True,
        )
    say(
        f"{shown(job.name)}: searched on {found.searched} pictures, {found.tried} words to try, "
        f"judged by {found.judged} others",
        err=True,
    )
    for step in found.steps:
        say(
            f'  {step.action:6} {step.group}: "{shown(step.phrase)}" ({shown(step.source)}): '
            f"image AUROC {in_words(step.auroc)}, margin {in_words(step.margin, 2)}",
            err=True,
        )
    if not found.steps:
        say("no word was found that helps when added or removed", err=True)
        return
    changes = found.changes
    say(
        f"on the others: image AUROC {in_words(changes['auroc'])}, "
        f"margin {in_words(changes['margin'], 2)}",
        err=True,
    )
    if not found.better:
        say(
            "that does not hold on pictures that were not searched on"
            + (f" ({found.because} falls)" if found.worse_for is not None else "")
            + ", so nothing is proposed",
            err=True,
        )


def in_words(change: "Change", digits: int = 4) -> str:
    """`+0.0120 (+0.0031 to +0.0200)`."""
    low, high = change.interval.low, change.interval.high
    return f"{change.value:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def _described(found: "Suggestion", patch: str, seed: int, seconds: float) -> dict[str, Any]:
    from promptdsl.evaluate.separation import describe_separation

    job = found.evidence.job
    return {
        "format": 1,
        "object": job.item.name,
        "spec": job.spec.path.as_posix(),
        "seed": seed,
        "seconds": round(seconds, 3),
        "searched_on": found.searched,
        "judged_by": found.judged,
        "tried": found.tried,
        "separation": describe_separation(found.separation),
        "nothing_removed_from": list(found.untouched),
        "proposed": found.better,
        "decided_by": found.because or None,
        "steps": [
            {
                "action": step.action,
                "group": step.group,
                "phrase": step.phrase,
                "source": step.source,
                "auroc": _change(step.auroc),
                "margin": _change(step.margin),
            }
            for step in found.steps
        ],
        "on_the_others": {name: _change(change) for name, change in found.changes.items()},
        "patch": patch or None,
    }


def _change(change: "Change") -> dict[str, Any]:
    return {"change": change.value, "interval": [change.interval.low, change.interval.high]}
