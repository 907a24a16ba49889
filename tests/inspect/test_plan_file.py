"""Compiled plan files: the same bytes for the same content, and no damaged one is ever used."""

import hashlib
import io
import random
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from promptdsl.errors import EnvironmentProblem
from promptdsl.plan.content import CompiledObject, PlanFile
from promptdsl.plan.file import (
    MAGIC,
    is_plan_file,
    read_plan_file,
    write_plan_file,
)

from .fakes import make_plan


def content() -> PlanFile:
    random_numbers = np.random.default_rng(0)
    arrays = {
        "words/normal": random_numbers.normal(size=(3, 8)).astype(np.float32),
        "memory/2x2": random_numbers.normal(size=(5, 8)).astype(np.float32),
        "words/defect": np.arange(3),
        "nothing": np.zeros((0, 4), np.float32),
    }
    return PlanFile(
        plan=make_plan(),
        spec_hash="a" * 64,
        thresholds={"nut": {"reject when score >= auto": 0.53125}},
        objects={"nut": CompiledObject(arrays, {"weights_sha256": "f" * 64})},
        made_by={"promptdsl": "0.1.0"},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_plan_file(tmp_path / "part.plan", content())
    return tmp_path / "part.plan"


def test_there_and_back(path: Path) -> None:
    assert is_plan_file(path)
    read, wrote = read_plan_file(path), content()
    assert (read.plan, read.thresholds, read.spec_hash, read.made_by) == (
        wrote.plan,
        wrote.thresholds,
        wrote.spec_hash,
        wrote.made_by,
    )
    arrays = read.objects["nut"].arrays
    assert arrays.keys() == wrote.objects["nut"].arrays.keys()
    for name, values in wrote.objects["nut"].arrays.items():
        assert arrays[name].dtype == values.dtype
        assert np.array_equal(arrays[name], values)


def test_the_same_bytes(path: Path, tmp_path: Path) -> None:
    wrote = content()
    arrays = dict(reversed(wrote.objects["nut"].arrays.items()))
    swapped = {"nut": CompiledObject(arrays, wrote.objects["nut"].facts)}
    write_plan_file(tmp_path / "again.plan", replace(wrote, objects=swapped))
    assert (tmp_path / "again.plan").read_bytes() == path.read_bytes()


def test_any_flipped_bit_is_refused(path: Path) -> None:
    data = path.read_bytes()
    chance = random.Random(0)
    places = [*range(120), *(chance.randrange(len(data)) for _ in range(600))]
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(EnvironmentProblem) as caught:
            read_plan_file(path)
        assert caught.value.exit_code == 3
        assert str(path) in caught.value.sentence


def test_any_cut_or_addition_is_refused(path: Path) -> None:
    data = path.read_bytes()
    chance = random.Random(1)
    for length in (0, 1, 20, 90, *(chance.randrange(len(data)) for _ in range(50))):
        path.write_bytes(data[:length])
        with pytest.raises(EnvironmentProblem):
            read_plan_file(path)
    path.write_bytes(data[:-9])
    with pytest.raises(EnvironmentProblem, match="cut off: 9 bytes are missing"):
        read_plan_file(path)
    path.write_bytes(data + b"x")
    with pytest.raises(EnvironmentProblem, match="damaged"):
        read_plan_file(path)


def sealed(path: Path, payload: bytes, version: int = 1) -> None:
    digest = hashlib.sha256(payload).hexdigest()
    path.write_bytes(MAGIC + f"{version} {digest} {len(payload)}\n".encode() + payload)


def test_newer_and_foreign_files_are_refused_with_the_reason(path: Path) -> None:
    payload = path.read_bytes().split(b"\n", 1)[1]
    sealed(path, payload, version=2)
    with pytest.raises(EnvironmentProblem, match="made by a newer promptdsl"):
        read_plan_file(path)
    for other in (b"inspect 1\n", b"PK\x03\x04", b"\x80\x04pickle"):
        path.write_bytes(other)
        assert not is_plan_file(path)
        with pytest.raises(EnvironmentProblem, match="not a compiled plan file"):
            read_plan_file(path)
    with pytest.raises(EnvironmentProblem, match="cannot be read"):
        read_plan_file(path.with_name("missing.plan"))


def rebuilt(path: Path, change: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> None:
    payload = path.read_bytes().split(b"\n", 1)[1]
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(payload)) as old,
        zipfile.ZipFile(file, "w", compression) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
    sealed(path, file.getvalue())


def pickled_array() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        {"plan.json": b"{}"},
        {"plan.json": b"not json"},
        {"compiled.json": b"[]"},
        {"compiled.json": b"{}"},
        {"arrays/nut/nothing.npy": b"short"},
        {"arrays/nut/nothing.npy": pickled_array()},
    ],
)
def test_a_well_sealed_file_with_wrong_content_is_refused(
    path: Path, change: dict[str, bytes]
) -> None:
    rebuilt(path, change)
    with pytest.raises(EnvironmentProblem, match="does not hold what it should"):
        read_plan_file(path)


def test_compressed_members_are_refused(path: Path) -> None:
    rebuilt(path, {}, zipfile.ZIP_DEFLATED)
    with pytest.raises(EnvironmentProblem, match="compressed"):
        read_plan_file(path)


def test_objects_are_never_stored(tmp_path: Path) -> None:
    strange = CompiledObject({"x": np.array([{}], dtype=object)}, {})
    with pytest.raises(TypeError):
        write_plan_file(tmp_path / "a.plan", replace(content(), objects={"nut": strange}))
    assert list(tmp_path.iterdir()) == []
