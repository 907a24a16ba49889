"""`promptdsl check`: exit codes, several files, formats, defaults."""

import json
from pathlib import Path

import pytest

from .process import BROKEN, NUT, promptdsl


def test_fine(folder: Path) -> None:
    done = promptdsl("check", "nut.inspect", cwd=folder)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("nut.inspect: fine (1 object, ")


def test_an_error(folder: Path) -> None:
    done = promptdsl("check", "broken.inspect", cwd=folder)
    assert done.returncode == 1
    assert "error[I204]" in done.stdout
    assert "  broken.inspect:4:20\n" in done.stdout
    assert done.stdout.endswith("\n1 error in broken.inspect\n")


def test_a_warning_and_strict(folder: Path) -> None:
    done = promptdsl("check", "warned.inspect", cwd=folder)
    assert done.returncode == 0
    assert "warned.inspect: 1 warning (1 object" in done.stdout
    assert promptdsl("check", "warned.inspect", "--strict", cwd=folder).returncode == 1
    assert promptdsl("check", "nut.inspect", "--strict", cwd=folder).returncode == 0


def test_several_files_and_folders(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "gear.inspect").write_text(NUT, encoding="utf-8")
    (folder / "more" / "notes.txt").write_text("x", encoding="utf-8")
    done = promptdsl("check", "nut.inspect", ".", cwd=folder)
    assert done.returncode == 1
    assert "more/gear.inspect: fine" in done.stdout
    assert done.stdout.count("nut.inspect: fine") == 1
    assert done.stdout.splitlines()[-1] == "4 files: 1 error, 1 warning"


@pytest.mark.parametrize(
    ("name", "code"), [("missing.inspect", 2), ("latin.inspect", 1), ("locked.inspect", 3)]
)
def test_files_that_cannot_be_taken(name: str, code: int, folder: Path) -> None:
    (folder / "latin.inspect").write_bytes(b"inspect 1\n# \xe9\n")
    locked = folder / "locked.inspect"
    locked.write_text(NUT, encoding="utf-8")
    locked.chmod(0)
    if name == "locked.inspect" and _readable(locked):
        pytest.skip("this user may read everything")
    done = promptdsl("check", name, cwd=folder)
    assert done.returncode == code
    assert name in done.stdout


def _readable(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def test_an_empty_folder_is_wrong_use(tmp_path: Path) -> None:
    done = promptdsl("check", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "error: the folder . holds no .inspect file\n"


def test_standard_input(folder: Path) -> None:
    assert promptdsl("check", "-", stdin=NUT, cwd=folder).returncode == 0
    done = promptdsl("check", "-", stdin=BROKEN, cwd=folder)
    assert done.returncode == 1
    assert "<stdin>:4:20" in done.stdout


def test_json(folder: Path) -> None:
    done = promptdsl("check", "nut.inspect", "broken.inspect", "--format", "json", cwd=folder)
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["errors"] == 1
    assert document["diagnostics"][0]["file"] == "broken.inspect"
    assert [(f["file"], f["ok"]) for f in document["files"]] == [
        ("nut.inspect", True),
        ("broken.inspect", False),
    ]


def test_github_and_sarif(folder: Path) -> None:
    done = promptdsl("check", "broken.inspect", "--format", "github", cwd=folder)
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=broken.inspect,line=4,col=20,")
    done = promptdsl("check", "broken.inspect", "--format", "sarif", cwd=folder)
    assert done.returncode == 1
    assert json.loads(done.stdout)["runs"][0]["results"][0]["ruleId"] == "I204"
    quiet = promptdsl("check", "nut.inspect", "--format", "github", cwd=folder)
    assert (quiet.returncode, quiet.stdout) == (0, "")


def test_defaults_can_be_pasted(folder: Path) -> None:
    done = promptdsl("check", "nut.inspect", "--show-defaults", cwd=folder)
    assert done.returncode == 0
    text = done.stdout[: done.stdout.rindex("}\n") + 2]
    for words in ('called: "metal nut"', "normal {", "templates {", "temperature: 0.07"):
        assert words in text
    assert "default, not calibrated" in text
    pasted = "inspect 1\n" + text[: text.rindex("}")] + '  defect a { "bad {object}" }\n}\n'
    checked = promptdsl("check", "-", stdin=pasted, cwd=folder)
    assert checked.returncode == 0, checked.stdout


def test_defaults_in_json(folder: Path) -> None:
    done = promptdsl("check", "nut.inspect", "--show-defaults", "--format", "json", cwd=folder)
    (item,) = json.loads(done.stdout)["files"][0]["objects"]
    assert item["uncalibrated_default"] is True
    assert item["settings"]["windows"] == ["image", "2x2", "3x3"]
    assert item["written_settings"] == []


def test_another_folder_must_be_allowed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "lists.inspect").write_text(
        'inspect 1\nwords bad { "bad {object}" }\n', encoding="utf-8"
    )
    use = f'inspect 1\nuse "../{outside.name}/lists" as l\n'
    spec = use + "object a { defect b { include l.bad } }\n"
    (folder / "a.inspect").write_text(spec, encoding="utf-8")
    assert promptdsl("check", "a.inspect", cwd=folder).returncode == 1
    assert promptdsl("check", "a.inspect", "--allow", outside, cwd=folder).returncode == 0
    assert promptdsl("check", "a.inspect", "--allow", "nowhere", cwd=folder).returncode == 2
