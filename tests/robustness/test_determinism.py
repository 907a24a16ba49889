"""The same spec gives the same plan bytes, whoever compiles it and from where."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.robustness.corpus import ROOT

PLAN = """
import sys
from pathlib import Path
from promptdsl.pipeline import compile_file
from promptdsl.plan.build import plan_json
for name in sys.argv[1:]:
    sys.stdout.buffer.write(plan_json(compile_file(Path(name)).plan()).encode())
"""
NAMES = ("specs/mvtec/metal_nut.inspect", "specs/visa/pcb1.inspect", "specs/mvtec/wood.inspect")


def plans(names: list[str], folder: Path, seed: str, **environment: str) -> bytes:
    """The plans of some specs, from a process of its own."""
    variables = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-c", PLAN, *names]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, check=True
    ).stdout


def test_same_bytes_for_every_hash_seed_folder_and_path(tmp_path: Path) -> None:
    first = plans(list(NAMES), ROOT, "0")
    assert first.count(b"\n") == len(NAMES)
    assert plans(list(NAMES), ROOT, "1", LC_ALL="C", TZ="Asia/Tokyo") == first
    assert plans([str(ROOT / name) for name in NAMES], tmp_path, "2") == first
    inner = [os.path.relpath(ROOT / name, ROOT / "specs" / "std") for name in NAMES]
    assert plans(inner, ROOT / "specs" / "std", "3") == first
    for name in NAMES:
        shutil.copy(ROOT / name, tmp_path)
    assert plans([Path(name).name for name in NAMES], tmp_path, "4") == first
