"""The lock beside a spec, opened for a command, with what its reader must be told."""

from pathlib import Path
from typing import TYPE_CHECKING

from promptdsl.cli.shown.terminal import tell_note

if TYPE_CHECKING:
    from promptdsl.lock.model import Lock


def open_lock(spec: Path) -> "Lock | None":
    """The lock, if there is one; a note where nothing would show that it was edited."""
    from promptdsl.lock.file import read_lock

    lock = read_lock(spec)
    tell_unsealed(lock, spec)
    return lock


def tell_unsealed(lock: "Lock | None", spec: Path) -> None:
    """A note for a lock without a seal that holds numbers."""
    from promptdsl.lock.file import lock_path

    if lock is not None and lock.seal is None and any(o.thresholds for o in lock.objects.values()):
        tell_note(
            f"{lock_path(spec)} has no seal, so nobody would notice if its numbers were edited by "
            "hand; `promptdsl calibrate` writes one"
        )
