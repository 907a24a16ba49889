"""Which pictures a run looks at."""

import os
from pathlib import Path

import pytest

from promptdsl.errors import EnvironmentProblem
from promptdsl.runtime.inputs import find_pictures


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
    assert found.left_out == {
        ".csv": 2,
        "files without a suffix": 1,
        "hidden pictures": 1,
        "sub-folders": 1,
    }
    assert found.first_left_out["sub-folders"] == ["p/sub"]
    assert "2 .csv (p/b.csv, p/c.csv)" in found.told and "1 sub-folder (p/sub)" in found.told


def test_recursive(here: Path) -> None:
    touch("p/b/1.png", "p/a/2.png", "p/3.png")
    found = find_pictures(["p"], recursive=True)
    assert found.pictures == ("p/3.png", "p/a/2.png", "p/b/1.png")
    assert found.left_out == {}


def test_globs(here: Path) -> None:
    touch("p/a/1.png", "p/b/2.png", "p/b/notes.txt", "p/3.png")
    assert find_pictures(["p/*/*.png"]).pictures == ("p/a/1.png", "p/b/2.png")
    found = find_pictures(["p/**"])
    assert found.pictures == ("p/3.png", "p/a/1.png", "p/b/2.png")
    assert found.left_out == {".txt": 1}


def test_a_name_with_brackets_is_a_name(here: Path) -> None:
    touch("p[1].png")
    assert find_pictures(["p[1].png"]).pictures == ("p[1].png",)


def test_a_named_file_counts_whatever_its_suffix(here: Path) -> None:
    touch("p/notes.txt", "camera.heic")
    assert find_pictures(["p/notes.txt", "camera.heic"]).pictures == ("p/notes.txt", "camera.heic")


def test_camera_files_and_folders_named_like_pictures_are_not_lost(here: Path) -> None:
    touch("p/a.heic")
    (here / "p/b.png").mkdir()
    assert find_pictures(["p"]).pictures == ("p/a.heic", "p/b.png")


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
    assert found.left_out == {"folders with results": 1}


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
