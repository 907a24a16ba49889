"""`promptdsl fmt`: writes, checks, shows, and leaves alone what it must not touch."""

import os
import stat
from pathlib import Path

import pytest

from promptdsl.cli.main import main
from promptdsl.language import format as formatter
from promptdsl.language.layout import lay_out

from .process import NUT, promptdsl

UNTIDY = NUT.replace("  defect", "      defect")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "nut.inspect"
    path.write_text(UNTIDY, encoding="utf-8")
    return path


def test_formats_in_place(spec: Path) -> None:
    done = promptdsl("fmt", spec.name, cwd=spec.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "formatted nut.inspect\n1 file changed\n"
    assert spec.read_text(encoding="utf-8") == NUT
    assert promptdsl("fmt", spec.name, cwd=spec.parent).stdout == "1 file already tidy\n"
    assert os.listdir(spec.parent) == ["nut.inspect"]


def test_check_changes_nothing(spec: Path) -> None:
    done = promptdsl("fmt", "--check", spec.name, cwd=spec.parent)
    assert done.returncode == 1
    assert done.stdout == "would change nut.inspect\n1 file would change\n"
    assert spec.read_text(encoding="utf-8") == UNTIDY
    spec.write_text(NUT, encoding="utf-8")
    assert promptdsl("fmt", "--check", spec.name, cwd=spec.parent).returncode == 0


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf" + NUT.encode(), NUT.replace("\n", "\r\n").encode()]
)
def test_a_byte_order_mark_and_crlf_are_changes(data: bytes, spec: Path) -> None:
    spec.write_bytes(data)
    assert promptdsl("fmt", "--check", spec.name, cwd=spec.parent).returncode == 1
    assert promptdsl("fmt", spec.name, cwd=spec.parent).returncode == 0
    assert spec.read_bytes() == NUT.encode()


def test_diff(spec: Path) -> None:
    done = promptdsl("fmt", "--diff", spec.name, cwd=spec.parent)
    assert done.returncode == 0
    assert done.stdout.startswith("--- nut.inspect\n+++ nut.inspect (formatted)\n@@")
    assert "\n-      defect scratch" in done.stdout
    assert "\n+  defect scratch" in done.stdout
    assert spec.read_text(encoding="utf-8") == UNTIDY
    assert promptdsl("fmt", "--diff", "--check", spec.name, cwd=spec.parent).returncode == 1


def test_standard_input(tmp_path: Path) -> None:
    done = promptdsl("fmt", "-", stdin=UNTIDY, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, NUT, "")
    assert promptdsl("fmt", "-", "--check", stdin=UNTIDY).returncode == 1
    assert promptdsl("fmt", "-", "--check", stdin=NUT).returncode == 0
    broken = promptdsl("fmt", "-", stdin='inspect 1\n"x\n')
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "<stdin>:2:1" in broken.stderr
    assert promptdsl("fmt", "-", "x.inspect").returncode == 2


def test_bad_files_do_not_stop_the_others(spec: Path) -> None:
    folder = spec.parent
    (folder / "a_open.inspect").write_text("inspect 1\nobject a {\n", encoding="utf-8")
    (folder / "b_latin.inspect").write_bytes(b"\xe9")
    (folder / "sub").mkdir()
    (folder / "sub" / "c.inspect").write_text(UNTIDY, encoding="utf-8")
    done = promptdsl("fmt", folder, "missing.inspect", cwd=folder)
    assert done.returncode == 1
    assert "a_open.inspect is left as it was" in done.stderr
    assert "b_latin.inspect is not UTF-8 text" in done.stderr
    assert "there is no file missing.inspect" in done.stderr
    assert done.stdout.splitlines()[-1] == "2 files changed, 3 left as they were"
    assert (folder / "sub" / "c.inspect").read_text(encoding="utf-8") == NUT
    assert (folder / "a_open.inspect").read_text(encoding="utf-8") == "inspect 1\nobject a {\n"


def test_a_missing_file_is_wrong_use(tmp_path: Path) -> None:
    assert promptdsl("fmt", "missing.inspect", cwd=tmp_path).returncode == 2


def test_permissions_and_links_stay(spec: Path) -> None:
    spec.chmod(0o640)
    link = spec.parent / "link.inspect"
    link.symlink_to(spec.name)
    assert promptdsl("fmt", "link.inspect", cwd=spec.parent).returncode == 0
    assert link.is_symlink()
    assert spec.read_text(encoding="utf-8") == NUT
    assert stat.S_IMODE(spec.stat().st_mode) == 0o640


def test_a_failed_write_leaves_the_old_file(
    spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert main(["fmt", str(spec)]) == 3
    told = capsys.readouterr()
    assert "No space left on device" in told.err
    assert told.out == "1 file left as it was\n", "it was not changed"
    assert spec.read_text(encoding="utf-8") == UNTIDY
    assert os.listdir(spec.parent) == ["nut.inspect"]


def test_a_fault_of_the_formatter_leaves_the_file(
    spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(formatter, "lay_out", lambda *args: lay_out(*args).replace("scratch", "x"))
    assert main(["fmt", str(spec)]) == 1
    assert "a fault of promptdsl" in capsys.readouterr().err
    assert spec.read_text(encoding="utf-8") == UNTIDY
