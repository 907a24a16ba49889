"""What a path, a folder and a pattern mean."""

import os
from pathlib import Path

import pytest

from promptdsl.files import search
from promptdsl.files.find import Found, How, TooManyFiles, find, has_wildcards, place_of, together
from promptdsl.files.found import LeftOut, what_was_left_out


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def link(path: str, to: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).symlink_to(to)


def names(pattern: str, how: How = How(), folder: str = ".") -> list[str]:  # noqa: B008
    return [*find(folder, pattern, how).files]


def counts(found: Found) -> dict[str, int]:
    return {why: one.count for why, one in found.left_out.items()}


@pytest.fixture
def allowed(here: Path) -> How:
    return How(roots=(str(here.resolve()),))


def test_a_name_that_exists_means_itself() -> None:
    touch("a[1].png", "a1.png", "[x]/b.png", "x/b.png", "*/star.png", "list.txt")
    assert names("a[1].png") == ["a[1].png"]
    assert names("[x]") == ["[x]/b.png"]
    assert names("[x]/*.png") == ["x/b.png"], "within a pattern, brackets are a choice"
    assert names("list.txt") == ["list.txt"]
    assert names("*") == ["*/star.png"]


def test_the_folder_is_no_part_of_the_pattern() -> None:
    touch("line [A]/good/1.png", "line A/good/2.png")
    assert names("*/*/*.png", folder="") == names("*/*/*.png")
    assert names("good/*.png", folder="line [A]") == ["line [A]/good/1.png"]
    assert names("good", folder="line [A]") == ["line [A]/good/1.png"]


def test_a_folder_means_the_pictures_in_it_in_natural_order() -> None:
    touch(
        "p/10.png", "p/9.PNG", "p/1.jpg", "p/n.txt", "p/README", "p/.1.png", "p/.x", "p/sub/a.png"
    )
    found = find(".", "p")
    assert found.files == ("p/1.jpg", "p/9.PNG", "p/10.png")
    assert counts(found) == {
        ".txt": 1,
        "files without a suffix": 1,
        "hidden pictures": 1,
        "sub-folders": 1,
    }
    assert found.left_out["sub-folders"].names == ["p/sub"]
    deep = find(".", "p", How(recursive=True))
    assert deep.files == (*found.files, "p/sub/a.png") and "sub-folders" not in deep.left_out
    assert names("p/**") == [*deep.files]


def test_wildcards() -> None:
    touch("a/1.png", "b/2.png", "b/3.PNG", "b/deep/er/4.png", "5.png", "b/6.pngx", "b/ü.png")
    assert names("*/*.png") == ["a/1.png", "b/2.png", "b/ü.png"]
    assert names("**/*.png") == ["5.png", "a/1.png", "b/2.png", "b/deep/er/4.png", "b/ü.png"]
    assert names("b/**/[!2].png") == ["b/deep/er/4.png", "b/ü.png"]
    assert names("?/1.png") == ["a/1.png"]
    assert names("**/er/*") == ["b/deep/er/4.png"]
    assert names("**/**/**/4.png") == ["b/deep/er/4.png"]
    assert names("b/*.PNG") == ["b/3.PNG"]
    assert counts(find(".", "b/*")) == {".pngx": 1, "sub-folders": 1}
    assert names("*/deep") == []
    assert names("*/deep/er") == ["b/deep/er/4.png"], "a folder named at the end is one, too"
    assert names("c/*.png") == names("missing.png") == names("") == names("a\0b") == []


def test_hidden_ones_are_matched_by_their_dot_alone() -> None:
    touch(".cache/1.png", "a/.2.png", "a/.thumbs/3.png")
    assert names("**/*.png") == names("*/*.png") == names("a") == []
    assert counts(find(".", "**/*.png")) == {"hidden pictures": 1}
    assert names(".cache/*.png") == [".cache/1.png"]
    assert names("a/.*") == ["a/.2.png"]
    assert names("a/.thumbs") == ["a/.thumbs/3.png"]


def test_folders_with_results_are_not_entered_by_wildcards() -> None:
    touch("old/run.json", "old/results.jsonl", "old/maps/1.png", "old/2.png", "good/3.png")
    touch("half/run.json", "half/4.png")
    for pattern in ("**/*.png", "**"):
        found = find(".", pattern)
        assert found.files == ("good/3.png", "half/4.png"), pattern
        assert found.left_out["folders with results"].names == ["old"]
        assert found.left_out["folders with results"].count == 1
    assert names("*/*.png") == ["good/3.png", "half/4.png"]
    assert counts(find(".", "**/*/*.png")) == {"folders with results": 1}, "met twice, told once"
    assert names("old") == []
    assert names("old/maps/*.png") == names("old/maps") == ["old/maps/1.png"], "named by hand"


def test_an_excluded_folder_is_not_looked_into(here: Path) -> None:
    touch("p/1.png", "p/out/2.png", "p/out/maps/3.png", "p/out/4.png")
    how = How(exclude=os.path.realpath("p/out"), recursive=True, command_line=True)
    assert names("p", how) == names("**/*.png", how) == names("p/*", how) == ["p/1.png"]
    assert names("p/out/*.png", how) == names("p/out/maps/*", how) == names("p/out", how) == []


def test_links_in_a_circle_double_nothing_and_end() -> None:
    touch("p/1.png", "p/sub/2.png")
    for number in range(10):
        link(f"p/again{number}", ".")
        link(f"p/sub/up{number}", "..")
    for how in (How(), How(command_line=True), How(command_line=True, recursive=True)):
        assert names("p/**/*.png", how) == ["p/1.png", "p/sub/2.png"]
        found = find(".", "p/" + "*/" * 20 + "1.png", how)
        assert len(found.files) == 1 and found.entries < 5000
    assert names("p", How(recursive=True, command_line=True)) == ["p/1.png", "p/sub/2.png"]
    assert counts(find(".", "p/**")) == {}, "links that lead back hide nothing"


def test_any_folders_follow_no_links_in_a_spec_and_do_on_the_command_line() -> None:
    touch("p/1.png", "store/2.png", "store/deep/3.png")
    link("p/a_link", "../store")
    found = find(".", "p/**/*.png")
    assert found.files == ("p/1.png",)
    assert found.left_out["links to folders"].names == ["p/a_link"]
    followed = find(".", "p/**/*.png", How(command_line=True))
    assert followed.files == ("p/1.png", "p/a_link/2.png", "p/a_link/deep/3.png")
    assert names("*/*.png") == ["p/1.png", "store/2.png"]
    assert names("p/*/*.png") == ["p/a_link/2.png"], "one star stands for one name, links too"


def test_the_real_way_goes_before_a_link() -> None:
    touch("p/z/1.png")
    link("p/a", "z")
    for how in (How(command_line=True), How(command_line=True, recursive=True)):
        assert names("p/**", how) == names("p/*/*.png", how) == ["p/z/1.png"]
    assert names("p/a/*.png") == ["p/a/1.png"]


def test_two_links_to_one_file_are_two_pictures() -> None:
    touch("store/0.png")
    link("p/1.png", "../store/0.png")
    link("p/2.png", "../store/0.png")
    assert names("p/*.png") == ["p/1.png", "p/2.png"]


def test_nothing_is_found_outside(here: Path, allowed: How) -> None:
    Path("../secret.png").touch()
    touch("good/1.png", "good/inner/2.png")
    link("out", "..")
    link("good/secret.png", "../../secret.png")
    for pattern in (
        "out/*.png", "out", "out/secret.png", "*/*.png", "../secret.png", "../*.png", "good/*.png",
        "good/secret.png", "**/../../*.png", "good/inner/../../../*.png",
        str(here.parent / "*.png"),
    ):  # fmt: skip
        found = find(here, pattern, allowed)
        assert found.outside is not None, pattern
        assert not any("secret" in name for name in found.files), pattern
    Path("../empty").mkdir()
    link("nothing", "../empty")
    assert find(here, "nothing/*.png", allowed).outside == str(here / "nothing")
    assert [*find(here, "good/inner/../1.png", allowed).files]
    assert find(here, "out/here/good/inner/*.png", allowed).outside is None
    wider = How(roots=(*(allowed.roots or ()), str(here.parent.resolve())))
    assert find(here, "out/*.png", wider).outside is None
    assert find(here, str(here.resolve() / "good/inner/*"), allowed).outside is None


def test_a_folder_of_a_name_that_begins_alike_is_outside(here: Path, allowed: How) -> None:
    touch("../here too/1.png")
    assert find(here, "../here too/*.png", allowed).outside is not None


def test_two_dots_behind_a_link_are_where_the_link_leads() -> None:
    touch("x.png", "far/x.png", "far/deep/y.png")
    link("link", "far/deep")
    (found,) = find(".", "link/../x.png").files
    assert os.path.samefile(found, "far/x.png")
    assert place_of("link/../x.png") == place_of("far/x.png") != place_of("x.png")
    assert place_of("./x.png") == place_of("far/../x.png") == place_of(os.path.abspath("x.png"))
    assert place_of("far/..") == place_of(".") == place_of("") == os.path.realpath(".")
    assert place_of("link/..") == os.path.realpath("far")


def test_what_is_named_like_a_picture_is_not_lost(here: Path) -> None:
    touch("p/1.png")
    Path("p/2.png").mkdir()
    os.mkfifo("p/3.png")
    link("p/4.png", "nowhere.png")
    link("p/5.png", "5.png")
    for pattern in ("p", "p/*.png", "p/**", "*/*.png"):
        found = find(".", pattern)
        assert found.files == tuple(f"p/{number}.png" for number in range(1, 6)), pattern
        assert found.strange == found.files[1:], pattern
    assert find(".", "p/3.png").strange == ("p/3.png",)
    assert find(".", "p/*/1.png").files == ()


@pytest.fixture
def locked(here: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder that may not be listed, for root too."""
    touch("p/1.png", "p/locked/2.png")
    real = os.scandir

    def scandir(path: str) -> object:
        if os.path.basename(path) == "locked":
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(search.os, "scandir", scandir)
    return "p/locked"


@pytest.mark.parametrize("pattern", ["p/**/*.png", "p/**", "p/*/*.png", "*/locked/*.png"])
def test_a_folder_that_cannot_be_read_is_told(locked: str, pattern: str) -> None:
    found = find(".", pattern)
    assert found.unreadable == {locked: "it may not be read: permission denied"}
    assert found.files == (("p/1.png",) if pattern.startswith("p/**") else ())


def test_a_folder_that_vanishes_meanwhile_is_told(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch("p/1.png", "p/gone/2.png")
    real = os.scandir

    def scandir(path: str) -> object:
        if os.path.basename(path) == "gone":
            raise FileNotFoundError(2, "No such file or directory")
        return real(path)

    monkeypatch.setattr(search.os, "scandir", scandir)
    found = find(".", "p/**")
    assert found.files == ("p/1.png",) and found.unreadable == {"p/gone": "it is not there"}


def test_a_path_that_may_not_be_known_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        if "closed" in str(path):
            raise PermissionError(13, "Permission denied")
        return real(path)

    touch("a/x")
    monkeypatch.setattr(search.os, "lstat", lstat)
    for pattern in ("closed/1.png", "closed/*.png", "*/closed/1.png"):
        assert len(find(".", pattern).unreadable) == 1, pattern
    assert find(".", "n" * 3000).unreadable == {}


def test_too_many_files_and_too_long(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(*(f"p/{number}.png" for number in range(20)))
    assert len(find(".", "p", How(most=20)).files) == 20
    with pytest.raises(TooManyFiles, match="more than 19 files"):
        find(".", "p", How(most=19))
    with pytest.raises(TooManyFiles, match="seconds"):
        find(".", "p/*", How(seconds=-1))
    touch("1.png")
    assert find(".", "p/../" * 49 + "p/1.png").files != ()
    assert find(".", "p/../" * 50 + "1.png").files == (), "more than a hundred parts"


def test_an_endless_tree_ends(here: Path) -> None:
    deepest = here
    for _ in range(40):
        deepest = deepest / ("d" * 90)
        deepest.mkdir()
        (deepest / "1.png").touch()
    found = find(here, "**/1.png")
    assert len(found.files) == 40
    try:
        (deepest / ("e" * 250)).mkdir()
    except OSError:
        return
    assert find(here, "**/1.png").files == found.files


def test_a_folder_that_a_pattern_matches_on_the_command_line() -> None:
    touch("p/1.png", "p/sub/2.png", "p/sub/deep/3.png")
    assert names("p/*", How(command_line=True)) == ["p/1.png", "p/sub/2.png"]
    assert names("p/*", How(command_line=True, recursive=True)) == [
        "p/1.png", "p/sub/2.png", "p/sub/deep/3.png",
    ]  # fmt: skip
    assert names("p/*") == ["p/1.png"]
    assert names("**/*", How(command_line=True)) == names("p/**")


def test_several_searches_are_one() -> None:
    touch("p/1.png", "p/2.png", "p/a.txt", "p/b.txt", "q/c.txt", "q/d.txt", "q/3.png")
    link("same", "p")
    one = together(find(".", pattern) for pattern in ("p/2.png", "p/*", "same/*.png", "q"))
    assert one.files == ("p/2.png", "p/1.png", "q/3.png")
    assert one.left_out[".txt"].count == 4
    assert one.left_out[".txt"].first == ["p/a.txt", "p/b.txt", "q/c.txt"]
    os.mkfifo("q/4.png")
    assert together([find(".", "p"), find(".", "q")]).strange == ("q/4.png",)
    assert one.entries > 4 and one.outside is None and set(one.places) == set(one.files)


def test_what_another_search_took_is_not_left_out() -> None:
    touch("p/1.png", "p/sub/2.png", "p/other/3.png", "p/n.txt")
    link("p/far", "../store")
    touch("store/4.png")
    one = together(find(".", pattern) for pattern in ("p", "p/sub", "p/*", "p/**/*.png", "store"))
    assert one.left_out.keys() == {".txt"} and one.left_out[".txt"].count == 1
    one = together(find(".", pattern) for pattern in ("p", "p/sub"))
    assert one.left_out["sub-folders"].names == ["p/far", "p/other"]
    nothing = together([])
    assert nothing.files == () and nothing.left_out == {} and nothing.entries == 0


def test_more_names_than_are_remembered_still_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptdsl.files.found.KEPT", 4)
    touch(*(f"p/{number}.txt" for number in range(6)), "p/1.png")
    found = find(".", "p")
    assert found.left_out[".txt"].count == 6 and len(found.left_out[".txt"].names) == 4
    assert what_was_left_out(found.left_out) == "6 .txt (p/0.txt, p/1.txt, p/2.txt and 3 more)"
    assert together([found, Found()]).left_out[".txt"].count == 6


def test_has_wildcards() -> None:
    assert has_wildcards("a/*.png") and has_wildcards("?") and has_wildcards("[a]/b")
    assert not has_wildcards("a/X.png") and not has_wildcards("")


def test_one_and_several_in_words() -> None:
    touch("p/a.txt", "p/plain", "p/.1.png", "p/sub/x.png", "p/old/run.json", "p/old/results.jsonl")
    link("p/far", "../store")
    touch("store/1.png", "p/1.png")
    flat, deep = find(".", "p"), find(".", "p/**")
    assert what_was_left_out(flat.left_out) == (
        "1 hidden picture (p/.1.png), 1 .txt (p/a.txt), 3 sub-folders (p/far, p/old, p/sub), "
        "1 file without a suffix (p/plain)"
    )
    assert what_was_left_out(deep.left_out).endswith(
        "1 folder with results (p/old), 1 link to a folder (p/far)"
    )
    assert what_was_left_out({"sub-folders": LeftOut(1, ["s"])}) == "1 sub-folder (s)"
    assert together([Found(outside="x"), Found()]).outside == "x"
    one = together(find(".", pattern) for pattern in ("p/**", "p/old/run.json"))
    assert one.left_out["folders with results"].names == ["p/old"], "one file of it is not all"
