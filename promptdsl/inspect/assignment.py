"""Which object each picture shows.

A spec with one object needs nothing; `--object NAME` decides for all. Otherwise a picture belongs
to the object that the nearest folder of its path is named after.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

from promptdsl.errors import UsageProblem
from promptdsl.inspect.inspection import Job
from promptdsl.plan.model import ObjectPlan, Plan


def assign(pictures: Sequence[str], plan: Plan, chosen: str | None) -> list[Job]:
    """Jobs, object by object in the order of the spec; UsageProblem where it is not clear."""
    names = [item.name for item in plan.objects]
    if chosen is not None and chosen not in names:
        raise UsageProblem(
            f"--object {chosen}: {plan.spec} has no object of that name", f"it has {_listed(names)}"
        )
    if not names:
        raise UsageProblem(f"{plan.spec}: there is no object in it to inspect")
    only = chosen or (names[0] if len(names) == 1 else None)
    jobs = [Job(picture, only or _by_folder(picture, names, plan)) for picture in pictures]
    return sorted(jobs, key=lambda job: names.index(job.object))


def objects_of(jobs: Sequence[Job], plan: Plan) -> list[ObjectPlan]:
    """The plan's objects that occur in the jobs, in the order of the spec."""
    present = {job.object for job in jobs}
    return [item for item in plan.objects if item.name in present]


def _by_folder(picture: str, names: Sequence[str], plan: Plan) -> str:
    for folder in reversed(PurePosixPath(picture).parent.parts):
        if folder in names:
            return folder
    raise UsageProblem(
        f"{picture}: {plan.spec} has {len(names)} objects ({_listed(names)}), and this picture is "
        "in no folder named after one",
        "choose with --object NAME, or sort the pictures into folders with those names",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
