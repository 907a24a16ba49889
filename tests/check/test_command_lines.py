"""Every command that is printed can be pasted, whatever is in the names of files."""

import ast
import shlex
from pathlib import Path, PurePath

import pytest

from promptdsl.files.naming import command_line
from tests.cli.process import NUT, promptdsl

PACKAGE = Path(__file__).resolve().parents[2] / "promptdsl"
VERBS = ("check", "run", "calibrate", "validate", "compile", "models", "prompts", "fmt", "explain")
BY_CODE = "promptdsl explain "  # followed by a code, which has no signs in it


@pytest.mark.parametrize(
    "name", ["nut.inspect", "my nut.inspect", "it's.inspect", "$(x).inspect", "a;b", "é*.inspect"]
)
def test_a_shell_gives_the_name_back(name: str) -> None:
    assert shlex.split(command_line("check", PurePath("parts", name))) == [
        "promptdsl", "check", f"parts/{name}",
    ]  # fmt: skip


def test_a_path_is_no_option_and_steers_no_terminal() -> None:
    assert command_line("check", PurePath("-x.inspect")) == "promptdsl check ./-x.inspect"
    assert "\x1b" not in command_line("check", PurePath("a\x1b[2J.inspect"))


def test_commands_that_are_printed_are_quoted(tmp_path: Path) -> None:
    part = tmp_path / "my part.inspect"
    part.write_text(
        NUT.replace("}\n}", "}\n  thresholds { reject when score >= auto }\n}"), encoding="utf-8"
    )
    done = promptdsl("compile", part.name, "-o", "plan.json", cwd=tmp_path)
    assert "promptdsl calibrate 'my part.inspect'" in done.stdout + done.stderr
    done = promptdsl("my part.inspect", cwd=tmp_path)
    assert "promptdsl check 'my part.inspect'" in done.stderr
    words = ("new", "other part.inspect", "--object", "gear", "--defect", "bent tooth")
    assert "promptdsl prompts 'other part.inspect'" in promptdsl(*words, cwd=tmp_path).stderr


def test_no_command_is_put_together_by_hand() -> None:
    """A name inside of an f-string that begins a command is a name that nobody quoted."""
    wrong = []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and any(map(_ends, _before_names(node))):
                wrong.append(f"{file.name}:{node.lineno}")
    assert not wrong


def _before_names(node: ast.JoinedStr) -> list[str]:
    pairs = zip(node.values, node.values[1:], strict=False)
    return [
        str(text.value)
        for text, name in pairs
        if isinstance(text, ast.Constant) and isinstance(name, ast.FormattedValue)
    ]


def _ends(text: str) -> bool:
    return not text.endswith(BY_CODE) and any(text.endswith(f"promptdsl {verb} ") for verb in VERBS)
