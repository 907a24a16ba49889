"""The versions of what makes the scores, for records and locks. Loads nothing to find them."""

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import promptdsl

LIBRARIES = {
    "torch": "torch",
    "open_clip": "open_clip_torch",
    "numpy": "numpy",
    "pillow": "pillow",
}


def now() -> str:
    """Local time with its offset, to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def utc_now() -> str:
    """`2026-11-27T10:15:30.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def versions() -> dict[str, str]:
    """promptdsl, Python and the libraries that make the scores."""
    found = {"promptdsl": promptdsl.__version__, "python": platform.python_version()}
    for name, package in LIBRARIES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = "unknown"
    torch = sys.modules.get("torch")  # where nothing was scored, no card took part
    if torch is not None and torch.version.cuda and torch.cuda.is_available():
        found["cuda"] = torch.version.cuda
    return found
