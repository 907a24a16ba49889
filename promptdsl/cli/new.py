"""`promptdsl new`: a first spec, by questions on a terminal and by options elsewhere."""

import re
import sys
from pathlib import Path

import click

from promptdsl.cli.first_spec.pictures_near import PictureFolderProblem, count_of, patterns_for
from promptdsl.cli.first_spec.questions import Answers, ask
from promptdsl.cli.first_spec.starter import (
    BUILTIN,
    DEFAULT_SHOTS,
    FULL,
    Starter,
    StarterDefect,
    write_starter,
)
from promptdsl.cli.shared.specs import verdict
from promptdsl.cli.shown.terminal import tell_note, write_people
from promptdsl.cli.shown.wording import MAX_WORDS_LENGTH, name_for, phrases_for, several, tidy
from promptdsl.errors import SpecProblem, UsageProblem
from promptdsl.files.naming import command_line
from promptdsl.files.writing import write_file
from promptdsl.language.format import format_source
from promptdsl.pipeline import compile_text
from promptdsl.source import SourceFile

EPILOG = """\b
Examples:
  promptdsl new
  promptdsl new nut.inspect --object "metal nut" --defect scratch --defect "bent tooth"
  promptdsl new nut.inspect --object "metal nut" --defect scratch \\
      --good samples/good --defect-pictures scratch=samples/scratch
"""
SUFFIX = ".inspect"
MODELS = {"promptdsl-mini": BUILTIN, "ViT-B-16-plus-240": FULL}


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

    On a terminal it asks for what the options leave open; elsewhere --object and --defect are
    needed. Without FILE the spec is named after the object.
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
    if sys.stdin.isatty() and sys.stdout.isatty():
        answers = ask(given, file, force)
    elif given.called is None or not given.defects:
        raise UsageProblem(
            "there is no terminal for questions: --object and at least one --defect are needed",
            'promptdsl new nut.inspect --object "metal nut" --defect scratch',
        )
    path = answers.file or file or _checked(Path(_name(answers) + SUFFIX), force)
    _write(path, _starter(answers, path), force)


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
    for option, words in [("--object", given.called)] + [("--defect", w) for w, _ in given.defects]:
        if words == "":
            raise UsageProblem(f"{option} is empty", "say it in plain words")
        if words is not None and len(words) > MAX_WORDS_LENGTH:
            raise UsageProblem(
                f"{option} is longer than {MAX_WORDS_LENGTH} characters", "say it in a few words"
            )
        if words is not None and not any(character.isalpha() for character in words):
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


def _name(answers: Answers) -> str:
    assert answers.called is not None
    return name_for(answers.called, "part")


def _starter(answers: Answers, path: Path) -> Starter:
    assert answers.called is not None
    folder = path.parent
    named = {name_for(words, "defect"): phrases for words, phrases in reversed(answers.defects)}
    try:
        defects = tuple(
            StarterDefect(name, phrases, patterns_for(answers.defect_pictures.get(name), folder))
            for name, phrases in reversed(named.items())
        )
        good = patterns_for(answers.good, folder)
        references = patterns_for(answers.references, folder)
    except PictureFolderProblem as problem:
        raise UsageProblem(problem.sentence, problem.help) from None
    if set(good) & set(references):
        raise UsageProblem(
            "--good and --references are the same folder, and a picture cannot be both",
            "put a few good parts into a folder of their own",
        )
    model = MODELS[answers.model] if answers.model else FULL
    shots = min(DEFAULT_SHOTS, count_of(references, folder)) if references else DEFAULT_SHOTS
    return Starter(_name(answers), answers.called, defects, model, good, references, shots)


def _write(path: Path, starter: Starter, force: bool) -> None:
    """Compile what would be written first: a starter that `check` refuses must not be written."""
    formatted = format_source(SourceFile(str(path), write_starter(starter)))
    text = formatted.text or ""
    compilation = compile_text(text, str(path), folder=path.parent)
    if not compilation.ok:
        fault = next(iter(compilation.report.errors), None)
        raise SpecProblem(
            "these answers do not make a spec that is free of errors"
            + (f": {fault.message}" if fault else ""),
            fault.help if fault and fault.help else "use plainer words, and tell the authors",
        )
    write_file(path, text.encode(), overwrite=force)
    write_people(f"wrote {verdict(compilation)}\n")
    for warning in compilation.report.warnings:
        tell_note(warning.message)
    tell_note(command_line("prompts", path), "next")
