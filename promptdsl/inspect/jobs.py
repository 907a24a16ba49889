"""What is to be inspected: pictures of all kinds, and which object each of them shows.

A spec with one object needs nothing; a choice of one decides for all. Otherwise a picture belongs
to the object that the nearest folder of its path is named after.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptdsl.errors import UsageProblem
from promptdsl.files.hashing import hash_bytes
from promptdsl.pictures.intensity import Intensity
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import Picture, Whole, picture_of, whole_of
from promptdsl.plan.model import ObjectPlan, Plan
from promptdsl.scoring.decoding import Reads

COMMAND_LINE = "--object "  # how an object is chosen there
Given = str | os.PathLike[str] | Image.Image | npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Job:
    """A picture to inspect as an object; `read` gives the pixels of one that is no file."""

    image: str
    object: str
    read: Reads | None = None


def assign(
    pictures: Sequence[str], plan: Plan, chosen: str | None, option: str = COMMAND_LINE
) -> list[Job]:
    """Jobs, object by object in the order of the spec; UsageProblem where it is not clear."""
    only = only_object(plan, chosen, option)
    jobs = [Job(picture, only or _object_of(picture, plan, option)) for picture in pictures]
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


def objects_of(jobs: Sequence[Job], plan: Plan) -> list[ObjectPlan]:
    """The plan's objects that occur in the jobs, in the order of the spec."""
    present = {job.object for job in jobs}
    return [item for item in plan.objects if item.name in present]


def job_of(given: Given, plan: Plan, only: str | None, option: str) -> Job:
    """What is to be done; a picture that cannot be taken says so when it is read."""
    image = os.fsdecode(given) if isinstance(given, str | os.PathLike) else ""
    read: Reads | None = None if image else partial(_read, _kept(given))
    if image and not os.path.lexists(image):
        read = partial(_refuse, "there is no such file")
    try:
        path = Path(image).as_posix() if image else ""
        return Job(image, only or _object_of(path, plan, option), read)
    except UsageProblem as problem:
        sentence = f"{problem.sentence.removeprefix(f'{image}: ')}; {problem.help}"
        return Job(image, plan.objects[0].name, partial(_refuse, sentence))


def _object_of(picture: str, plan: Plan, option: str) -> str:
    names = [item.name for item in plan.objects]
    for folder in reversed(PurePosixPath(picture).parent.parts):
        if folder in names:
            return folder
    several = f"{plan.spec} has {len(names)} objects ({', '.join(names)}), and"
    if not picture:
        raise UsageProblem(
            f"{several} a picture in memory lies in no folder named after one",
            f"choose with {option}NAME",
        )
    raise UsageProblem(
        f"{picture}: {several} this picture is in no folder named after one",
        f"choose with {option}NAME, or sort the pictures into folders with those names",
    )


def _kept(given: object) -> object:
    """Arrays are copied: a camera may write its next picture into the same one."""
    return given.copy() if isinstance(given, np.ndarray) else given


def _read(
    given: object, size: tuple[int, int] | None, intensity: Intensity | None
) -> Picture | Whole:
    """A picture in memory at the detector's size, or at its own where there is none."""
    if not isinstance(given, Image.Image | np.ndarray):
        raise PictureError(
            f"an object of the type {type(given).__name__} is no picture: give a path, a PIL image "
            "or an array of uint8"
        )
    read = whole_of(given, intensity) if size is None else picture_of(given, size, intensity)
    return replace(read, sha256=hash_bytes(given.tobytes()))


def _refuse(sentence: str, size: object, intensity: object) -> Picture:
    raise PictureError(sentence)
