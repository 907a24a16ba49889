"""The compiled plan file: one file with everything but the image tower's weights.

    promptdsl-plan 1 SHA256 LENGTH\\n      header: format version, hash and length of what follows
    zip archive, nothing compressed        plan.json, compiled.json, arrays/OBJECT/NAME.npy

Nothing in it is executed: JSON and plain arrays. The hash covers every byte after the header, so a
damaged file is refused before it is parsed; equal contents give equal bytes.
"""

import hashlib
import io
import json
import os
import re
import zipfile
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.hashing import hash_stream
from promptdsl.files.opening import in_words, open_regular, reason
from promptdsl.files.writing import disk_told_plainly, write_atomically
from promptdsl.plan.content import (
    KINDS,
    PlanFile,
    first_line,
    read_content,
)

FORMAT_VERSION = 1
MAX_BYTES = 8 * 2**30  # thousands of references of the largest model
REMEDY = "make it again with `promptdsl compile SPEC -o part.plan`"
MAGIC = b"promptdsl-plan "
_HEADER = re.compile(rb"promptdsl-plan ([0-9]{1,9}) ([0-9a-f]{64}) ([0-9]{1,15})\n")
_HEADER_LIMIT = 128
_DATE = (1980, 1, 1, 0, 0, 0)


def write_plan_file(path: Path, content: PlanFile) -> str:
    """Write atomically; returns the content's SHA-256."""
    payload = _archive(content)
    digest = hashlib.sha256(payload).hexdigest()
    header = MAGIC + f"{FORMAT_VERSION} {digest} {len(payload)}\n".encode()
    with disk_told_plainly(path.parent):
        write_atomically(path, header + payload)
    return digest


def is_plan_file(path: Path) -> bool:
    """True for a file that begins like a compiled plan, whole or not."""
    try:
        with open_regular(path) as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_plan_file(path: Path) -> PlanFile:
    """The content; EnvironmentProblem with the reason when the file cannot be trusted."""
    try:
        with open_regular(path) as file:
            _verify(path, file)
            return read_content(file)
    except OSError as error:
        raise EnvironmentProblem(f"{path}: cannot be read: {reason(error)}") from None
    except ValueError as error:
        raise EnvironmentProblem(
            f"{path}: this plan file does not hold what it should: {first_line(error)}", REMEDY
        ) from error


def _verify(path: Path, file: BufferedReader) -> None:
    """EnvironmentProblem unless length and hash are those that the header tells."""
    data = file.read(_HEADER_LIMIT)
    header = _HEADER.match(data)
    if header is None:
        known = data.startswith(MAGIC)
        told = "the header is damaged" if known else "this is not a compiled plan file"
        raise EnvironmentProblem(f"{path}: {told}", REMEDY)
    version, digest, length = int(header[1]), header[2].decode(), int(header[3])
    if version > FORMAT_VERSION:
        raise EnvironmentProblem(
            f"{path}: made by a newer promptdsl (plan file version {version}, this one reads "
            f"up to {FORMAT_VERSION})",
            "update promptdsl here, or compile the plan with this version",
        )
    here = os.fstat(file.fileno()).st_size - header.end()
    if here < length:
        raise EnvironmentProblem(
            f"{path}: the file is cut off: {length - here:,} bytes are missing", REMEDY
        )
    if here > MAX_BYTES:
        raise EnvironmentProblem(f"{path}: larger than any plan: {in_words(here)}", REMEDY)
    file.seek(header.end())
    if here > length or version < 1 or hash_stream(file) != digest:
        raise EnvironmentProblem(f"{path}: the file is damaged: its hash does not match", REMEDY)


def _archive(content: PlanFile) -> bytes:
    members = {
        "plan.json": _json(content.plan.model_dump(mode="json")),
        "compiled.json": _json(
            {
                "spec_hash": content.spec_hash,
                "thresholds": {name: dict(rules) for name, rules in content.thresholds.items()},
                "objects": {name: dict(item.facts) for name, item in content.objects.items()},
                "made_by": dict(content.made_by),
            }
        ),
    }
    for name, item in sorted(content.objects.items()):
        for array, values in sorted(item.arrays.items()):
            members[f"arrays/{name}/{array}.npy"] = _npy(values)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(_entry(name), data)
    return file.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same bytes on every system
    return entry


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _npy(values: npt.NDArray[Any]) -> bytes:
    if values.dtype.kind not in KINDS:
        raise TypeError(f"arrays of {values.dtype} cannot be stored")
    file = io.BytesIO()
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    np.lib.format.write_array(file, little, version=(1, 0), allow_pickle=False)
    return file.getvalue()
