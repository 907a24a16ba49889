"""The objects to judge with their labelled pictures: of a spec, of folders, of a data set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from promptdsl.diagnostics.nearest import did_you_mean
from promptdsl.errors import UsageProblem
from promptdsl.evaluate.asked import Asked
from promptdsl.evaluate.datasets import Category, Dataset, read_dataset
from promptdsl.evaluate.labelled import Sample, from_category, from_folders, from_spec
from promptdsl.judge.places import Layout, layout_of
from promptdsl.judge.verdict import resolve
from promptdsl.lock.file import calibrated_numbers
from promptdsl.lock.model import Lock
from promptdsl.methods import find_method
from promptdsl.pictures.spec_masks import read_masks
from promptdsl.pipeline import Compilation
from promptdsl.plan.build import content_hash
from promptdsl.plan.model import ObjectPlan, Plan, Rule
from promptdsl.report.published import TITLES
from promptdsl.resources import resource_folder
from promptdsl.source import SourceFile
from promptdsl.spec import ObjectSpec


@dataclass(frozen=True)
class SpecInUse:
    """A compiled spec without faults, and the lock beside it."""

    path: Path
    compilation: Compilation
    lock: Lock | None
    given: str | None = None  # what messages call it, where that is not the path

    @cached_property
    def plan(self) -> Plan:
        """What it compiles to."""
        return self.compilation.plan()

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.given or str(self.path)

    @property
    def folder(self) -> Path:
        """Where its relative paths start."""
        return self.path.parent

    def rules(self, item: ObjectPlan) -> tuple[Rule, ...]:
        """Resolved; SpecProblem naming the command for an `auto` without a number."""
        known = calibrated_numbers(self.lock).get(item.name, {})
        return resolve(item, known, self.name)

    def layout(self, item: ObjectPlan) -> Layout:
        """The object's places; Problem for a mask that cannot be used."""
        return layout_of(item, read_masks(item, self.folder))

    def object(self, name: str | None) -> ObjectPlan:
        """The object of that name, or the only one."""
        objects = {item.name: item for item in self.plan.objects}
        if name is None and len(objects) == 1:
            return next(iter(objects.values()))
        if name is None:
            raise UsageProblem(
                f"{self.path} has {len(objects)} objects ({', '.join(objects)})",
                "say which one these pictures show: --object NAME",
            )
        if name not in objects:
            hint = did_you_mean(name, objects) or f"it has {', '.join(objects)}"
            raise UsageProblem(f"--object {name}: {self.path} has no object of that name", hint)
        return objects[name]


@dataclass(frozen=True, slots=True)
class Job:
    """One object and its pictures. `name` is what the results call it."""

    name: str
    spec: SpecInUse
    item: ObjectPlan
    sample: Sample

    @property
    def folder(self) -> Path:
        """Where the spec's relative paths start."""
        return self.spec.folder

    @property
    def written(self) -> ObjectSpec:
        """The object as the spec has it, from the compilation that gave the plan."""
        spec = self.spec.compilation.spec
        assert spec is not None  # it has a plan
        return next(item for item in spec.objects if item.name == self.item.name)

    @property
    def sources(self) -> dict[str, SourceFile]:
        """Every file of the spec by name."""
        return self.spec.compilation.sources

    @property
    def plan_hash(self) -> str:
        """Hash of the plan that is judged: the spec's, but with the references of a data set."""
        plan = self.spec.plan
        if any(item is self.item for item in plan.objects):
            return plan.hash
        objects = [self.item if item.name == self.item.name else item for item in plan.objects]
        return content_hash(plan.model_copy(update={"objects": tuple(objects)}))


Open = Callable[[str], SpecInUse]


def find_jobs(asked: Asked, open_spec: Open) -> tuple[list[Job], str | None]:
    """The objects to judge with their pictures, and the data set's name where they are one's."""
    folders = bool(asked.good or asked.defects)
    sources = [asked.mvtec is not None, asked.visa is not None, asked.data is not None, folders]
    if sum(sources) > 1:
        raise UsageProblem(
            "--good and --defect, --mvtec, --visa and --data exclude each other",
            "choose one source of pictures",
        )
    _refuse_lonely_options(asked, folders)
    if asked.root is not None:
        return _dataset_jobs(asked, open_spec), asked.dataset
    if asked.spec is None:
        raise UsageProblem(
            "say which SPEC to judge", "only --mvtec and --visa bring specs of their own"
        )
    spec = open_spec(asked.spec)
    if folders:
        item = spec.object(asked.object_name)
        sample = from_folders(asked.good, asked.defects, asked.masks, item.defects)
        return [Job(item.name, spec, item, sample)], None
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


def _sample_jobs(spec: SpecInUse, name: str | None) -> list[Job]:
    objects = spec.plan.objects if name is None else (spec.object(name),)
    jobs = [Job(o.name, spec, o, from_spec(o, spec.path)) for o in objects if o.samples]
    if not jobs:
        names = ", ".join(item.name for item in objects)
        raise UsageProblem(
            f"{spec.path}: {names} has no samples to judge it by",
            'add samples good { images: "..." } to the spec, or name folders: '
            "--good DIR --defect NAME=DIR",
        )
    silent = [item.name for item in objects if not item.samples]
    if silent:
        have = "has" if len(silent) == 1 else "have"
        note = f"{', '.join(silent)} {have} no samples, so nothing is said here about {{}}".format(
            "it" if len(silent) == 1 else "them"
        )
        sample = replace(jobs[0].sample, notes=(note, *jobs[0].sample.notes))
        jobs[0] = replace(jobs[0], sample=sample)
    return jobs


def _dataset_jobs(asked: Asked, open_spec: Open) -> list[Job]:
    assert asked.root is not None
    given = None if asked.spec is None else open_spec(asked.spec)
    wanted = asked.categories or (None if asked.object_name is None else (asked.object_name,))
    root = asked.root[0]
    dataset = read_dataset(*asked.root, wanted)
    jobs: list[Job] = []
    for category in _chosen(dataset, given, asked):
        spec = given or open_spec(_ready_spec(asked.dataset, category.name, root))
        item = _object_for(spec, category.name, asked)
        if asked.shots is not None:
            item = _with_shots(item, category, asked.shots)
        # What concerns the whole set is told once, with the first category.
        sample = from_category(category, None if jobs else dataset)
        jobs.append(Job(category.name, spec, item, sample))
    return jobs


def _chosen(dataset: Dataset, given: SpecInUse | None, asked: Asked) -> Sequence[Category]:
    """With a spec and without --category: the categories that the spec has objects for."""
    if given is None or asked.categories:
        return dataset.categories
    names = {item.name for item in given.plan.objects}
    found = [category for category in dataset.categories if category.name in names]
    if found:
        return found
    if len(dataset.categories) == 1 and len(names) == 1:
        return dataset.categories
    there = ", ".join(category.name for category in dataset.categories)
    raise UsageProblem(
        f"{given.path} has no object named like a category: it has {', '.join(sorted(names))}, "
        f"the data set {there}",
        "choose: --category NAME --object NAME",
    )


def _object_for(spec: SpecInUse, category: str, asked: Asked) -> ObjectPlan:
    names = {item.name for item in spec.plan.objects}
    if asked.object_name is not None or category in names:
        return spec.object(asked.object_name or category)
    if asked.spec is not None and len(names) > 1:
        raise UsageProblem(
            f"{spec.path} has no object {category}: it has {', '.join(sorted(names))}",
            "say which one shows it: --object NAME",
        )
    return spec.object(None)


def _ready_spec(layout: str, category: str, root: Path) -> str:
    path = resource_folder("specs") / layout / f"{category}.inspect"
    if layout == "plain" or not path.is_file():
        kind = TITLES.get(layout, "other data")
        raise UsageProblem(
            f"{root}: there is no ready spec for {category} of {kind}",
            "name your own SPEC that has an object of that name",
        )
    return str(path)


def _with_shots(item: ObjectPlan, category: Category, shots: int) -> ObjectPlan:
    """The same object compared with good training pictures of the data set."""
    method = find_method(item.method.name)
    if method is not None and not method.few_shot:
        raise UsageProblem(
            f"--shots: {method.name} compares with no references", "leave --shots out"
        )
    if not category.train_good:
        raise UsageProblem(
            f"--shots {shots}: {category.name} has no good training pictures to compare with"
        )
    files = tuple(str(picture.path.absolute()) for picture in category.train_good)
    settings = {**item.method.settings, "references": files, "shots": shots}
    changed = item.method.model_copy(update={"settings": settings})
    return item.model_copy(update={"method": changed})
