"""What a compiled plan file holds, and how it is taken out of an archive that may be forged.

The file's hash says that it is whole, not who made it. So every member is held against what
promptdsl writes, before memory is taken for it: names, sizes, types, shapes, ranges. Which arrays
an object needs is its method's affair (`arrays.py` in the method's folder).
"""

import math
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from promptdsl.files.naming import shown
from promptdsl.plan.model import Plan
from promptdsl.plan.validity import check_plan

KINDS = "fiub"  # floats, integers, booleans
MAX_PLAN, MAX_COMPILED = 64 * 2**20, 16 * 2**20  # bytes of JSON
MAX_MEMBERS = 10_000
_NPY = b"\x93NUMPY\x01\x00"
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<|][fiub][1248])', 'fortran_order': False, "
    rb"'shape': \(((?:[0-9]{1,10}, ?)*(?:[0-9]{1,10})?)\), \} *\n"
)
_ARRAY = re.compile(r"arrays/([^/]*)/(.*)\.npy", re.S)
# A score, a share, a length, an area or a number of spots.
Calibrated = Annotated[float, Field(ge=0, allow_inf_nan=False)]

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


class _Facts(BaseModel):
    model_config = ConfigDict(extra="allow")

    weights_sha256: str = Field(max_length=200)


class _Compiled(BaseModel):
    """`compiled.json`."""

    model_config = ConfigDict(extra="forbid")

    spec_hash: str = Field(max_length=200)
    thresholds: dict[str, dict[str, Calibrated]]
    objects: dict[str, _Facts]
    made_by: dict[str, str]


def read_content(file: IO[bytes]) -> PlanFile:
    """The content of the archive at the end of a file. Raises ValueError with the reason."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = _members(archive)
            plan = Plan.model_validate_json(_read(archive, members, "plan.json", MAX_PLAN))
            check_plan(plan)
            text = _read(archive, members, "compiled.json", MAX_COMPILED)
            compiled = _Compiled.model_validate_json(text)
            arrays = _arrays(archive, members)
    except ValidationError as error:
        raise ValueError(_first_of(error)) from error
    except (ValueError, OSError):
        raise
    except Exception as error:  # a forged archive makes zipfile raise many kinds
        raise ValueError(first_line(error)) from error
    names = {item.name for item in plan.objects}
    if compiled.objects.keys() != names or not arrays.keys() <= names:
        raise ValueError("what was compiled belongs to other objects than the plan has")
    objects = {
        name: CompiledObject(arrays.get(name, {}), facts.model_dump())
        for name, facts in compiled.objects.items()
    }
    return PlanFile(plan, compiled.spec_hash, compiled.thresholds, objects, compiled.made_by)


def first_line(error: BaseException) -> str:
    """What an exception says, short."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:160]


def _first_of(error: ValidationError) -> str:
    """Place and reason of the first fault that pydantic found."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = shown(".".join(str(part) for part in first["loc"])[:100])
    return f"{place}: {first['msg']}" if place else str(first["msg"])[:160]


def _members(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    entries = archive.infolist()
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError("a member is compressed")
    if any(entry.flag_bits & 1 or entry.file_size != entry.compress_size for entry in entries):
        raise ValueError("a member is encrypted or of another size than told")
    members = {entry.filename: entry for entry in entries}
    if len(members) != len(entries) or len(entries) > MAX_MEMBERS:
        raise ValueError("a member stands twice, or there are too many")
    return members


def _read(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], name: str, limit: int
) -> bytes:
    if name not in members:
        raise ValueError(f"{name} is missing")
    if members[name].file_size > limit:
        raise ValueError(f"{name} is larger than any plan's")
    return archive.read(members[name])


def _arrays(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]
) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """The arrays of each object, by their names."""
    arrays: dict[str, dict[str, npt.NDArray[Any]]] = {}
    for member in (name for name in members if name not in ("plan.json", "compiled.json")):
        parts = _ARRAY.fullmatch(member)
        if parts is None:
            raise ValueError(f"{member[:100]!a} belongs to nothing")
        arrays.setdefault(parts[1], {})[parts[2]] = _array(archive.read(member), parts[2])
    return arrays


def _array(data: bytes, name: str) -> npt.NDArray[Any]:
    """The array of a .npy file as promptdsl writes it: plain numbers, as many as it tells."""
    start = len(_NPY) + 2
    length = int.from_bytes(data[len(_NPY) : start], "little")
    header = _NPY_HEADER.fullmatch(data[start : start + length])
    if not data.startswith(_NPY) or header is None:
        raise ValueError(f"{name[:100]!a} is no array of plain numbers")
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(side) for side in header[2].replace(b",", b" ").split())
    if math.prod(shape) * dtype.itemsize != len(data) - start - length:
        raise ValueError(f"{name[:100]!a} tells of {shape}, and holds something else")
    values = np.frombuffer(data, dtype, offset=start + length).reshape(shape)
    if dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"{name[:100]!a} holds values that are no numbers")
    return values
