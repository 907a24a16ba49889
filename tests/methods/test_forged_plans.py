"""Compiled plans that are damaged or forged with a right hash: one sentence each, and never 70."""

import copy
import hashlib
import io
import json
import os
import random
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from promptdsl.clip import model as clip_model
from promptdsl.clip.model import ClipModel, load_builtin
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods import METHODS
from promptdsl.plan.file import MAGIC, read_plan_file
from promptdsl.plan.model import Plan
from promptdsl.scoring.compiled import compile_to_file, detector_state
from promptdsl.scoring.detector import build_detector, restore_detector

from .conftest import MakePlan

Members = dict[str, bytes]
WAYS = [
    (name, shots) for name in METHODS for shots in (0, 2) if not shots or METHODS[name].few_shot
]


@pytest.fixture(scope="module")
def model() -> ClipModel:
    return load_builtin()


@pytest.fixture(autouse=True)
def read_once(model: ClipModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is read once, not for every forged file."""
    monkeypatch.setattr(clip_model, "load_builtin", lambda: model)


@pytest.fixture(scope="module")
def made() -> dict[tuple[str, int], Members]:
    """Members of plans that were made before: making them takes most of the time."""
    return {}


@pytest.fixture
def members(
    made: dict[tuple[str, int], Members], make_plan: MakePlan, good_folder: Path
) -> Callable[[str, int], Members]:
    def find(method: str, shots: int) -> Members:
        if (method, shots) not in made:
            few = ('references: "good/*.png"', f"shots: {shots}") if shots else ()
            lines = ("windows: image, 3x3", "stride: 3") if method == "winclip" else ()
            plan = make_plan(method, *lines, *few)
            detector = build_detector(plan, spec_folder=good_folder, device="cpu", precision="fp32")
            whole = Plan(language=1, spec="part.inspect", objects=(plan,), hash="0" * 64)
            file = good_folder / "part.plan"
            compile_to_file(
                whole, file, lambda _: detector, spec="s", spec_hash="0" * 64, calibrated={}
            )
            made[method, shots] = members_of(file)
        return dict(made[method, shots])

    return find


def members_of(file: Path) -> Members:
    with zipfile.ZipFile(io.BytesIO(file.read_bytes().split(b"\n", 1)[1])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def seal(file: Path, members: Mapping[str, bytes]) -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return seal_payload(file, buffer.getvalue())


def seal_payload(file: Path, payload: bytes) -> Path:
    digest = hashlib.sha256(payload).hexdigest()
    file.write_bytes(MAGIC + f"1 {digest} {len(payload)}\n".encode() + payload)
    return file


def restore(file: Path) -> Any:
    content = read_plan_file(file)
    item = content.plan.objects[0]
    state = detector_state(content, item)
    return restore_detector(item, state, spec_folder=file.parent, device="cpu", precision="fp32")


def refused(file: Path, words: str | None = None) -> None:
    with pytest.raises(EnvironmentProblem, match=words) as caught:
        restore(file)
    assert caught.value.exit_code == 3
    assert "\n" not in caught.value.sentence


def npy(values: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, values, version=(1, 0))
    return buffer.getvalue()


def read_npy(content: bytes) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = np.load(io.BytesIO(content))
    return found


@pytest.mark.parametrize(("method", "shots"), WAYS)
def test_every_array_is_held_to_its_name_type_shape_and_values(
    method: str, shots: int, members: Callable[[str, int], Members], tmp_path: Path
) -> None:
    whole, file = members(method, shots), tmp_path / "forged.plan"
    assert restore(seal(file, whole)).defects is not None
    for name in [name for name in whole if name.startswith("arrays/")]:
        values = read_npy(whole[name])
        flat = np.full_like(values, 7)
        holes = values.astype(np.float64)
        holes.flat[0] = np.nan
        for other in (
            None,
            npy(values[:0]),
            npy(values[None]),
            npy(np.concatenate([values, values])),
            npy(values.astype("S")),
            npy(values.astype(np.complex64)),
            npy(values.astype(bool)),
            npy(np.asfortranarray(holes)),
            whole[name][:-1],
            whole[name] + b"x",
        ):
            forged = {n: c for n, c in whole.items() if n != name}
            refused(seal(file, forged if other is None else {**forged, name: other}))
        if values.dtype.kind != "f" or not name.endswith(("text.npy", "weight.npy", "bias.npy")):
            refused(seal(file, {**whole, name: npy(flat)}), "out of range")
    refused(seal(file, {**whole, "arrays/metal_nut/more.npy": npy(np.zeros(3))}), "nothing")
    refused(seal(file, {**whole, "arrays/other/more.npy": npy(np.zeros(3))}), "other objects")
    refused(seal(file, {**whole, "strange": b""}), "belongs to nothing")


def header_of(shape: str, kind: str = "<f4") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (117 - len(text)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64)


@pytest.mark.parametrize(
    "content",
    [
        header_of("(100000000000, 640)"),
        header_of("(9999999999, 9999999999, 9999999999)"),
        header_of("(-1, 64)"),
        header_of("(16,)", "|O"),
        header_of("(16,)", "<M8[s]"),
        header_of("(4, 4)", "<f3"),
        header_of("(" * 40 + ")" * 40),
        header_of("(__import__('os'),)"),
        b"\x93NUMPY\x02\x00" + bytes(70),
        b"\x93NUMPY\x01\x00\xff\xff{}",
        b"",
    ],
)
def test_headers_of_arrays_are_not_believed(
    content: bytes, members: Callable[[str, int], Members], tmp_path: Path
) -> None:
    whole = members("anomalyclip", 0)
    refused(seal(tmp_path / "forged.plan", {**whole, "arrays/metal_nut/text.npy": content}))


Change = Callable[[dict[str, Any]], object]


def method_of(plan: dict[str, Any]) -> Any:
    return plan["objects"][0]["method"]


def rule_of(plan: dict[str, Any]) -> Any:
    return plan["objects"][0]["thresholds"][0]


def set_(**values: object) -> Change:
    return lambda plan: method_of(plan)["settings"].update(values)


CHANGES: dict[str, Change] = {
    "no settings": lambda plan: method_of(plan).update(settings={}),
    "a setting too much": set_(speed=1),
    "no such method": lambda plan: method_of(plan).update(name="os.system"),
    "a path as method": lambda plan: method_of(plan).update(name="../winclip"),
    "huge pictures": set_(image_size=96_000),
    "pictures of no size": set_(image_size=0),
    "pictures of another size": set_(image_size=121),
    "a text as size": set_(image_size="large"),
    "half a stride": set_(stride=0.5),
    "no stride": set_(stride=0),
    "temperature 0": set_(temperature=0),
    "temperature NaN": set_(temperature=float("nan")),
    "no such pooling": set_(pooling="sum"),
    "a list as pooling": set_(pooling=["mean"]),
    "no windows": set_(windows=None),
    "a window without sides": set_(windows=["image", "x"]),
    "a window of nothing": set_(windows=["0x0"]),
    "a window beyond the grid": set_(windows=["900x900"]),
    "a window of letters": set_(windows=["axb"]),
    "other windows": set_(windows=["image", "2x2"]),
    "other pooling": set_(pooling="max"),
    "no shots": set_(shots=0),
    "other shots": set_(shots=1),
    "no references": set_(references=[]),
    "no model": lambda plan: method_of(plan).update(model=[]),
    "one file": lambda plan: method_of(plan).update(model=["a.json"], model_kind="files"),
    "another model": lambda plan: method_of(plan).update(model=["promptdsl-maxi"]),
    "a file that cannot be": lambda plan: method_of(plan).update(
        model=["a\0b", "c" * 5_000], model_kind="files"
    ),
    "no such kind": lambda plan: method_of(plan).update(model_kind="cloud"),
    "threshold NaN": lambda plan: rule_of(plan).update(at=float("nan")),
    "threshold -5": lambda plan: rule_of(plan).update(at=-5),
    "threshold of words": lambda plan: rule_of(plan).update(at="much"),
    "no such rule": lambda plan: rule_of(plan).update(kind="count"),
    "no objects": lambda plan: plan.update(objects=[]),
    "objects twice": lambda plan: plan.update(objects=plan["objects"] * 2),
    "a name that leads away": lambda plan: plan["objects"][0].update(name="../../nut"),
    "fewer prompts": lambda plan: plan["objects"][0].update(prompts=[]),
    "a prompt of no kind": lambda plan: plan["objects"][0]["prompts"][0].update(label="odd"),
    "a good prompt with a defect": lambda plan: plan["objects"][0]["prompts"][0].update(defect="x"),
    "a newer plan": lambda plan: plan.update(plan_version=2),
    "a key too much": lambda plan: plan.update(more=1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_forged_plan_is_one_sentence(
    change: str, members: Callable[[str, int], Members], tmp_path: Path
) -> None:
    whole = members("winclip", 2)
    plan = json.loads(whole["plan.json"])
    CHANGES[change](plan)
    refused(seal(tmp_path / "forged.plan", {**whole, "plan.json": json.dumps(plan).encode()}))


@pytest.mark.parametrize(
    "compiled",
    [
        {"objects": []},
        {"objects": {}},
        {"objects": {"metal_nut": {}}},
        {"objects": {"metal_nut": {"weights_sha256": 7}}},
        {"objects": {"metal_nut": {"weights_sha256": "f" * 64}}},
        {"objects": {"other": {"weights_sha256": "f" * 64}}},
        {"thresholds": {"metal_nut": {"reject when score >= auto": float("nan")}}},
        {"thresholds": {"metal_nut": {"reject when score >= auto": -1}}},
        {"thresholds": {"metal_nut": [1]}},
        {"thresholds": 3},
        {"made_by": []},
        {"spec_hash": None},
        {"more": 1},
    ],
)
def test_what_was_compiled_is_held_to_its_form(
    compiled: dict[str, Any], members: Callable[[str, int], Members], tmp_path: Path
) -> None:
    whole = members("anomalyclip", 0)
    forged = {**json.loads(whole["compiled.json"]), **compiled}
    refused(seal(tmp_path / "f.plan", {**whole, "compiled.json": json.dumps(forged).encode()}))


@pytest.mark.parametrize("name", ["plan.json", "compiled.json"])
@pytest.mark.parametrize(
    "text", [b"", b"[", b"[" * 200_000, b"\xff", b'{"a": 1' + b"0" * 10_000 + b"}", b"null"]
)
def test_json_that_is_none_is_one_sentence(
    name: str, text: bytes, members: Callable[[str, int], Members], tmp_path: Path
) -> None:
    refused(seal(tmp_path / "forged.plan", {**members("anomalyclip", 0), name: text}))


def test_flipped_bytes_with_a_right_hash(
    members: Callable[[str, int], Members], tmp_path: Path
) -> None:
    """Either refused, or a plan: a letter of a phrase and a digit of a vector may be others."""
    whole, dice = members("anomalyclip", 0), random.Random(5)
    file = seal(tmp_path / "forged.plan", whole)
    payload = file.read_bytes().split(b"\n", 1)[1]
    ends = [*range(len(payload) - 200, len(payload))]  # the directory of the archive
    for place in [*ends, *(dice.randrange(len(payload)) for _ in range(300))]:
        damaged = bytearray(payload)
        damaged[place] ^= 1 << dice.randrange(8)
        try:
            content = read_plan_file(seal_payload(file, bytes(damaged)))
            for item in content.plan.objects:
                detector_state(content, item)
        except EnvironmentProblem as problem:
            if "\n" in problem.sentence:
                raise


def test_flipped_bytes_are_refused(members: Callable[[str, int], Members], tmp_path: Path) -> None:
    file, dice = seal(tmp_path / "part.plan", members("anomalyclip", 0)), random.Random(6)
    data = file.read_bytes()
    for place in [*range(110), *(dice.randrange(len(data)) for _ in range(390))]:
        damaged = bytearray(data)
        damaged[place] ^= 1 << dice.randrange(8)
        file.write_bytes(damaged)
        with pytest.raises(EnvironmentProblem) as caught:
            read_plan_file(file)
        assert caught.value.exit_code == 3


def test_a_method_that_is_not_installed_is_told(
    members: Callable[[str, int], Members], tmp_path: Path
) -> None:
    whole = members("anomalyclip", 0)
    plan = json.loads(whole["plan.json"])
    foreign = copy.deepcopy(plan)
    method_of(foreign)["name"] = "fog"
    file = seal(tmp_path / "fog.plan", {**whole, "plan.json": json.dumps(foreign).encode()})
    refused(file, "method fog, which is not installed here")


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and devices with names")
def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.plan"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        with pytest.raises(EnvironmentProblem, match="cannot be read"):
            read_plan_file(path)


def test_a_file_that_claims_terabytes_is_refused_without_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "huge.plan"
    length = 10**13
    with file.open("wb") as stream:
        header = MAGIC + f"1 {'0' * 64} {length}\n".encode()
        stream.write(header)
        try:
            stream.truncate(len(header) + length)
        except OSError:
            pytest.skip("this disk holds no such file, not even an empty one")
    with pytest.raises(EnvironmentProblem, match="larger than any plan"):
        read_plan_file(file)
