"""Specs out of git: the right text, the right imports, and a sentence for what is not there."""

import os
import subprocess
from pathlib import Path

import pytest

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.evaluate.words.versions import open_version

WORDS = 'inspect 1\nwords bad {{ "{word} {{object}}" }}\n'
SPEC = """\
inspect 1
use "std/winclip" as std
use "lists/words" as own
object nut {
  normal { include std.normal }
  defect scratch { include own.bad }
}
"""


def git(folder: Path, *arguments: str) -> str:
    environment = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
    }  # fmt: skip
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits of a spec and of the list that it uses; the working tree differs from both."""
    folder = tmp_path / "line"
    specs = folder / "specs"
    (specs / "lists").mkdir(parents=True)
    git(folder, "init", "-q")
    for word in ("scratched", "scuffed"):
        (specs / "nut.inspect").write_text(SPEC, "utf-8")
        (specs / "lists" / "words.inspect").write_text(WORDS.format(word=word), "utf-8")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", word)
    (specs / "lists" / "words.inspect").write_text(WORDS.format(word="dented"), "utf-8")
    monkeypatch.chdir(folder)
    return folder


def defect_words(name: str) -> list[str]:
    compilation = open_version(name).compilation
    assert compilation.ok, [item.message for item in compilation.report.errors]
    assert compilation.spec is not None
    return [phrase.text for phrase in compilation.spec.objects[0].defects[0].phrases]


def test_imports_come_from_the_same_revision(repository: Path) -> None:
    assert defect_words("git:HEAD~1:specs/nut.inspect") == ["scratched {object}"]
    assert defect_words("git:HEAD:specs/nut.inspect") == ["scuffed {object}"]
    assert defect_words("specs/nut.inspect") == ["dented {object}"]


def test_a_path_may_start_here(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "specs")
    for path in ("specs/nut.inspect", "./nut.inspect", "nut.inspect"):
        assert defect_words(f"git:HEAD~1:{path}") == ["scratched {object}"]


def test_a_file_that_is_gone_from_disk_is_still_there(repository: Path) -> None:
    (repository / "specs" / "lists" / "words.inspect").unlink()
    assert defect_words("git:HEAD:specs/nut.inspect") == ["scuffed {object}"]


def test_a_file_that_the_revision_lacks_is_not_taken_from_disk(repository: Path) -> None:
    (repository / "specs" / "more.inspect").write_text(WORDS.format(word="torn"), "utf-8")
    text = SPEC.replace("lists/words", "more")
    (repository / "specs" / "new.inspect").write_text(text, "utf-8")
    git(repository, "add", "specs/new.inspect")
    git(repository, "commit", "-qm", "new")
    compilation = open_version("git:HEAD:specs/new.inspect").compilation
    assert [item.code for item in compilation.report.errors] == ["I302"]


def test_the_lock_comes_from_the_revision(repository: Path) -> None:
    lock = '{"lock_version": 1, "spec": "a", "written": "now", "versions": {}, "objects": {}}'
    (repository / "specs" / "nut.inspect.lock").write_text(lock, "utf-8")
    assert open_version("git:HEAD:specs/nut.inspect").lock is None
    assert open_version("specs/nut.inspect").lock is not None


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("git:nowhere:specs/nut.inspect", "git knows no revision nowhere"),
        ("git:--help:specs/nut.inspect", "git knows no revision --help"),
        ("git:HEAD:specs/bolt.inspect", "revision HEAD has no file specs/bolt.inspect"),
        ("git:HEAD:../nut.inspect", "outside of the repository"),
        ("git:specs/nut.inspect", "git:REV:path"),
        ("git:HEAD:", "git:REV:path"),
        ("specs/bolt.inspect", "there is no such spec"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(repository: Path, name: str, part: str) -> None:
    with pytest.raises(UsageProblem, match=part.replace("(", r"\(")):
        open_version(name)


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageProblem, match="is in no git repository"):
        open_version("git:HEAD:nut.inspect")


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="git is not installed"):
        open_version("git:HEAD:nut.inspect")
