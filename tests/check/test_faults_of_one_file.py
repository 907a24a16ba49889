"""A path or a name that the disk cannot take is a fault of its file: all the others are checked."""

import os
from pathlib import Path

import pytest

from promptdsl.check.known_models import open_clip_facts
from promptdsl.pipeline import compile_file, compile_text
from promptdsl.source import DiskLoader
from tests.cli.process import NUT, promptdsl

LONG = "m" * 300
DEEP = "d/" * 3_000 + "x"
BODY = 'inspect 1\nobject a {{\n  defect b {{ "bad {{object}}" }}\n  {}\n}}\n'
LINES = {
    "model": f'method winclip {{ model: "{LONG}" }}',
    "deep model": f'method winclip {{ model: "{DEEP}", "openai" }}',
    "tag": f'method winclip {{ model: "ViT-B-32", "{LONG}" }}',
    "model files": f'method winclip {{ model: "{LONG}.json", "{DEEP}.pt" }}',
    "references": f'method winclip {{ references: "{LONG}" }}',
    "pattern": f'method winclip {{ references: "{DEEP}/*.png" }}',
    "weights": f'method april_gan {{ model: "promptdsl-mini", weights: "{LONG}.safetensors" }}',
    "images": f'samples good {{ images: "{LONG}.png" }}',
    "masks": f'samples b {{ images: "x.png", masks: "{DEEP}" }}',
    "setting": f"method winclip {{ {LONG}: 1 }}",
}


@pytest.mark.parametrize("what", LINES)
def test_a_name_that_no_disk_takes(what: str, tmp_path: Path) -> None:
    (tmp_path / "a.inspect").write_text(BODY.format(LINES[what]), encoding="utf-8")
    (tmp_path / "b.inspect").write_text("broken", encoding="utf-8")
    (tmp_path / "nut.inspect").write_text(NUT, encoding="utf-8")
    done = promptdsl("check", "a.inspect", "b.inspect", "nut.inspect", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1].startswith("3 files: ")
    assert "nut.inspect: fine" in done.stdout and "in b.inspect" in done.stdout
    assert "  a.inspect:" in done.stdout


@pytest.mark.parametrize("path", [LONG, f"std/{LONG}", DEEP, "a\\u0000"])
def test_a_used_file_that_no_disk_takes(path: str, tmp_path: Path) -> None:
    text = f'inspect 1\nuse "{path}" as x\nobject a {{ defect b {{ "bad {{object}}" }} }}\n'
    found = compile_text(text, "a.inspect", folder=tmp_path).report
    assert [item.code for item in found] == ["I302"]


@pytest.mark.parametrize("name", [LONG, DEEP, "a\0b", "..", "a\ud800", "", "ViT-B-32\n"])
def test_no_such_model(name: str) -> None:
    assert open_clip_facts(name) is None


def test_a_disk_that_fails_in_between_costs_one_file(tmp_path: Path) -> None:
    class Failing(DiskLoader):
        def exists(self, path: Path) -> bool:
            raise OSError(5, "Input/output error")

    (tmp_path / "a.inspect").write_text('inspect 1\nuse "b" as b\n', encoding="utf-8")
    compilation = compile_file(tmp_path / "a.inspect", loader=Failing())
    (item,) = compilation.report
    assert item.code == "I001" and item.message.endswith("cannot be checked: Input/output error")
    assert not compilation.ok


def test_names_of_specs_that_no_disk_takes(tmp_path: Path) -> None:
    (tmp_path / "nut.inspect").write_text(NUT, encoding="utf-8")
    done = promptdsl("check", f"{LONG}.inspect", DEEP, "nut.inspect", cwd=tmp_path)
    assert done.returncode == 2
    assert "nut.inspect: fine" in done.stdout
    assert done.stdout.count("error[I001]") == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_a_pipe_in_a_folder_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.inspect")
    (tmp_path / "nut.inspect").write_text(NUT, encoding="utf-8")
    done = promptdsl("check", ".", cwd=tmp_path)
    assert done.returncode == 3
    assert "pipe.inspect cannot be read: it is not a regular file" in done.stdout
    assert "nut.inspect: fine" in done.stdout


def test_text_that_is_no_text() -> None:
    for text, code in (("n\ud800t", "I002"), ("a\0", "I002"), ("#" * 1_000_001, "I003")):
        assert [item.code for item in compile_text(text, "a.inspect").report] == [code]


def test_files_that_are_too_large_together(tmp_path: Path) -> None:
    names = [f"u{index}" for index in range(6)]
    for name in names:
        (tmp_path / f"{name}.inspect").write_text("inspect 1\n" + ("#" * 99 + "\n") * 9_000)
    uses = "".join(f'use "{name}"\n' for name in names)
    (tmp_path / "a.inspect").write_text("inspect 1\n" + uses)
    found = [item for item in compile_file(tmp_path / "a.inspect").report if item.code == "I309"]
    assert [item.message for item in found] == [
        "the files of a spec may have at most 3,000,000 letters together"
    ]
