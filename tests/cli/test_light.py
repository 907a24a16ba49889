"""`check`, `fmt`, `prompts` and their like answer in a blink: nothing heavy is imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .process import clean_environment

HEAVY = ["torch", "open_clip", "pydantic", "rich", "PIL", "numpy", "scipy", "cv2", "jinja2"]
PROBE = """
import json, sys
from promptdsl.cli.main import main
code = main(sys.argv[1:])
sys.stderr.write(json.dumps([code, sorted(sys.modules)]))
"""


def imported_by(words: list[str], cwd: Path) -> set[str]:
    """Top-level modules that a successful command has imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words],
        capture_output=True,
        cwd=cwd,
        env=clean_environment(),
        timeout=60,
        check=True,
    )
    code, modules = json.loads(done.stderr.decode().splitlines()[-1])
    assert code == 0, done.stderr.decode()
    return {name.split(".")[0] for name in modules}


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["check", "nut.inspect"],
        ["check", "nut.inspect", "--show-defaults", "--format", "json"],
        ["check", "nut.inspect", "--format", "sarif"],
        ["fmt", "--check", "nut.inspect"],
        ["fmt", "--diff", "nut.inspect"],
        ["prompts", "nut.inspect"],
        ["prompts", "nut.inspect", "--format", "csv"],
        ["explain"],
        ["new", "other.inspect", "--object", "gear", "--defect", "bent tooth"],
    ],
    ids=" ".join,
)
def test_nothing_heavy(words: list[str], folder: Path) -> None:
    assert not imported_by(words, folder).intersection(HEAVY)


def test_a_plan_needs_pydantic_and_no_torch(folder: Path) -> None:
    modules = imported_by(["compile", "nut.inspect", "-o", "nut.json"], folder)
    assert "pydantic" in modules
    assert not modules.intersection({"torch", "open_clip", "PIL", "numpy", "rich"})
