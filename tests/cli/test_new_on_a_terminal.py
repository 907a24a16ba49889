"""`promptdsl new` as a person sees it: questions on a terminal, odd answers, Ctrl-C."""

import os
import sys
from pathlib import Path

import pytest

from .process import clean_environment, promptdsl

pexpect = pytest.importorskip("pexpect", reason="needs pseudo terminals")


class Person:
    """Reads a question, types an answer."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "promptdsl", "new", *words],
            cwd=str(folder),
            env=clean_environment(),
            encoding="utf-8",
            timeout=20,
            dimensions=(40, 120),
        )

    def answers(self, question: str, answer: str) -> None:
        """Wait for a question and answer it."""
        self.child.expect_exact(question)
        self.child.sendline(answer)

    def reads(self, sentence: str) -> None:
        """Wait for a sentence."""
        self.child.expect_exact(sentence)

    def exit_code(self) -> int:
        """Wait for the end."""
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert "Traceback" not in self.child.before
        code: int = self.child.exitstatus
        return code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("good", "few", "bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"")
    return tmp_path


def test_a_whole_conversation(folder: Path) -> None:
    person = Person(folder)
    person.answers("What do you inspect", "Metal nut")
    person.answers("Name of the file [metal_nut.inspect]", "")
    person.answers("Defect 1", "scratch")
    person.reads('"scratched {object}"')
    person.answers("Enter keeps these phrases", "")
    person.answers("Defect 2", "bent tooth")
    person.answers("Enter keeps these phrases", "bent {object}, crooked tooth")
    person.answers("Defect 3", "")
    person.answers("to compare with", "few")
    person.answers("other good parts, to test with", "good")
    person.answers("pictures of scratch", "bad")
    person.answers("pictures of bent tooth", "")
    person.answers("Model", "1")
    person.reads("wrote metal_nut.inspect")
    assert person.exit_code() == 0
    text = (folder / "metal_nut.inspect").read_text(encoding="utf-8")
    for line in (
        'called: "metal nut"',
        "defect scratch {",
        '"bent {object}"',
        '"{object} with a crooked tooth"',
        'references: "few/*.png"',
        'samples good { images: "good/*.png" }',
        'samples scratch { images: "bad/*.png" }',
        'model: "promptdsl-mini"',
    ):
        assert line in text
    assert promptdsl("check", "metal_nut.inspect", cwd=folder).returncode == 0
    assert promptdsl("fmt", "--check", "metal_nut.inspect", cwd=folder).returncode == 0


def test_odd_answers_are_asked_again(folder: Path) -> None:
    (folder / "moebel.inspect").write_text("mine", encoding="utf-8")
    person = Person(folder)
    person.answers("What do you inspect", "")
    person.reads("Please say it in a word or two")
    person.answers("What do you inspect", "123 !")
    person.reads("please use some letters")
    person.answers("What do you inspect", "x" * 90)
    person.reads("at most 60 characters")
    person.answers("What do you inspect", 'das "Möbel"')
    person.answers("Name of the file", "moebel")
    person.reads("exists already")
    person.answers("Name of the file", "nowhere/x")
    person.reads("There is no folder nowhere")
    person.answers("Name of the file", "x.txt")
    person.reads("ends in .inspect")
    person.answers("Name of the file", "x")
    person.answers("Defect 1", "")
    person.reads("At least one")
    person.answers("Defect 1", "normal")
    person.answers("Enter keeps these phrases", "{object} {object}")
    person.answers("Defect 2", "Normal.")
    person.reads("is in the list already")
    person.answers("Defect 2", "")
    person.answers("to compare with", "gone")
    person.reads("there is no folder gone")
    person.answers("to compare with", "/")
    person.reads("lies outside")
    person.answers("to compare with", "good")
    person.answers("to test with", "good")
    person.reads("cannot be both")
    person.answers("to test with", "")
    person.answers("Model", "7")
    person.answers("Model", "2")
    assert person.exit_code() == 0
    assert (folder / "moebel.inspect").read_text(encoding="utf-8") == "mine"
    text = (folder / "x.inspect").read_text(encoding="utf-8")
    assert "defect normal_defect {" in text
    assert 'called: "das \\"Möbel' in text
    assert promptdsl("check", "x.inspect", cwd=folder).returncode == 0


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_write_nothing(key: str, folder: Path) -> None:
    person = Person(folder)
    person.answers("What do you inspect", "nut")
    person.child.expect_exact("Name of the file")
    person.child.send(key)
    person.reads("stopped")
    assert person.exit_code() == 130
    assert not [name for name in os.listdir(folder) if "nut" in name]


def test_options_answer_in_advance(folder: Path) -> None:
    words = ["n.inspect", "--object", "nut", "--references", "few", "--model", "promptdsl-mini"]
    person = Person(folder, *words)
    person.answers("Defect 1", "dent")
    person.answers("Enter keeps these phrases", "")
    person.answers("Defect 2", "")
    person.answers("to test with", "")
    assert person.exit_code() == 0
    assert (folder / "n.inspect").is_file()


@pytest.mark.parametrize("further", [[], ["--references", "few", "--model", "promptdsl-mini"]])
def test_one_line_that_says_what_is_needed_asks_nothing(further: list[str], folder: Path) -> None:
    words = ["--object", "nut", "--defect", "dent", *further]
    person = Person(folder, "here", *words)
    person.reads("wrote here.inspect")
    assert person.exit_code() == 0
    assert promptdsl("new", "there", *words, cwd=folder).returncode == 0
    here, there = ((folder / name).read_text("utf-8") for name in ("here.inspect", "there.inspect"))
    assert here == there


def test_the_next_defect_typed_too_early_does_not_become_a_phrase(folder: Path) -> None:
    person = Person(folder, "n", "--object", "nut", "--model", "promptdsl-mini")
    person.answers("Defect 1", "scratch")
    person.answers("Enter keeps these phrases", "rust, dent")
    person.answers('"rust" and "dent": further defects, and no phrases for scratch?', "")
    person.reads('rust: "')
    person.answers("Enter keeps these phrases", "")
    person.reads('dent: "')
    person.answers("Enter keeps these phrases", "long line")
    person.answers('"long line": another defect, and no phrase for dent?', "n")
    person.answers("Defect 4", "")
    person.answers("to compare with", "")
    person.answers("to test with", "")
    assert person.exit_code() == 0
    text = (folder / "n.inspect").read_text(encoding="utf-8")
    assert [line.split()[1] for line in text.splitlines() if line.startswith("  defect ")] == [
        "scratch", "rust", "dent", "other",
    ]  # fmt: skip
    assert '"{object} with rust"' in text.split("defect rust")[1]
    assert '"{object} with a long line"' in text.split("defect dent")[1]
