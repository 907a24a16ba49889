"""Reading and writing the lock file beside a spec."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.writing import disk_told_plainly, write_atomically
from promptdsl.lock.model import LOCK_VERSION, Lock, LockedObject
from promptdsl.runtime.run_description import versions

Numbers = Mapping[str, Mapping[str, float]]  # object -> rule as written -> number for `auto`
_AGAIN = "put the file back from your version control, or make it again with `promptdsl calibrate`"


def lock_path(spec: Path) -> Path:
    """NAME.inspect.lock for NAME.inspect."""
    return spec.with_name(f"{spec.name}.lock")


def read_lock(spec: Path) -> Lock | None:
    """The lock beside a spec, None where there is none. EnvironmentProblem when it is unusable."""
    path = lock_path(spec)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentProblem(
            f"{path}: this lock file cannot be read: {error}", _AGAIN
        ) from None
    return parse_lock(text, str(path))


def parse_lock(text: str, path: str) -> Lock:
    """The lock that a file holds; `path` is what messages call it."""
    try:
        version = json.loads(text).get("lock_version")
    except (ValueError, AttributeError, RecursionError):
        raise EnvironmentProblem(
            f"{path}: this lock file is damaged: it is no JSON", _AGAIN
        ) from None
    if isinstance(version, int) and version > LOCK_VERSION:
        raise EnvironmentProblem(
            f"{path}: made by a newer promptdsl (lock version {version}, this one reads up to "
            f"{LOCK_VERSION})",
            "update promptdsl here, or calibrate again with this version",
        )
    try:
        return Lock.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise EnvironmentProblem(
            f"{path}: this lock file is damaged: {place}: {first['msg']}", _AGAIN
        ) from None


def write_lock(spec: Path, objects: Mapping[str, LockedObject]) -> Path:
    """Replace the lock file in one step."""
    lock = Lock(
        spec=spec.name,
        written=datetime.now().astimezone().isoformat(timespec="seconds"),
        versions=versions(),
        objects=dict(objects),
    )
    path = lock_path(spec)
    text = json.dumps(lock.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"
    with disk_told_plainly(path.parent):
        write_atomically(path, text.encode("utf-8"))
    return path


def calibrated_numbers(lock: Lock | None) -> dict[str, dict[str, float]]:
    """What `promptdsl.runtime.verdict.resolve` wants, by object."""
    if lock is None:
        return {}
    return {
        name: {threshold.rule: threshold.value for threshold in item.thresholds}
        for name, item in lock.objects.items()
    }
