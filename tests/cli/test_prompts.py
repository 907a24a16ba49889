"""`promptdsl prompts`: what the model reads and where it came from."""

import csv
import io
import json
from pathlib import Path

import pytest

from .process import NUT, promptdsl

SPEC = """inspect 1
use "std/winclip" as std
object nut {
  called: "metal nut"
  normal { include std.normal, "{object}, shiny" }
  defect scratch { "scratched {object}" }
  defect dent { "dented {object}" }
  templates { "a photo of the {object}.", "the {object}" }
}
object bolt { defect bent { "bent {object}" }, templates { "a {object}" } }
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "parts.inspect"
    path.write_text(SPEC, encoding="utf-8")
    return path


def test_text_names_the_lines(spec: Path) -> None:
    done = promptdsl("prompts", spec.name, "--object", "nut", cwd=spec.parent)
    assert done.returncode == 0
    assert 'nut ("metal nut"): ' in done.stdout
    assert "\nscratch  scratched {object}  (parts.inspect:6)\n" in done.stdout
    assert "  a photo of the scratched metal nut.  parts.inspect:8\n" in done.stdout
    assert "by parts.inspect:5)" in done.stdout
    assert "bolt" not in done.stdout


def test_json_has_origins(spec: Path) -> None:
    done = promptdsl("prompts", spec.name, "--format", "json", cwd=spec.parent)
    nut, bolt = json.loads(done.stdout)["objects"]
    assert nut["count"] == len(nut["prompts"]) == sum(nut["counts"].values())
    assert bolt["name"] == "bolt"
    last = nut["prompts"][-1]
    assert last["text"] == "the dented metal nut"
    assert (last["label"], last["defect"]) == ("anomalous", "dent")
    place = last["phrase_place"]
    line = SPEC.splitlines()[place["line"] - 1]
    assert line[place["column"] - 1 : place["end_column"] - 1] == '"dented {object}"'
    place = last["template_place"]
    line = SPEC.splitlines()[place["line"] - 1]
    assert line[place["column"] - 1 : place["end_column"] - 1] == '"the {object}"'


def test_csv_opens_in_a_spreadsheet(spec: Path) -> None:
    done = promptdsl("prompts", spec.name, "--format", "csv", "--object", "nut", cwd=spec.parent)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert any(row["prompt"] == "the metal nut, shiny" for row in rows)
    assert {row["defect"] for row in rows} == {"", "scratch", "dent"}


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (["--label", "normal"], {"normal"}),
        (["--label", "anomalous"], {"anomalous"}),
        (["--defect", "dent"], {"anomalous"}),
    ],
)
def test_filters(words: list[str], labels: set[str], spec: Path) -> None:
    done = promptdsl("prompts", spec.name, *words, "--format", "json", cwd=spec.parent)
    prompts = [p for item in json.loads(done.stdout)["objects"] for p in item["prompts"]]
    assert {prompt["label"] for prompt in prompts} == labels
    if "--defect" in words:
        assert {prompt["defect"] for prompt in prompts} == {"dent"}


def test_count(spec: Path) -> None:
    done = promptdsl("prompts", spec.name, "--count", "--object", "nut", cwd=spec.parent)
    assert "scratch  1 phrase x 2 templates = 2\n" in done.stdout
    done = promptdsl("prompts", spec.name, "--count", "--format", "json", cwd=spec.parent)
    assert "prompts" not in json.loads(done.stdout)["objects"][0]


@pytest.mark.parametrize(
    ("words", "help"),
    [
        (["--defect", "scrach"], "did you mean scratch?"),
        (["--object", "zzz"], "it has: nut, bolt"),
    ],
)
def test_unknown_names(words: list[str], help: str, spec: Path) -> None:
    done = promptdsl("prompts", spec.name, *words, cwd=spec.parent)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"help: {help}"


def test_wrong_use_and_faulty_specs(folder: Path) -> None:
    both = promptdsl("prompts", "nut.inspect", "--label", "normal", "--defect", "x", cwd=folder)
    assert both.returncode == 2
    broken = promptdsl("prompts", "broken.inspect", cwd=folder)
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "error[I204]" in broken.stderr
    warned = promptdsl("prompts", "warned.inspect", cwd=folder)
    assert warned.returncode == 0
    assert "1 warning in warned.inspect; promptdsl check shows them" in warned.stderr
    assert promptdsl("prompts", "missing.inspect", cwd=folder).returncode == 2
    assert promptdsl("prompts", "-", stdin=NUT, cwd=folder).returncode == 0
