"""Which pictures a run looks at."""

import os
from pathlib import Path

import pytest

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.found import Found
from promptdsl.files.inputs import find_in_spec, find_pictures
from promptdsl.files.search import place_of


def counts(found: Found) -> dict[str, int]:
    return {why: one.count for why, one in found.left_out.items()}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def test_folder_in_natural_order(here: Path) -> None:
    touch("pics/part_10.png", "pics/part_9.PNG", "pics/part_1.jpg")
    assert find_pictures(["pics"]).pictures == (
        "pics/part_1.jpg",
        "pics/part_9.PNG",
        "pics/part_10.png",
    )


def test_the_same_picture_once_whatever_its_spelling(here: Path) -> None:
    touch("pics/a.png", "pics/b.png")
    given = ["pics/b.png", "./pics/b.png", "pics/", "pics/*.png", str(here / "pics" / "a.png")]
    assert find_pictures(given).pictures == ("pics/b.png", "pics/a.png")


def test_other_files_and_hidden_pictures_are_counted(here: Path) -> None:
    touch(
        "p/a.png", "p/b.csv", "p/c.csv", "p/README", "p/.hidden.png", "p/.DS_Store", "p/sub/x.png"
    )
    found = find_pictures(["p"])
    assert found.pictures == ("p/a.png",)
    assert counts(found) == {
        ".csv": 2,
        "files without a suffix": 1,
        "hidden pictures": 1,
        "sub-folders": 1,
    }
    assert found.left_out["sub-folders"].first == ["p/sub"]
    assert "2 .csv (p/b.csv, p/c.csv)" in found.told and "1 sub-folder (p/sub)" in found.told


def test_recursive(here: Path) -> None:
    touch("p/b/1.png", "p/a/2.png", "p/3.png")
    found = find_pictures(["p"], recursive=True)
    assert found.pictures == ("p/3.png", "p/a/2.png", "p/b/1.png")
    assert counts(found) == {}


def test_globs(here: Path) -> None:
    touch("p/a/1.png", "p/b/2.png", "p/b/notes.txt", "p/3.png")
    assert find_pictures(["p/*/*.png"]).pictures == ("p/a/1.png", "p/b/2.png")
    found = find_pictures(["p/**"])
    assert found.pictures == ("p/3.png", "p/a/1.png", "p/b/2.png")
    assert counts(found) == {".txt": 1}


def test_a_name_with_brackets_is_a_name(here: Path) -> None:
    touch("p[1].png")
    assert find_pictures(["p[1].png"]).pictures == ("p[1].png",)


def test_a_named_file_counts_whatever_its_suffix(here: Path) -> None:
    touch("p/notes.txt", "camera.heic")
    assert find_pictures(["p/notes.txt", "camera.heic"]).pictures == ("p/notes.txt", "camera.heic")


def test_camera_files_and_folders_named_like_pictures_are_not_lost(here: Path) -> None:
    touch("p/a.heic", "p/c.tga", "p/d.hif")
    (here / "p/b.png").mkdir()
    assert find_pictures(["p"]).pictures == ("p/a.heic", "p/b.png", "p/c.tga", "p/d.hif")


@pytest.mark.parametrize(
    ("inside", "told"), [("p/s/", "1 sub-folder:"), ("p/{}/", "2 sub-folders:")]
)
def test_sub_folders_are_counted_in_words(here: Path, inside: str, told: str) -> None:
    touch(*(inside.format(name) + "a.png" for name in "ab"))
    with pytest.raises(EnvironmentProblem) as caught:
        find_pictures(["p"])
    assert told in str(caught.value.help)


@pytest.mark.parametrize("given", ["empty", "p/*.bmp", "missing.png", "p"])
def test_nothing_found_is_an_error_that_names_the_place(here: Path, given: str) -> None:
    (here / "empty").mkdir()
    touch("p/a.txt", "p/sub/a.png")
    with pytest.raises(EnvironmentProblem) as caught:
        find_pictures([given])
    assert given in caught.value.sentence
    assert given == "missing.png" or ".png" in caught.value.sentence
    assert given != "p" or "--recursive" in str(caught.value.help)


def test_output_folders_are_not_inspected(here: Path) -> None:
    touch("p/a.png", "p/out/maps/a.png", "p/old/run.json", "p/old/results.jsonl", "p/old/b.png")
    found = find_pictures(["p"], recursive=True, exclude=Path("p/out"))
    assert found.pictures == ("p/a.png",)
    assert counts(found) == {"folders with results": 1}


def test_links_that_lead_back_end(here: Path) -> None:
    touch("p/a.png")
    os.symlink(here / "p", here / "p" / "loop")
    assert find_pictures(["p"], recursive=True).pictures == ("p/a.png",)


def test_a_broken_link_is_an_error_record_not_a_loss(here: Path) -> None:
    touch("p/a.png")
    os.symlink("nowhere.png", "p/b.png")
    assert find_pictures(["p"]).pictures == ("p/a.png", "p/b.png")


def test_a_link_that_leads_to_itself_is_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "loop.png").symlink_to("loop.png")
    found = find_pictures([str(tmp_path)])
    assert [Path(picture).name for picture in found.pictures] == ["a.png", "loop.png"]


def test_two_dots_behind_a_link_name_what_the_system_opens(here: Path) -> None:
    touch("x.png", "far/x.png", "far/deep/y.png")
    Path("link").symlink_to("far/deep")
    (picture,) = find_pictures(["link/../x.png"]).pictures
    assert os.path.samefile(picture, "far/x.png")
    assert place_of(picture) == place_of("far/x.png") != place_of("x.png")
    assert find_pictures(["link/../x.png", "x.png", "far/x.png"]).pictures == (picture, "x.png")


def test_a_pattern_that_meets_links_to_itself_doubles_nothing(here: Path) -> None:
    touch("p/a.png", "p/b.png")
    for name in ("latest", "current"):
        Path("p", name).symlink_to(".")
    for given in ("p/**/*.png", "p/**", "p"):
        assert find_pictures([given], recursive=True).pictures == ("p/a.png", "p/b.png")


def test_links_to_folders_are_followed_on_the_command_line(here: Path) -> None:
    touch("p/a.png", "store/b.png")
    Path("p/today").symlink_to("../store")
    for given in ("p/**/*.png", "p"):
        assert find_pictures([given], recursive=True).pictures == ("p/a.png", "p/today/b.png")
    assert find_pictures(["p/*"]).pictures == ("p/a.png", "p/today/b.png")


@pytest.mark.parametrize("given", ["p", "p/**/*.png"])
def test_an_unreadable_folder_does_not_stop_the_others(
    here: Path, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch("p/a.png", "p/locked/b.png")
    lock(monkeypatch)
    found = find_pictures([given], recursive=True)
    assert found.pictures == ("p/a.png",)
    assert found.problems == [
        "p/locked: this folder was not looked at: it may not be read: permission denied"
    ]
    with pytest.raises(EnvironmentProblem, match="p/locked: this folder was not looked at"):
        find_pictures(["p/locked"])


def lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder named `locked` may not be listed, not even by root."""
    real = os.scandir

    def scandir(path: str) -> object:
        if os.path.basename(path) == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("promptdsl.files.search.os.scandir", scandir)


@pytest.mark.parametrize(
    ("given", "help"),
    [
        ("p/*.png", 'p holds 1 .jpg file: write "p/*.jpg" or "p"'),
        ("pasrt/*.jpg", 'did you mean "parts/*.jpg"?'),
        ("p/aa.jpg", 'did you mean "p/a.jpg"?'),
        ("*.gif", "this folder holds no pictures, but the folders p, parts: name one of them"),
        ("nowhere/*.png", "None"),
    ],
)
def test_what_is_there_instead(here: Path, given: str, help: str) -> None:
    touch("p/a.jpg", "parts/b.txt")
    with pytest.raises(EnvironmentProblem) as caught:
        find_pictures([given])
    assert str(caught.value.help).startswith(help)


def test_nothing_and_too_much(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch("p/a.png", "p/b.png", "p/c.png")
    for given in ("", "a\0b"):
        with pytest.raises(EnvironmentProblem, match="no such file"):
            find_pictures([given])
    monkeypatch.setattr("promptdsl.files.inputs.MOST_ENTRIES", 2)
    with pytest.raises(EnvironmentProblem, match="p: this leads through more than 2 files"):
        find_pictures(["p"])
    with pytest.raises(EnvironmentProblem, match=r"s/x[.]png: there is no such file"):
        find_in_spec(["x.png"], Path("s"))


def test_patterns_of_a_spec_are_relative_to_it(here: Path) -> None:
    touch("line [A]/good/1.png", "line [A]/good/n.txt", "line A/good/2.png")
    found = find_in_spec(["good/*", "good"], Path("line [A]"))
    assert found.pictures == ("line [A]/good/1.png",)
    assert found.told == "1 .txt (line [A]/good/n.txt)"
    assert find_in_spec([str(here / "line A/good")], Path("line [A]")).pictures == (
        (here / "line A/good/2.png").as_posix(),
    )
