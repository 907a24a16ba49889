"""Which object each picture shows.

A spec with one object needs nothing; a choice of one decides for all. Otherwise a picture belongs
to the object that the nearest folder of its path is named after.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from promptdsl.errors import UsageProblem
from promptdsl.pictures.reading import Picture
from promptdsl.plan.model import ObjectPlan, Plan

COMMAND_LINE = "--object "  # how an object is chosen there


@dataclass(frozen=True, slots=True)
class Job:
    """A picture to inspect as an object; `read` gives the pixels of one that is no file."""

    image: str
    object: str
    read: Callable[[tuple[int, int]], Picture] | None = None


def assign(
    pictures: Sequence[str], plan: Plan, chosen: str | None, option: str = COMMAND_LINE
) -> list[Job]:
    """Jobs, object by object in the order of the spec; UsageProblem where it is not clear."""
    only = only_object(plan, chosen, option)
    jobs = [Job(picture, only or object_of(picture, plan, option)) for picture in pictures]
    names = [item.name for item in plan.objects]
    return sorted(jobs, key=lambda job: names.index(job.object))


def only_object(plan: Plan, chosen: str | None, option: str) -> str | None:
    """The object that all pictures show; None where the folder of each decides."""
    names = [item.name for item in plan.objects]
    if chosen is not None and chosen not in names:
        raise UsageProblem(
            f"{option}{chosen}: {plan.spec} has no object of that name",
            f"it has {', '.join(names)}",
        )
    if not names:
        raise UsageProblem(f"{plan.spec}: there is no object in it to inspect")
    return chosen or (names[0] if len(names) == 1 else None)


def object_of(picture: str, plan: Plan, option: str) -> str:
    """The object that the nearest folder of a picture's path is named after."""
    names = [item.name for item in plan.objects]
    for folder in reversed(PurePosixPath(picture).parent.parts):
        if folder in names:
            return folder
    raise UsageProblem(
        f"{picture}: {plan.spec} has {len(names)} objects ({', '.join(names)}), and this picture "
        "is in no folder named after one",
        f"choose with {option}NAME, or sort the pictures into folders with those names",
    )


def objects_of(jobs: Sequence[Job], plan: Plan) -> list[ObjectPlan]:
    """The plan's objects that occur in the jobs, in the order of the spec."""
    present = {job.object for job in jobs}
    return [item for item in plan.objects if item.name in present]
