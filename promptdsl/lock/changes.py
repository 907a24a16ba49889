"""What changed since the lock file was written, in sentences that name it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from promptdsl.judge.verdict import key_of, meaning
from promptdsl.lock.model import Lock, LockedObject, Pictures, Places, Threshold
from promptdsl.lock.pin import pin_files, pin_object
from promptdsl.plan.model import ObjectPlan
from promptdsl.versions import versions

_TITLES = {"normal": "the normal phrases", "templates": "the templates"}


def changes_since(
    lock: Lock, item: ObjectPlan, spec_folder: Path, weights_sha256: str, precision: str
) -> list[str]:
    """One clause for each difference; nothing for an object that the lock does not know."""
    locked = lock.objects.get(item.name)
    if locked is None:
        return []
    now = pin_object(item, spec_folder, weights_sha256, precision)
    return [
        *_model(locked, now),
        *_words(locked, now),
        *_settings(locked, now),
        *_places(locked.places or Places(), now.places or Places()),
        *_references(locked, now),
        *_pictures(still_used(locked, item), spec_folder),
        *_versions(lock.versions),
    ]


def still_used(locked: LockedObject, item: ObjectPlan) -> list[Threshold]:
    """The thresholds that a line of the spec takes its number from, and has none of its own."""
    lines = {meaning(rule) for rule in item.thresholds}
    return [threshold for threshold in locked.thresholds if key_of(threshold.rule) in lines]


def _model(then: LockedObject, now: LockedObject) -> Iterator[str]:
    if then.method != now.method:
        yield f"the method is {now.method} and was {then.method}"
    name, before = " ".join(now.model.name), " ".join(then.model.name)
    if name != before:
        yield f"the model is {name} and was {before}"
    elif then.model.weights_sha256 != now.model.weights_sha256:
        yield (
            f"the weights of {name} are others "
            f"({now.model.weights_sha256[:12]}, not {then.model.weights_sha256[:12]})"
        )
    if then.learned_sha256 != now.learned_sha256:
        yield "the learned weights are others"
    if then.precision != now.precision:
        yield f"it computes in {now.precision} and did in {then.precision}"


def _words(then: LockedObject, now: LockedObject) -> Iterator[str]:
    if then.words.sha256 == now.words.sha256:
        return
    before, after = then.words.groups, now.words.groups
    named = [
        *(
            f"{_title(name)} changed"
            for name in after
            if before.get(name, after[name]) != after[name]
        ),
        *(f"{_title(name)} are new" for name in after.keys() - before.keys()),
        *(f"{_title(name)} are gone" for name in before.keys() - after.keys()),
    ]
    yield from sorted(named) or ["the prompts changed (their order, or what the object is called)"]


def _title(group: str) -> str:
    return _TITLES.get(group, f"the phrases of {group}")


def _settings(then: LockedObject, now: LockedObject) -> Iterator[str]:
    if then.method != now.method:
        return
    for name in sorted(then.settings.keys() | now.settings.keys()):
        before, after = _plain(then.settings.get(name)), _plain(now.settings.get(name))
        if before != after:
            yield f"{name} is {after} and was {before}"


def _places(then: Places, now: Places) -> Iterator[str]:
    for name in sorted(then.picture.keys() | now.picture.keys()):
        before, after = then.picture.get(name, "not set"), now.picture.get(name, "not set")
        if before != after:
            yield f"{name} of the pictures is {after} and was {before}"
    for title in sorted(then.regions.keys() | now.regions.keys()):
        if title not in then.regions or title not in now.regions:
            yield f"{title} is {'new' if title in now.regions else 'gone'}"
        elif then.regions[title] != now.regions[title]:
            yield f"{title} changed"
    for path in sorted(then.files.keys() & now.files.keys()):
        if not now.files[path]:
            yield f"{path} is not there"
        elif then.files[path] != now.files[path]:
            yield f"{path} is another picture"


def _plain(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "none"
    return "not set" if value is None else str(value)


def _references(then: LockedObject, now: LockedObject) -> Iterator[str]:
    if then.references is not None and now.references is not None:
        yield from _compared("the references", then.references, now.references)


def _pictures(thresholds: Sequence[Threshold], spec_folder: Path) -> Iterator[str]:
    """Pictures that are not on this machine are no change: a line has the spec alone."""
    seen: set[tuple[str, str]] = set()
    for threshold in thresholds:
        for title, pictures in (("good", threshold.good), ("defective", threshold.defective)):
            if pictures is None or (title, pictures.sha256) in seen:
                continue
            seen.add((title, pictures.sha256))
            now = pin_files(pictures.origin, spec_folder)
            if now is not None:
                yield from _compared(f"the {title} pictures of the calibration", pictures, now)


def _compared(what: str, then: Pictures, now: Pictures) -> Iterator[str]:
    if then.number != now.number:
        yield f"{what} are {now.number} and were {then.number}"
    elif then.sha256 != now.sha256:
        yield f"{what} are others, as many as before ({now.number})"


def _versions(then: Mapping[str, str]) -> Iterator[str]:
    now = versions()
    for name in sorted(then.keys() & now.keys()):
        if then[name] != now[name] and name != "python":
            yield f"{name} is {now[name]} and was {then[name]}"
