"""What `check` says about the pictures that a spec names."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.process import Done, promptdsl

SPEC = """inspect 1

object metal_nut {{
  defect scratch {{ "scratched {{object}}" }}
  method winclip {{ model: "promptdsl-mini"{references} }}
  samples good {{ images: {images} }}
}}
"""


def check(folder: Path, images: str, references: str = "", *words: str) -> Done:
    told = f", references: {references}" if references else ""
    (folder / "s.inspect").write_text(SPEC.format(images=images, references=told), "utf-8")
    return promptdsl("check", "s.inspect", *words, cwd=folder)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def helps(done: Done) -> str:
    return next(line for line in done.stdout.splitlines() if line.startswith("help: "))


def test_a_folder_is_taken_and_its_pictures_are_counted(tmp_path: Path) -> None:
    touch(tmp_path, "good/1.png", "good/2.jpg", "good/n.txt", "refs/3.png", "good/sub/4.png")
    done = check(tmp_path, '"good", "good/*.png"', '"refs"')
    assert done.returncode == 0
    assert done.stdout.endswith("s.inspect: fine (1 object, 176 prompts, 3 pictures)\n")
    done = check(tmp_path, '"good"', "", "--format", "json")
    assert json.loads(done.stdout)["files"][0]["pictures"] == 2


@pytest.mark.parametrize(
    ("images", "advice"),
    [
        ("scratch/*.png", 'scratch holds 3 .jpg files: write "scratch/*.jpg" or "scratch"'),
        ("mixed/*.bmp", 'mixed holds 2 .jpg and 1 .PNG files: write "mixed"'),
        ("mixed/*.png", 'mixed holds 2 .jpg and 1 .PNG files: write "mixed"'),
        ("x [1]/*.jpg", 'x [1] holds 1 .jpg file: write "x [[]1]/*.jpg" or "x [1]"'),
        ("loop/*.jpg", "loop is no folder"),
        ("scrtch/*.jpg", 'did you mean "scratch/*.jpg"?'),
        ("scratch/00.jpg", 'did you mean "scratch/0.jpg"?'),
        ("notes", "notes holds no pictures, but 1 .txt file"),
        ("notes/*", "notes holds no pictures, but 1 .txt file"),
        ("empty", "empty holds no pictures: put some into it, or name another folder"),
        (
            "deep",
            "deep holds no pictures, but the folders a, b, c and 1 more: name one of them, as "
            '"deep/a"',
        ),
        ("box", 'box holds no pictures, but the folder good: name it, as "box/good"'),
        ("*.tif", 'the spec\'s folder holds 1 .png file: write "*.png" or "."'),
        ("elsewhere/*.png", "paths are relative to the spec's folder; check the spelling"),
        ("*/*/*.gif", None),
        ("ro\\u0007t", None),
    ],
)
def test_what_is_there_instead(tmp_path: Path, images: str, advice: str | None) -> None:
    touch(
        tmp_path, *(f"scratch/{n}.jpg" for n in range(3)), "mixed/1.jpg", "mixed/2.jpg",
        "mixed/3.PNG", "notes/a.txt", "top.png", "box/good/1.png", "x [1]/1.jpg",
        *(f"deep/{name}/1.png" for name in "abcd"),
    )  # fmt: skip
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    done = check(tmp_path, f'"{images}"')
    assert "[I607]" in done.stdout and "\x07" not in done.stdout
    if advice is not None:
        assert helps(done) == f"help: {advice}"


def test_any_folders_look_behind_no_link_and_say_so(tmp_path: Path) -> None:
    touch(tmp_path, "spec/good/1.jpg", "outside/2.jpg")
    (tmp_path / "spec/ext").symlink_to("../outside")
    done = check(tmp_path / "spec", '"**/*.jpg"')
    assert "warning[I615]: ext is not looked at: ** follows no links to folders" in done.stdout
    assert "1 warning (1 object, 176 prompts, 1 picture)" in done.stdout
    assert helps(done) == 'help: if its pictures belong to these, add "ext"'
    for pattern in ("*/*.jpg", "ext/*.jpg", "ext", "ext/../outside/*.jpg", "ext/2.jpg"):
        done = check(tmp_path / "spec", f'"{pattern}"')
        assert "[I602]" in done.stdout and done.returncode == 1, pattern
    (tmp_path / "spec/ext").unlink()
    (tmp_path / "spec/latest").symlink_to(".")
    (tmp_path / "spec/good/current").symlink_to("..")
    done = check(tmp_path / "spec", '"**/*.jpg"')
    assert done.stdout == "s.inspect: fine (1 object, 176 prompts, 1 picture)\n"


def test_a_reference_that_is_a_sample_by_another_way(tmp_path: Path) -> None:
    touch(tmp_path, "good/1.png", "good/2.png")
    (tmp_path / "same").symlink_to("good")
    done = check(tmp_path, '"good/1.png"', '"same/*.png"')
    assert "error[I604]: good/1.png is a reference and a sample" in done.stdout


def test_weights_are_one_file_by_name(tmp_path: Path) -> None:
    touch(tmp_path, "w1.safetensors", "good/1.png")
    spec = SPEC.format(images='"good"', references=', weights: "w[1].safetensors"')
    (tmp_path / "s.inspect").write_text(spec.replace("winclip", "anomalyclip"))
    done = promptdsl("check", "s.inspect", cwd=tmp_path)
    assert "weights: there is no file w[1].safetensors" in done.stdout
    touch(tmp_path, "w[1].safetensors")
    done = promptdsl("check", "s.inspect", cwd=tmp_path)
    assert "there is no file" not in done.stdout and "w[1].safetensors says nothing" in done.stdout


def test_weights_that_are_there_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "loop.pth").symlink_to("loop.pth")
    for name, what in (
        ("folder", "a folder"), ("pipe.safetensors", "not a regular file"),
        ("loop.pth", "not a regular file"),
    ):  # fmt: skip
        text = SPEC.replace("winclip", "anomalyclip").format(
            images='"a.png"', references=f', weights: "{name}"'
        )
        (tmp_path / "s.inspect").write_text(text)
        done = promptdsl("check", "s.inspect", cwd=tmp_path)
        assert f"error[I601]: {name} is {what}\n" in done.stdout


def test_what_cannot_be_looked_at_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "good/1.png", "good/locked/2.png")
    os.mkfifo(tmp_path / "good/3.png")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("promptdsl.files.search.os.scandir", scandir)
    done = check(tmp_path, '"good/**"')
    assert "good/locked was not looked at: it may not be read: permission denied" in done.stdout
    assert "good/3.png is named like a picture and is no regular file" in done.stdout
    assert done.stdout.count("warning[I615]") == 2 and done.returncode == 0


def test_a_spec_reached_by_two_dots_behind_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "far/spec/good/1.png", "far/deep/x")
    (tmp_path / "link").symlink_to("far/deep")
    spec = tmp_path / "far/spec/s.inspect"
    spec.write_text(SPEC.format(images='"good"', references=""), "utf-8")
    done = promptdsl("check", "link/../spec/s.inspect", cwd=tmp_path)
    assert "1 picture)" in done.stdout and done.returncode == 0, done.stdout


def test_two_dots_behind_a_link_stay_inside(tmp_path: Path) -> None:
    touch(tmp_path, "x.png", "spec/x.png", "spec/good/1.png")
    (tmp_path / "outer").mkdir()
    (tmp_path / "spec/link").symlink_to("../outer")
    done = check(tmp_path / "spec", '"link/../x.png"')
    assert "[I602]" in done.stdout, "the system would read the picture above the spec's folder"


def test_more_shots_than_references(tmp_path: Path) -> None:
    touch(tmp_path, *(f"good/{number}.png" for number in range(4)), "held/1.png")
    done = check(tmp_path, '"held"', '"good", "good/*.png", shots: 40')
    assert "error[I616]: shots asks for 40 references, and there are 4 pictures" in done.stdout
    assert helps(done) == "help: write shots: 4, or add pictures to the references"
    assert "and there is 1 picture" in check(tmp_path, '"held"', '"good/1.png", shots: 2').stdout
    assert "I616" not in check(tmp_path, '"held"', '"good", shots: 4').stdout
    assert "I616" not in check(tmp_path, '"held"', '"nothing", shots: 4').stdout


def test_many_patterns_share_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, *(f"good/{number}.png" for number in range(30)))
    monkeypatch.setattr("promptdsl.check.context.ALL_ENTRIES", 50)
    done = check(tmp_path, ", ".join(f'"good/{n}*.png"' for n in range(4)))
    assert done.stdout.count("leads through more than 50 files") == 2, done.stdout


def test_the_folder_of_specs_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "specs/locked/x", "specs/.hidden/b.inspect")
    (tmp_path / "specs/a.inspect").write_text(SPEC.format(images='"a.png"', references=""))
    (tmp_path / "specs/again").symlink_to(".")
    (tmp_path / "specs/far").symlink_to("/")
    done = promptdsl("check", "specs", cwd=tmp_path)
    assert done.stdout.count("a.inspect: ") == 1
    assert done.stderr == "note: left out 1 link to a folder (specs/far)\n"
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("promptdsl.files.search.os.scandir", scandir)
    for command in (["check"], ["fmt", "--check"]):
        done = promptdsl(*command, "specs/locked", "specs", cwd=tmp_path)
        assert done.returncode == 3, "the other files are looked at all the same"
        assert done.stderr.count("specs/locked: this folder was not looked at") == 2
        assert "a.inspect: 1 warning" in done.stdout or "1 file already tidy" in done.stdout
    (tmp_path / "specs/b.inspect").write_text("inspect 1\nobject {}\n")
    assert promptdsl("check", "specs", cwd=tmp_path).returncode == 1
