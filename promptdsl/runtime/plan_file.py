"""The compiled plan file: one file with everything but the image tower's weights.

    promptdsl-plan 1 SHA256 LENGTH\\n      header: format version, hash and length of what follows
    zip archive, nothing compressed        plan.json, compiled.json, arrays/OBJECT/NAME.npy

Nothing in it is executed: JSON and plain arrays. The hash covers every byte after the header, so a
damaged file is refused before it is parsed; equal contents give equal bytes.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.opening import open_regular
from promptdsl.files.writing import disk_told_plainly, write_atomically
from promptdsl.plan.model import Plan

FORMAT_VERSION = 1
MAGIC = b"promptdsl-plan "
_HEADER = re.compile(rb"promptdsl-plan ([0-9]{1,9}) ([0-9a-f]{64}) ([0-9]{1,15})\n")
_HEADER_LIMIT = 128
_DATE = (1980, 1, 1, 0, 0, 0)
_KINDS = "fiub"  # floats, integers, booleans

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class CompiledObject:
    """What an object's detector needs: arrays, and facts that are JSON."""

    arrays: Arrays
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlanFile:
    """The content of a compiled plan file."""

    plan: Plan
    spec_hash: str  # SHA-256 of the spec's bytes
    thresholds: Mapping[str, Mapping[str, float]]  # object -> rule as written -> number for `auto`
    objects: Mapping[str, CompiledObject]
    made_by: Mapping[str, str]  # versions


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
        data = path.read_bytes()
    except OSError as error:
        raise EnvironmentProblem(f"{path}: cannot be read: {error.strerror or error}") from None
    payload = _verified(path, data)
    try:
        return _parse(payload)
    except (KeyError, TypeError, ValueError, ValidationError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0][:160]
        raise EnvironmentProblem(
            f"{path}: this plan file does not hold what it should: {reason}", _REMEDY
        ) from error


_REMEDY = "make it again with `promptdsl compile SPEC -o part.plan`"


def _verified(path: Path, data: bytes) -> bytes:
    header = _HEADER.match(data[:_HEADER_LIMIT])
    if header is None:
        known = data.startswith(MAGIC)
        reason = "the header is damaged" if known else "this is not a compiled plan file"
        raise EnvironmentProblem(f"{path}: {reason}", _REMEDY)
    version, digest, length = int(header[1]), header[2].decode(), int(header[3])
    if version > FORMAT_VERSION:
        raise EnvironmentProblem(
            f"{path}: made by a newer promptdsl (plan file version {version}, this one reads "
            f"up to {FORMAT_VERSION})",
            "update promptdsl here, or compile the plan with this version",
        )
    payload = data[header.end() :]
    if len(payload) < length:
        raise EnvironmentProblem(
            f"{path}: the file is cut off: {length - len(payload):,} bytes are missing", _REMEDY
        )
    if len(payload) > length or hashlib.sha256(payload).hexdigest() != digest or version < 1:
        raise EnvironmentProblem(f"{path}: the file is damaged: its hash does not match", _REMEDY)
    return payload


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
    if values.dtype.kind not in _KINDS:
        raise TypeError(f"arrays of {values.dtype} cannot be stored")
    file = io.BytesIO()
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    np.lib.format.write_array(file, little, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _parse(payload: bytes) -> PlanFile:
    with zipfile.ZipFile(io.BytesIO(payload)) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("a member is compressed")
        compiled = json.loads(archive.read("compiled.json"))
        plan = Plan.model_validate_json(archive.read("plan.json"))
        arrays = _arrays(archive)
    return PlanFile(
        plan,
        str(compiled["spec_hash"]),
        {name: dict(rules) for name, rules in compiled["thresholds"].items()},
        {
            name: CompiledObject(arrays.get(name, {}), dict(facts))
            for name, facts in compiled["objects"].items()
        },
        dict(compiled["made_by"]),
    )


def _arrays(archive: zipfile.ZipFile) -> dict[str, dict[str, npt.NDArray[Any]]]:
    arrays: dict[str, dict[str, npt.NDArray[Any]]] = {}
    for member in archive.namelist():
        if member.startswith("arrays/"):
            _, name, array = member.removesuffix(".npy").split("/", 2)
            file = io.BytesIO(archive.read(member))
            values = np.lib.format.read_array(file, allow_pickle=False)
            arrays.setdefault(name, {})[array] = values
    return arrays
