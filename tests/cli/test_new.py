"""`promptdsl new` with options: whatever is typed, the spec passes `check` and is tidy."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptdsl.language.format import format_source
from promptdsl.language.vocabulary import KEYWORDS, NAME, RESERVED
from promptdsl.pipeline import compile_text
from promptdsl.source import SourceFile
from promptdsl.starter.text import BUILTIN, FULL, Starter, StarterDefect, write_starter
from promptdsl.starter.words import MAX_WORDS_LENGTH, name_for, phrases_for, several, tidy

from .process import promptdsl


def test_options_write_a_spec_that_passes(tmp_path: Path) -> None:
    done = promptdsl("new", "--object", "Metal nut", "--defect", "bent tooth", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "next: promptdsl prompts metal_nut.inspect\n")
    text = (tmp_path / "metal_nut.inspect").read_text(encoding="utf-8")
    assert 'called: "metal nut"' in text
    assert '"{object} with a bent tooth"' in text
    assert promptdsl("check", "--strict", "metal_nut.inspect", cwd=tmp_path).returncode == 0
    assert promptdsl("fmt", "--check", "metal_nut.inspect", cwd=tmp_path).returncode == 0


def test_defects_may_stand_in_one_option_and_rewording_is_told(tmp_path: Path) -> None:
    done = promptdsl(
        "new", "n", "--object", "metal nut", "--defect", "scratch, rust", "--defect",
        "bent {tooth}", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "n.inspect").read_text(encoding="utf-8")
    for name in ("scratch", "rust", "bent_tooth"):
        assert f"defect {name} {{" in text
    assert "'bent {tooth}' is taken as \"bent tooth\"" in done.stderr
    assert "scratch, rust" not in done.stderr


@pytest.mark.parametrize(
    ("typed", "defects"),
    [
        ("scratch; rust", ("scratch", "rust")),
        ("scratch, and rust", ("scratch", "rust")),
        ("scratch, dent and rust", ("scratch", "dent", "rust")),
        ("dent and rust", ("dent and rust",)),
        ("scratch, spots of oil and water", ("scratch", "spots of oil and water")),
        ("scratch, scratch,", ("scratch",)),
        ("scratch of 0,5 mm", ("scratch of 0,5 mm",)),
        ("scratch (long, deep)", ("scratch (long, deep)",)),
        (" , ", ("",)),
    ],
)
def test_commas_divide_defects(typed: str, defects: tuple[str, ...]) -> None:
    assert several(typed) == defects


def test_words_without_a_letter_are_refused(tmp_path: Path) -> None:
    done = promptdsl("new", "n", "--object", "123", "--defect", "scratch", cwd=tmp_path)
    assert done.returncode == 2
    assert "no letters" in done.stderr
    assert not (tmp_path / "n.inspect").exists()


def test_pictures_become_samples_and_references(tmp_path: Path) -> None:
    for name in ("good/a.png", "good/b.jpg", "good/c.png", "bad [1]/x.png", "few/r.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    done = promptdsl(
        "new", "n", "--object", "nut", "--defect", "Deep scratch", "--good", "good",
        "--defect-pictures", "deep scratch=bad [1]", "--references", "few",
        "--model", "promptdsl-mini", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "n.inspect").read_text(encoding="utf-8")
    assert 'samples good { images: "good/*.png", "good/*.jpg" }' in text
    assert 'samples deep_scratch { images: "bad [[]1]/*.png" }' in text
    assert 'references: "few/*.png"' in text
    assert "shots: 1 " in text, "there is one picture"
    assert 'model: "promptdsl-mini"' in text
    checked = promptdsl("check", "n.inspect", cwd=tmp_path)
    assert checked.returncode == 0
    assert "I607" not in checked.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "there is no terminal for questions"),
        (["--object", "nut"], "there is no terminal for questions"),
        (["--object", " ", "--defect", "a"], "--object is empty"),
        (["--object", "x" * 100, "--defect", "a"], "longer than 60 characters"),
        (["nut.txt", "--object", "nut", "--defect", "a"], "a spec's name ends in .inspect"),
        (["no/nut", "--object", "nut", "--defect", "a"], "there is no folder no"),
        (["here", "--object", "nut", "--defect", "a"], "here.inspect exists already"),
        (["--object", "nut", "--defect", "a", "--good", "gone"], "there is no folder gone"),
        (["--object", "nut", "--defect", "a", "--good", "empty"], "empty holds no pictures"),
        (["--object", "nut", "--defect", "a", "--good", ".."], "lies outside of the spec's folder"),
        (["--object", "nut", "--defect", "a", "--defect-pictures", "b=empty"], "no --defect does"),
        (["--object", "nut", "--defect", "a", "--defect-pictures", "b"], "DEFECT=FOLDER"),
    ],
)
def test_options_that_cannot_be(words: list[str], sentence: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "here.inspect").write_text("mine", encoding="utf-8")
    done = promptdsl("new", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert (tmp_path / "here.inspect").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "nut.inspect").exists()


def test_force_replaces(tmp_path: Path) -> None:
    (tmp_path / "here.inspect").write_text("mine", encoding="utf-8")
    words = ("new", "here", "--object", "nut", "--defect", "a")
    assert promptdsl(*words, "--force", cwd=tmp_path).returncode == 0
    assert "object nut" in (tmp_path / "here.inspect").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Metal nut", "metal_nut"),
        ("the Metal Nut", "metal_nut"),
        ("Müller-Schraube Größe 5", "mueller_schraube_groesse_5"),
        ("螺母", "part"),
        ("3D print", "part_3d_print"),
        ("object", "object_part"),
        ("when", "when_part"),
        ("good", "good_part"),
        ('say "hi"', "say_hi"),
        ("a", "a"),
    ],
)
def test_names(typed: str, name: str) -> None:
    assert name_for(tidy(typed), "part") == name


@pytest.mark.parametrize(
    ("typed", "phrase"),
    [
        ("scratch", "scratched {object}"),
        ("scratches", "scratched {object}"),
        ("Scratched", "scratched {object}"),
        ("bent tooth", "{object} with a bent tooth"),
        ("open edge", "{object} with an open edge"),
        ("missing screw", "{object} with a missing screw"),
        ("no label", "{object} with a missing label"),
        ("wrong colour", "{object} with the wrong colour"),
        ("scratches on the edge", "{object} with scratches on the edge"),
        ("crooked", "crooked {object}"),
        ("dripping {object}", "dripping {object}"),
    ],
)
def test_phrases(typed: str, phrase: str) -> None:
    words = typed if "{object}" in typed else tidy(typed)
    made = phrases_for(words)
    assert phrase in made
    assert all(one.count("{object}") == 1 for one in made)


@given(
    st.text(min_size=1, max_size=MAX_WORDS_LENGTH),
    st.lists(st.text(max_size=MAX_WORDS_LENGTH), min_size=1, max_size=3),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_typed_gives_a_valid_spec(called: str, defects: list[str], mini: bool) -> None:
    words = [tidy(typed) or "damage" for typed in defects]
    named = {name_for(one, "defect"): phrases_for(one) for one in words}
    assert all(NAME.fullmatch(name) for name in named)
    assert not named.keys() & {*KEYWORDS, *RESERVED}
    starter = Starter(
        name_for(tidy(called), "part"),
        tidy(called) or "part",
        tuple(StarterDefect(name, phrases) for name, phrases in named.items()),
        BUILTIN if mini else FULL,
    )
    formatted = format_source(SourceFile("x", write_starter(starter)))
    assert formatted.text is not None
    compilation = compile_text(formatted.text)
    assert not compilation.report.errors, compilation.report.errors
