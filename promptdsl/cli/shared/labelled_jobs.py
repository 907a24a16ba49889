"""How a command opens what it judges: spec and lock, labelled pictures, device, cache, progress."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from promptdsl.cli.shared.specs import compile_faultless
from promptdsl.cli.shown.terminal import tell_note
from promptdsl.errors import UsageProblem
from promptdsl.evaluate.asked import Asked
from promptdsl.files.advice import instead_of

if TYPE_CHECKING:
    from promptdsl.evaluate.jobs import Job, SpecInUse
    from promptdsl.evaluate.work import Work
    from promptdsl.lock.model import Lock


def open_spec(
    name: str, allow: tuple[Path, ...] = (), *, lock: "Callable[[Path], Lock | None] | None" = None
) -> "SpecInUse":
    """Compile a spec and read the lock beside it, with `lock` where that is another way."""
    from promptdsl.cli.shared.locks import open_lock
    from promptdsl.evaluate.jobs import SpecInUse

    path = Path(name)
    if not path.is_file():
        raise UsageProblem(f"{name}: there is no such spec", instead_of(name))
    compilation = compile_faultless(name, allow)
    if not compilation.plan().objects:
        raise UsageProblem(f"{name} holds lists and no object, so there is nothing to judge")
    return SpecInUse(path, compilation, (lock or open_lock)(path))


def find_jobs(asked: Asked) -> "tuple[list[Job], str | None]":
    """The objects to judge with their pictures, and the data set's name where they are one's."""
    from promptdsl.evaluate.jobs import find_jobs

    return find_jobs(asked, partial(open_spec, allow=asked.allow))


@contextmanager
def open_work(
    device: str,
    precision: str,
    *,
    first: str = "loading",
    no_cache: bool = False,
    quiet: bool = False,
) -> "Iterator[Work]":
    """The device, the cache, and a bar while the work goes on."""
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.engine.device import choose_compute
    from promptdsl.evaluate.work import Work
    from promptdsl.scoring.feature_cache import open_feature_cache

    with Progress(first, quiet=quiet) as progress:
        compute = choose_compute(device, precision)
        yield Work(compute, None if no_cache else open_feature_cache(), progress)


def tell_of_pictures(notes: Iterable[str], problems: Iterable[str]) -> None:
    """What must be known of the pictures, and which of them could not be used."""
    for note in notes:
        tell_note(note, "warning")
    for problem in problems:
        tell_note(problem, "problem")
