"""The spec behind a job, with the places where its words were written."""

from pathlib import Path

from promptdsl.errors import SpecProblem
from promptdsl.evaluate.run import Job, SpecInUse
from promptdsl.pipeline import Compilation, compile_file
from promptdsl.source import SourceFile
from promptdsl.spec import ObjectSpec


def compiled(spec: SpecInUse, allow: tuple[Path, ...] = ()) -> Compilation:
    """The compilation that gave the plan, so that an edit meanwhile changes nothing."""
    known = spec.compilation
    return known if isinstance(known, Compilation) else compile_file(spec.path, allow=allow)


def object_of(job: Job, allow: tuple[Path, ...] = ()) -> tuple[ObjectSpec, dict[str, SourceFile]]:
    """The object that a job judges, and every file of its spec."""
    compilation = compiled(job.spec, allow)
    objects = compilation.spec.objects if compilation.spec is not None else ()
    for item in objects:
        if item.name == job.item.name:
            return item, compilation.sources
    raise SpecProblem(f"{job.spec.path} was changed while it was read: {job.item.name} is gone")
