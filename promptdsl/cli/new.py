"""`promptdsl new`: a first spec, by options or by questions on a terminal."""

import re
import sys
from pathlib import Path

import click

from promptdsl.cli.questions import ask
from promptdsl.cli.shared.specs import verdict
from promptdsl.cli.shown.terminal import tell_note, write_people
from promptdsl.errors import UsageProblem
from promptdsl.files.naming import command_line
from promptdsl.starter.words import (
    MAX_WORDS_LENGTH,
    fault_of,
    name_for,
    phrases_for,
    several,
    tidy,
)
from promptdsl.starter.write import MODELS, SUFFIX, Answers, write_first_spec

EPILOG = """\b
Examples:
  promptdsl new
  promptdsl new nut.inspect --object "metal nut" --defect "scratch, bent"
  promptdsl new nut.inspect --object "metal nut" --defect scratch \\
      --good samples/good --defect-pictures scratch=samples/scratch
"""


@click.command("new", epilog=EPILOG)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--object", "called", metavar="WORDS", help="What is inspected, in plain words.")
@click.option(
    "--defect",
    "defects",
    multiple=True,
    metavar="WORDS",
    help="A defect, or several with commas between; repeatable.",
)
@click.option("--good", metavar="FOLDER", help="Pictures of good parts, to test with.")
@click.option(
    "--defect-pictures",
    multiple=True,
    metavar="DEFECT=FOLDER",
    help="Pictures of a defect, to test with; repeatable.",
)
@click.option("--references", metavar="FOLDER", help="Other good parts, to compare with.")
@click.option("--model", type=click.Choice(list(MODELS)), help="The CLIP model underneath.")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def command(
    file: Path | None,
    called: str | None,
    defects: tuple[str, ...],
    good: str | None,
    defect_pictures: tuple[str, ...],
    references: str | None,
    model: str | None,
    force: bool,
) -> None:
    """Write a first spec with comments, ready for check, prompts and run.

    With --object and --defect it asks nothing. Without one of them it asks on a terminal for what
    the options leave open, and elsewhere ends. Without FILE the spec is named after the object.
    """
    if file is not None:
        file = _checked(file, force)
    given = Answers(
        called=tidy(called) if called is not None else None,
        defects=tuple((words, phrases_for(words)) for typed in defects for words in several(typed)),
        good=good,
        defect_pictures=_pairs(defect_pictures),
        references=references,
        model=model,
    )
    _check_words(given)
    _tell_changes(called, given.called)
    for typed in defects:
        _tell_changes(typed, *several(typed))
    answers = given
    if given.called is None or not given.defects:
        if sys.stdin.isatty() and sys.stdout.isatty():
            answers = ask(given, file, force)
        else:
            raise UsageProblem(
                "there is no terminal for questions: --object and at least one --defect are needed",
                'promptdsl new nut.inspect --object "metal nut" --defect scratch',
            )
    assert answers.called is not None
    name = name_for(answers.called, "part") + SUFFIX
    path = answers.file or file or _checked(Path(name), force)
    compilation = write_first_spec(answers, path, overwrite=force)
    write_people(f"wrote {verdict(compilation)}\n")
    for warning in compilation.report.warnings:
        tell_note(warning.message)
    for note in compilation.notes:
        tell_note(note)
    tell_note(command_line("prompts", path), "next")


def _checked(file: Path, force: bool) -> Path:
    """The path with its suffix, free to be written."""
    path = file.with_name(file.name + SUFFIX) if not file.suffix else file
    if path.suffix != SUFFIX:
        raise UsageProblem(f"a spec's name ends in {SUFFIX}", f"write {path.stem}{SUFFIX}")
    if not path.parent.is_dir():
        raise UsageProblem(f"there is no folder {path.parent}", "make it first")
    if path.is_dir():
        raise UsageProblem(f"{path} is a folder", f"name a file in it: {path / 'nut.inspect'}")
    if path.exists() and not force:
        raise UsageProblem(f"{path} exists already", "use another name, or --force to replace it")
    return path


def _tell_changes(typed: str | None, *taken: str | None) -> None:
    """Say what was made of an option, where more than case, spaces and articles changed."""
    if typed is None or _letters(typed) == _letters(" ".join(words or "" for words in taken)):
        return
    shown = " and ".join(f'"{words}"' for words in taken)
    tell_note(f"{typed!r} is taken as {shown}")


def _letters(words: str) -> str:
    """What is left of words when case, spaces, commas, articles and `and` do not count."""
    return re.sub(r"\b(?:the|an?|and|or)\s|[\s,;]", "", words.strip().lower())


def _pairs(written: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in written:
        defect, sign, folder = pair.partition("=")
        if not sign or not defect.strip() or not folder.strip():
            raise UsageProblem(
                f"--defect-pictures {pair} has another form than DEFECT=FOLDER",
                "write for example --defect-pictures scratch=samples/scratch",
            )
        found[name_for(tidy(defect), "defect")] = folder.strip()
    return found


def _check_words(given: Answers) -> None:
    """Options are not asked again, so they must be right."""
    said = [("--object", given.called)] if given.called is not None else []
    for option, words in [*said, *(("--defect", words) for words, _ in given.defects)]:
        match fault_of(words):
            case "empty":
                raise UsageProblem(f"{option} is empty", "say it in plain words")
            case "long":
                raise UsageProblem(
                    f"{option} is longer than {MAX_WORDS_LENGTH} characters",
                    "say it in a few words",
                )
            case "letters":
                raise UsageProblem(
                    f"{option} {words} has no letters", "the model reads English words: use some"
                )
    names = [name_for(words, "defect") for words, _ in given.defects]
    for name in given.defect_pictures:
        if given.defects and name not in names:
            raise UsageProblem(
                f"--defect-pictures names {name}, and no --defect does",
                f"the defects are {', '.join(names)}",
            )
