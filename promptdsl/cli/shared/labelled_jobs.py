"""Options that say which labelled pictures to judge, and the jobs that they make."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptdsl.cli.shared.options import Asked
from promptdsl.cli.shared.specs import compile_faultless
from promptdsl.errors import UsageProblem
from promptdsl.methods import find_method
from promptdsl.resources import resource_folder

if TYPE_CHECKING:
    from promptdsl.evaluate.datasets.model import Category, Dataset
    from promptdsl.evaluate.run import Job, SpecInUse
    from promptdsl.lock.model import Lock
    from promptdsl.plan.model import ObjectPlan


def find_jobs(asked: Asked, opened: "SpecInUse | None" = None) -> "tuple[list[Job], str | None]":
    """The objects to judge with their pictures, and the layout where they are a data set's.

    `opened` is the spec, where it was opened before.
    """
    folders = bool(asked.good or asked.defects)
    sources = [asked.mvtec is not None, asked.visa is not None, asked.data is not None, folders]
    if sum(sources) > 1:
        raise UsageProblem(
            "--good and --defect, --mvtec, --visa and --data exclude each other",
            "choose one source of pictures",
        )
    _refuse_lonely_options(asked, folders)
    if asked.root is not None:
        return _dataset_jobs(asked, *asked.root)
    if asked.spec is None:
        raise UsageProblem(
            "say which SPEC to judge", "only --mvtec and --visa bring specs of their own"
        )
    spec = opened or open_spec(asked.spec, asked.allow)
    if folders:
        return [_folder_job(spec, asked)], None
    return _sample_jobs(spec, asked.object_name), None


def _refuse_lonely_options(asked: Asked, folders: bool) -> None:
    if asked.masks is not None and not asked.defects:
        raise UsageProblem("--masks belongs to --defect NAME=DIR")
    if asked.root is None and (asked.categories or asked.shots is not None):
        option = "--category" if asked.categories else "--shots"
        raise UsageProblem(f"{option} belongs to a data set", "name it: --mvtec ROOT, --visa ROOT")
    if folders and not asked.good:
        raise UsageProblem(
            "--defect without --good: without good parts nothing is known about false rejects",
            "add --good DIR",
        )


def open_spec(
    name: str, allow: tuple[Path, ...] = (), *, lock: "Callable[[Path], Lock | None] | None" = None
) -> "SpecInUse":
    """Compile a spec and read the lock beside it, with `lock` where that is another way."""
    from promptdsl.cli.shared.locks import open_lock
    from promptdsl.evaluate.run import SpecInUse

    path = Path(name)
    if not path.is_file():
        raise UsageProblem(f"{name}: there is no such spec")
    compilation = compile_faultless(name, allow)
    plan = compilation.plan()
    if not plan.objects:
        raise UsageProblem(f"{name} holds lists and no object, so there is nothing to judge")
    return SpecInUse(path, plan, compilation.sha256, (lock or open_lock)(path), compilation)


def choose_object(spec: "SpecInUse", name: str | None) -> "ObjectPlan":
    """The object of that name, or the only one."""
    from promptdsl.diagnostics.nearest import did_you_mean

    objects = {item.name: item for item in spec.plan.objects}
    if name is None and len(objects) == 1:
        return next(iter(objects.values()))
    if name is None:
        raise UsageProblem(
            f"{spec.path} has {len(objects)} objects ({', '.join(objects)})",
            "say which one these pictures show: --object NAME",
        )
    if name not in objects:
        hint = did_you_mean(name, objects) or f"it has {', '.join(objects)}"
        raise UsageProblem(f"--object {name}: {spec.path} has no object of that name", hint)
    return objects[name]


def _folder_job(spec: "SpecInUse", asked: Asked) -> "Job":
    from promptdsl.evaluate.labelled import from_folders
    from promptdsl.evaluate.run import Job

    item = choose_object(spec, asked.object_name)
    sample = from_folders(asked.good, asked.defects, asked.masks, item.defects)
    return Job(item.name, spec, item, sample)


def _sample_jobs(spec: "SpecInUse", name: str | None) -> "list[Job]":
    from promptdsl.evaluate.labelled import from_spec
    from promptdsl.evaluate.run import Job

    objects = spec.plan.objects if name is None else (choose_object(spec, name),)
    jobs = [Job(o.name, spec, o, from_spec(o, spec.path)) for o in objects if o.samples]
    if not jobs:
        names = ", ".join(item.name for item in objects)
        raise UsageProblem(
            f"{spec.path}: {names} has no samples to judge it by",
            'add samples good { images: "..." } to the spec, or name folders: '
            "--good DIR --defect NAME=DIR",
        )
    return jobs


def _dataset_jobs(asked: Asked, root: Path, layout: Any) -> "tuple[list[Job], str]":
    from promptdsl.evaluate.datasets.read import read_dataset
    from promptdsl.evaluate.labelled import from_category
    from promptdsl.evaluate.run import Job

    given = None if asked.spec is None else open_spec(asked.spec, asked.allow)
    wanted = asked.categories or None
    if wanted is None and asked.object_name is not None:
        wanted = (asked.object_name,)
    dataset = read_dataset(root, layout, wanted)
    # A tree in MVTec AD's shape can be anything, but --visa is VisA in whatever shape it came.
    named = "visa" if asked.visa is not None else "mvtec" if asked.mvtec is not None else "plain"
    jobs: list[Job] = []
    chosen = _chosen(dataset, given, asked)
    for category in chosen:
        spec = given or _ready_spec(named, category.name, root)
        item = _object_for(spec, category.name, asked)
        if asked.shots is not None:
            _check_shots(item)
            item = _with_shots(item, category, asked.shots)
        first = category is chosen[0]  # what concerns the whole set is told once
        sample = from_category(category, dataset if first else None)
        jobs.append(Job(category.name, spec, item, sample))
    return jobs, named


def _check_shots(item: "ObjectPlan") -> None:
    method = find_method(item.method.name)
    if method is not None and not method.few_shot:
        raise UsageProblem(
            f"--shots: {method.name} compares with no references", "leave --shots out"
        )


def _chosen(dataset: "Dataset", given: "SpecInUse | None", asked: Asked) -> "Sequence[Category]":
    """With a spec and without --category: the categories that the spec has objects for."""
    if given is None or asked.categories:
        return dataset.categories
    names = {item.name for item in given.plan.objects}
    found = [category for category in dataset.categories if category.name in names]
    if not found and len(dataset.categories) == 1 and len(names) == 1:
        return dataset.categories
    if not found:
        there = ", ".join(category.name for category in dataset.categories)
        raise UsageProblem(
            f"{given.path} has no object named like a category: it has {', '.join(sorted(names))}, "
            f"the data set {there}",
            "choose: --category NAME --object NAME",
        )
    return found


def _object_for(spec: "SpecInUse", category: str, asked: Asked) -> "ObjectPlan":
    names = {item.name for item in spec.plan.objects}
    if asked.object_name is not None:
        return choose_object(spec, asked.object_name)
    if category in names:
        return choose_object(spec, category)
    if asked.spec is not None and len(names) > 1:
        raise UsageProblem(
            f"{spec.path} has no object {category}: it has {', '.join(sorted(names))}",
            "say which one shows it: --object NAME",
        )
    return choose_object(spec, None)


def _ready_spec(layout: str, category: str, root: Path) -> "SpecInUse":
    path = resource_folder("specs") / layout / f"{category}.inspect"
    if layout == "plain" or not path.is_file():
        kind = {"mvtec": "MVTec AD", "visa": "VisA"}.get(layout, "other data")
        raise UsageProblem(
            f"{root}: there is no ready spec for {category} of {kind}",
            "name your own SPEC that has an object of that name",
        )
    return open_spec(str(path))


def _with_shots(item: "ObjectPlan", category: "Category", shots: int) -> "ObjectPlan":
    """The same object compared with good training pictures of the data set."""
    if not category.train_good:
        raise UsageProblem(
            f"--shots {shots}: {category.name} has no good training pictures to compare with"
        )
    files = tuple(str(picture.path.absolute()) for picture in category.train_good)
    settings = {**item.method.settings, "references": files, "shots": shots}
    method = item.method.model_copy(update={"settings": settings})
    return item.model_copy(update={"method": method})
