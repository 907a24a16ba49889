"""Reading and writing the lock file beside a spec.

A lock is sealed: a hash over all that it holds stands in it, so that a number edited by hand, or
half of a merge, is noticed and not believed. The seal keeps nobody from forging a lock on purpose;
version control says who did.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.opening import TooLarge, read_regular, reason
from promptdsl.files.writing import disk_told_plainly, write_atomically
from promptdsl.judge.verdict import key_of
from promptdsl.lock.model import LOCK_VERSION, Lock, LockedObject
from promptdsl.plan.build import canonical_json
from promptdsl.versions import versions

MAX_BYTES = 8_000_000
_AGAIN = (
    "put the file back from your version control, or let `promptdsl calibrate` make a new one "
    "(it keeps this one beside it)"
)


class UnusableLock(EnvironmentProblem):
    """A lock that nothing may be read from; `promptdsl calibrate` sets it aside under `suffix`."""

    suffix = ".damaged"


class NewerLock(UnusableLock):
    """A lock that a newer version wrote: whole, but not to be half understood."""

    suffix = ".newer"


class _Twice(ValueError):
    """A key that stands twice in one object of the JSON."""


def lock_path(spec: Path) -> Path:
    """NAME.inspect.lock for NAME.inspect."""
    return spec.with_name(f"{spec.name}.lock")


def read_lock(spec: Path) -> Lock | None:
    """The lock beside a spec, None where there is none.

    Raises UnusableLock for one whose content cannot be trusted, EnvironmentProblem for one that
    cannot be opened.
    """
    path = lock_path(spec)
    try:
        text = read_regular(path, MAX_BYTES).decode("utf-8")
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, TooLarge) as error:
        why = "it is no text" if isinstance(error, UnicodeDecodeError) else reason(error)
        raise UnusableLock(f"{path}: this lock file is damaged: {why}", _AGAIN) from None
    except OSError as error:
        raise EnvironmentProblem(
            f"{path}: this lock file cannot be read: {reason(error)}",
            "make it readable, or remove it and run `promptdsl calibrate`",
        ) from None
    return parse_lock(text, str(path))


def parse_lock(text: str, path: str) -> Lock:
    """The lock that a file holds; `path` is what messages call it. Raises UnusableLock."""
    content = _content(text, path)
    version = content.get("lock_version")
    if isinstance(version, int) and version > LOCK_VERSION:
        raise NewerLock(
            f"{path}: made by a newer promptdsl (lock version {version}, this one reads up to "
            f"{LOCK_VERSION})",
            "update promptdsl here, or calibrate again with this version",
        )
    try:
        lock = Lock.model_validate(content)  # names of folders need not be UTF-8
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _damaged(path, f"{place}: {first['msg']}") from None
    if lock.seal is not None and lock.seal != seal_of(content):
        raise UnusableLock(
            f"{path}: this lock file was edited after it was written, so its numbers are not "
            "those that were calibrated",
            _AGAIN,
        )
    _refuse_contradictions(lock, path)
    return lock


def _content(text: str, path: str) -> dict[str, Any]:
    try:
        content = json.loads(text, object_pairs_hook=_once)
    except _Twice as twice:
        raise _damaged(path, str(twice)) from None
    except (ValueError, RecursionError):
        raise _damaged(path, "it is no JSON") from None
    if not isinstance(content, dict):
        raise _damaged(path, "it is no JSON object")
    return content


def _damaged(path: str, why: str) -> UnusableLock:
    return UnusableLock(f"{path}: this lock file is damaged: {why}", _AGAIN)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(f"it holds {key} twice")
        found[key] = value
    return found


def seal_of(content: Mapping[str, Any]) -> str:
    """SHA-256 over everything in a lock but its seal, whatever its layout."""
    rest = {key: value for key, value in content.items() if key != "seal"}
    return hashlib.sha256(canonical_json(rest).encode("ascii")).hexdigest()


def _refuse_contradictions(lock: Lock, path: str) -> None:
    """Two numbers for what means one line: an early lock that was edited, or merged."""
    for name, item in lock.objects.items():
        known: dict[str, float] = {}
        for threshold in item.thresholds:
            if known.setdefault(key_of(threshold.rule), threshold.value) != threshold.value:
                raise _damaged(path, f"{name} has two numbers for `{threshold.rule}`")


def write_lock(spec: Path, objects: Mapping[str, LockedObject]) -> Path:
    """Replace the lock file in one step."""
    lock = Lock(
        spec=spec.name,
        written=datetime.now().astimezone().isoformat(timespec="seconds"),
        versions=versions(),
        objects=dict(objects),
    )
    path = lock_path(spec)
    content = lock.model_dump(mode="json")
    content["seal"] = seal_of(content)
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    with disk_told_plainly(path.parent):
        write_atomically(path, text.encode("utf-8"))
    return path


class OldLock:
    """The lock that will be replaced; one that cannot be used is kept beside the new one."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        """`tell` takes a sentence, and whether it is a `note` or a `warning`."""
        self._tell, self._suffix = tell, ""

    def read(self, spec: Path) -> Lock | None:
        """The old lock; None for one that nothing may be read from."""
        try:
            return read_lock(spec)
        except UnusableLock as unusable:
            self._suffix = unusable.suffix
            self._tell(f"{unusable.sentence}; nothing is taken from it", "warning")
            return None

    def replace(self, spec: Path, objects: Mapping[str, LockedObject]) -> Path:
        """Write the new lock."""
        aside = _set_aside(spec, self._suffix) if self._suffix else None
        written = write_lock(spec, objects)  # before anything is told: the reader may be gone
        if aside is not None:
            self._tell(f"the old lock file is kept as {aside}", "note")
        return written


def _set_aside(spec: Path, suffix: str) -> Path:
    """Move an unusable lock out of the way, beside itself, under a name that is free."""
    path = lock_path(spec)
    names = (path.with_name(f"{path.name}{suffix}{n or ''}") for n in range(1000))
    with disk_told_plainly(path.parent):
        aside = next(name for name in names if not os.path.lexists(name))
        path.rename(aside)
    return aside


def calibrated_numbers(lock: Lock | None) -> dict[str, dict[str, float]]:
    """What `promptdsl.judge.verdict.resolve` wants: by object, then by what a line means."""
    if lock is None:
        return {}
    return {
        name: {key_of(threshold.rule): threshold.value for threshold in item.thresholds}
        for name, item in lock.objects.items()
    }
