"""From answers to a file that `promptdsl check` accepts."""

from dataclasses import dataclass, field
from pathlib import Path

from promptdsl.errors import SpecProblem, UsageProblem
from promptdsl.files.writing import write_file
from promptdsl.language.format import format_source
from promptdsl.pipeline import Compilation, compile_text
from promptdsl.source import SourceFile
from promptdsl.starter.pictures import count_of, patterns_for
from promptdsl.starter.text import (
    BUILTIN,
    DEFAULT_SHOTS,
    FULL,
    Starter,
    StarterDefect,
    write_starter,
)
from promptdsl.starter.words import name_for

SUFFIX = ".inspect"
MODELS = {"promptdsl-mini": BUILTIN, "ViT-B-16-plus-240": FULL}
Defect = tuple[str, tuple[str, ...]]  # in plain words, its phrases


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known so far; None and empty are still open."""

    called: str | None = None
    defects: tuple[Defect, ...] = ()
    good: str | None = None  # folders
    defect_pictures: dict[str, str] = field(default_factory=dict)
    references: str | None = None
    model: str | None = None
    file: Path | None = None


def write_first_spec(answers: Answers, path: Path, *, overwrite: bool) -> Compilation:
    """Write the spec and give what it compiles to. SpecProblem, and no file, where it is wrong."""
    starter = _starter(answers, path.parent)
    text = format_source(SourceFile(str(path), write_starter(starter))).text or ""
    compilation = compile_text(text, str(path), folder=path.parent)
    if not compilation.ok:
        fault = next(iter(compilation.report.errors), None)
        raise SpecProblem(
            "these answers do not make a spec that is free of errors"
            + (f": {fault.message}" if fault else ""),
            fault.help if fault and fault.help else "use plainer words, and tell the authors",
        )
    write_file(path, text.encode(), overwrite=overwrite)
    return compilation


def _starter(answers: Answers, folder: Path) -> Starter:
    assert answers.called is not None
    named = {name_for(words, "defect"): phrases for words, phrases in reversed(answers.defects)}
    defects = tuple(
        StarterDefect(name, phrases, patterns_for(answers.defect_pictures.get(name), folder))
        for name, phrases in reversed(named.items())
    )
    good = patterns_for(answers.good, folder)
    references = patterns_for(answers.references, folder)
    if set(good) & set(references):
        raise UsageProblem(
            "--good and --references are the same folder, and a picture cannot be both",
            "put a few good parts into a folder of their own",
        )
    model = MODELS[answers.model] if answers.model else FULL
    shots = min(DEFAULT_SHOTS, count_of(references, folder)) if references else DEFAULT_SHOTS
    name = name_for(answers.called, "part")
    return Starter(name, answers.called, defects, model, good, references, shots)
