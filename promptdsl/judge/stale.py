"""What is said of thresholds that no longer rest on what they were calibrated with."""

from collections.abc import Sequence
from pathlib import Path

from promptdsl.files.naming import command_line


def stale(name: str, changes: Sequence[str], spec: Path) -> str:
    """The warning for thresholds that no longer rest on what they were calibrated with."""
    return (
        f"{name} changed since it was calibrated: {'; '.join(changes)}; "
        f"`{command_line('calibrate', spec)}` makes its thresholds true again"
    )
