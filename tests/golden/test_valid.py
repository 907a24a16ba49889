"""Specs that use every construct: no diagnostics, and a Plan whose hash is known.

PROMPTDSL_REWRITE=1 writes plans.json again: a changed hash means that published plans change.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from promptdsl.language.format import format_source
from promptdsl.pipeline import compile_file, compile_text
from promptdsl.plan.build import plan_json
from promptdsl.plan.model import Plan
from tests.golden.expectations import described

FOLDER = Path(__file__).parent / "valid"
NAMES = sorted(path.name for path in FOLDER.glob("*.inspect"))
PLANS = Path(__file__).parent / "plans.json"
REWRITE = os.environ.get("PROMPTDSL_REWRITE") == "1"
PLAN_OF_ARGUMENT = """
import sys
from pathlib import Path
from promptdsl.pipeline import compile_file
from promptdsl.plan.build import plan_json
sys.stdout.buffer.write(plan_json(compile_file(Path(sys.argv[1])).plan()).encode())
"""


@pytest.mark.parametrize("name", NAMES)
def test_compiles_without_a_word(name: str) -> None:
    compilation = compile_file(FOLDER / name)
    assert described(compilation) == []
    assert compilation.ok


def test_plans_keep_their_hashes() -> None:
    found = {name: compile_file(FOLDER / name).plan().hash for name in NAMES}
    if REWRITE:
        PLANS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    assert found == json.loads(PLANS.read_text(encoding="utf-8"))
    assert len(set(found.values())) == len(found)


def meaning(plan: Plan) -> list[object]:
    """A plan without the places where things were written."""
    return [
        (
            item.name,
            item.called,
            [(prompt.text, prompt.label, prompt.defect) for prompt in item.prompts],
            (item.method.name, item.method.model, item.method.settings),
            [rule.model_dump(exclude={"origin", "text"}) for rule in item.thresholds],
            [sample.model_dump(exclude={"origin"}) for sample in item.samples],
            [test.model_dump(exclude={"origin"}) for test in item.tests],
            item.picture and item.picture.model_dump(exclude={"origin"}),
            [place.model_dump(exclude={"origin"}) for place in (*item.regions, *item.ignored)],
        )
        for item in plan.objects
    ]


@pytest.mark.parametrize("name", NAMES)
def test_layout_changes_places_only(name: str) -> None:
    """The formatter leaves every prompt, setting and threshold alone."""
    compilation = compile_file(FOLDER / name)
    formatted = format_source(compilation.sources[compilation.name])
    assert formatted.text is not None
    again = compile_text(formatted.text, name, folder=FOLDER)
    assert described(again) == []
    assert meaning(again.plan()) == meaning(compilation.plan())


def _plan_bytes(path: str, cwd: Path, **environment: str) -> bytes:
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root, **environment}
    command = [sys.executable, "-c", PLAN_OF_ARGUMENT, path]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=True)
    return done.stdout


@pytest.mark.parametrize("name", ["whole_file.inspect", "extends_over_files.inspect"])
def test_plan_is_the_same_bytes_everywhere(name: str, tmp_path: Path) -> None:
    here = plan_json(compile_file(FOLDER / name).plan()).encode()
    assert _plan_bytes(name, FOLDER) == here
    assert _plan_bytes(f"./{name}", FOLDER, PYTHONHASHSEED="1") == here
    assert _plan_bytes(f"valid/{name}", FOLDER.parent, PYTHONHASHSEED="2") == here
    assert _plan_bytes(str(FOLDER / name), tmp_path, PYTHONHASHSEED="77") == here
    assert _plan_bytes(str(FOLDER / name), tmp_path, LC_ALL="C", PYTHONUTF8="0", LANG="C") == here


def test_plan_of_a_copied_folder_is_the_same(tmp_path: Path) -> None:
    copy = tmp_path / "another place" / "specs"
    shutil.copytree(FOLDER, copy)
    name = "extends_over_files.inspect"
    assert compile_file(copy / name).plan() == compile_file(FOLDER / name).plan()


def test_plan_names_no_folder_of_this_machine() -> None:
    for name in NAMES:
        text = plan_json(compile_file(FOLDER / name).plan())
        assert str(FOLDER.parent) not in text
