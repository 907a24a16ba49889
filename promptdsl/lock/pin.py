"""Hashes of what a score depends on: words, references, pictures."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.hashing import hash_file
from promptdsl.files.inputs import find_in_spec
from promptdsl.lock.model import LockedObject, Model, Pictures, Places, Threshold, Words
from promptdsl.plan.build import canonical_json
from promptdsl.plan.in_words import picture_in_words
from promptdsl.plan.model import ObjectPlan, Region


def pin_object(
    item: ObjectPlan,
    spec_folder: Path,
    weights_sha256: str,
    precision: str,
    thresholds: Sequence[Threshold] = (),
) -> LockedObject:
    """Everything about an object as it is now."""
    return LockedObject(
        method=item.method.name,
        settings=dict(sorted(item.method.settings.items())),
        model=Model(name=item.method.model, weights_sha256=weights_sha256),
        learned_sha256=_learned(item, spec_folder),
        words=pin_words(item),
        references=pin_references(item, spec_folder),
        precision=precision,
        thresholds=tuple(thresholds),
        places=pin_places(item, spec_folder),
    )


def _learned(item: ObjectPlan, spec_folder: Path) -> str | None:
    path = item.method.settings.get("weights")
    if not isinstance(path, str) or not (spec_folder / path).is_file():
        return None
    return hash_file(spec_folder / path)


def pin_places(item: ObjectPlan, spec_folder: Path) -> Places | None:
    """What the spec says of pictures and places, with the hashes of the files that it names."""
    if item.picture is None and not item.regions and not item.ignored:
        return None
    named = [(f"region {region.name}", region) for region in item.regions]
    named += [(f'ignore "{region.name}"', region) for region in item.ignored]
    return Places(
        picture={} if item.picture is None else picture_in_words(item.picture),
        regions={title: _hash(_shapes(region)) for title, region in named},
        files={path: _file_hash(spec_folder / path) for path in sorted(_files(item))},
    )


def _shapes(region: Region) -> dict[str, Any]:
    return region.model_dump(mode="json", include={"shapes", "without"})


def _files(item: ObjectPlan) -> Iterator[str]:
    for region in (*item.regions, *item.ignored):
        for shape in (*region.shapes, *region.without):
            if shape.path is not None:
                yield shape.path
    if item.picture is not None and item.picture.locate is not None:
        yield item.picture.locate.like


def _file_hash(path: Path) -> str:
    """Empty for one that is not there."""
    try:
        return hash_file(path)
    except (EnvironmentProblem, OSError):
        return ""


def pin_words(item: ObjectPlan) -> Words:
    """Hashes of the prompts, and of the phrases of each state and the templates."""
    groups: dict[str, dict[str, None]] = {}
    for prompt in item.prompts:
        state = "normal" if prompt.defect is None else f"defect {prompt.defect}"
        groups.setdefault(state, {})[prompt.phrase] = None
        groups.setdefault("templates", {})[prompt.template] = None
    prompts = [(prompt.label, prompt.defect, prompt.text) for prompt in item.prompts]
    return Words(
        prompts=len(prompts),
        sha256=_hash(prompts),
        groups={name: _hash(list(phrases)) for name, phrases in sorted(groups.items())},
    )


def _hash(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def pin_references(item: ObjectPlan, spec_folder: Path) -> Pictures | None:
    """All files that the references' patterns give; None for zero-shot or where they are gone."""
    patterns = item.method.settings.get("references") or ()
    if not isinstance(patterns, tuple) or not patterns:
        return None
    return pin_files([str(pattern) for pattern in patterns], spec_folder)


def pin_files(origin: Sequence[str], spec_folder: Path) -> Pictures | None:
    """The pictures that patterns or folders give now; None where some cannot be had any more."""
    try:
        found = find_in_spec(origin, spec_folder)
        hashes = [hash_file(Path(name)) for name in found.pictures]
    except (EnvironmentProblem, OSError):
        return None
    return None if found.unreadable else pin_hashes(hashes, origin)


def pin_hashes(hashes: Iterable[str], origin: Sequence[str]) -> Pictures:
    """A set of pictures by the hashes of their bytes, whatever their names and order."""
    ordered = sorted(hashes)
    digest = hashlib.sha256("\n".join(ordered).encode()).hexdigest()
    return Pictures(origin=tuple(origin), number=len(ordered), sha256=digest)
