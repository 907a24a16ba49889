"""Names and words of other people never steer the terminal of the person who reads them."""

import re
from pathlib import Path

import pytest

from tests.cli.process import NUT, promptdsl

CLI = Path(__file__).parents[2] / "promptdsl" / "cli"
RED = "\x1b[31m"
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f\x9b\u202e\u2066]")
NAME = f"p{RED}\u202e\x9b"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / NAME
    inner.mkdir()
    (inner / "nut.inspect").write_text(NUT, encoding="utf-8")
    (inner / "messy.inspect").write_text(NUT.replace("{\n", "{\n\n\n\n"), encoding="utf-8")
    (tmp_path / "red.inspect").write_text(
        NUT.replace("scratched", f"scratched{RED}").replace(
            "\n}", f'\n  samples good {{ images: "{RED}/*.png", "{NAME}/*.png" }}\n}}'
        ),
        encoding="utf-8",
    )
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("check", f"{NAME}/nut.inspect"),
        ("check", "red.inspect", "--show-defaults"),
        ("check", f"{NAME}/none.inspect"),
        ("prompts", "red.inspect"),
        ("prompts", f"{NAME}/nut.inspect"),
        ("fmt", f"{NAME}/messy.inspect"),
        ("fmt", f"{NAME}/none.inspect"),
        ("compile", f"{NAME}/nut.inspect", "--json", f"{NAME}/plan.json"),
        ("compile", f"{NAME}/nut.inspect", "--format", "json", "-o", f"{NAME}/plan.json"),
        ("new", f"{NAME}/new.inspect", "--object", "a b", "--defect", "scratch"),
        ("new", "new.inspect", "--object", f"a{RED} b", "--defect", f"scr{RED}atch"),
        ("new", "new.inspect", "--object", "ab", "--defect", "cut", "--good", NAME),
        ("explain", f"I{RED}"),
        ("models", f"x{RED}"),
        (f"x{RED}",),
        ("run", f"{NAME}/none.inspect", "a.png"),
        ("run", f"{NAME}/nut.inspect", f"{NAME}/none.png"),
        ("run", f"{NAME}/nut.inspect", f"--{RED}"),
        ("train", "anomalyclip", "--data", NAME, "-o", f"{NAME}.safetensors"),
    ],
    ids=lambda words: STEERS.sub("~", " ".join(words)),
)
def test_nothing_raw(folder: Path, words: tuple[str, ...]) -> None:
    done = promptdsl(*words, cwd=folder)
    told = done.stdout + done.stderr
    assert told and not STEERS.search(told)


def test_commands_write_through_the_functions_of_the_terminal() -> None:
    """`say`, `tell_note` and the like show names harmlessly; click's echo does not."""
    wrong = re.compile(r"\bclick\.(s?echo|secho)\(|(?<![\w.])print\(|sys\.std(out|err)\.write\(")
    found = [
        path.name
        for path in sorted(CLI.rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if wrong.search(line) and "onsole" not in line
    ]
    assert [name for name in found if name != "terminal.py"] == [
        "fmt.py",  # a rendered report
        "main.py",  # click's own help
        "main.py",  # an end of line
        "specs.py",  # a rendered report
    ]
