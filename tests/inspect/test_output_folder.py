"""The output folder: a run deletes, replaces and follows nothing that is not its own."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.owned import HEAD
from promptdsl.inspect import ownership, run_folder
from promptdsl.inspect.records import is_map_path, map_name, own_map, read_records

from .fakes import FakeDetector, FakeSource, Seen, make_plan, paint, paint_many
from .going import go, images, lines

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX systems")
MODES = ("new", "resume", "overwrite")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def everything(folder: str) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.html", b"<h1>my own report</h1>"),
        ("run.json", b'{"my": "run"}'),
        ("run.json", b"[" * 100_000),
        ("results.jsonl", b'{"accuracy": 0.5}\n'),
        ("previews.jsonl", b"mine\n"),
    ],
)
def test_files_of_somebody_else_are_neither_replaced_nor_deleted(
    name: str, content: bytes, mode: Any
) -> None:
    paint_many(Path("pics"), 2)
    Path("out/maps").mkdir(parents=True)
    Path("out", name).write_bytes(content)
    Path("out/maps/scan.20240131.png").write_bytes(b"mine")
    before = everything("out")
    with pytest.raises(UsageProblem, match=f"{name}: this file was not written by promptdsl run"):
        go(mode=mode)
    assert everything("out") == before


def test_overwrite_leaves_maps_that_the_records_do_not_name() -> None:
    paint_many(Path("pics"), 3)
    go()
    kept = ["scan.20240131.png", map_name("pics/p0.png", "png")[:-4] + "x.png", "notes.txt"]
    kept += ["a." + "0" * 24 + ".png"]
    for name in kept:
        Path("out/maps", name).write_text("mine")
    shutil.rmtree("pics")
    paint(Path("pics/other.png"), 0.5)
    go(mode="overwrite")
    assert images() == ["pics/other.png"]
    left = sorted(p.name for p in Path("out/maps").iterdir())
    assert left == sorted([*kept, map_name("pics/other.png", "png")])


@pytest.mark.parametrize(
    "named",
    ["maps/../../precious.png", "../precious.png", "maps/mine.png", "/etc/hostname",
     "maps/sub/x.png", "maps/mine.01234567.png"],
)  # fmt: skip
def test_a_record_cannot_name_a_file_to_be_deleted(named: str) -> None:
    paint_many(Path("pics"), 2)
    go()
    Path("precious.png").write_text("mine")
    for mine in ("mine.png", "mine.01234567.png"):
        Path("out/maps", mine).write_text("mine")
    record = {**lines()[0], "map": named}
    with Path("out/results.jsonl").open("a") as file:
        file.write(json.dumps({**record, "image": "pics/p9.png"}) + "\n")
    go(mode="overwrite")
    assert Path("precious.png").exists()
    assert Path("out/maps/mine.png").exists()
    assert Path("out/maps/mine.01234567.png").exists()


@POSIX
def test_a_link_in_the_place_of_a_map_is_not_a_map() -> None:
    paint_many(Path("pics"), 1)
    go()
    (line,) = lines()
    Path("precious.png").write_text("mine")
    Path("out", line["map"]).unlink()
    Path("out", line["map"]).symlink_to(Path("precious.png").absolute())
    go(mode="overwrite")
    assert Path("precious.png").read_text() == "mine"
    assert not Path("out", lines()[0]["map"]).is_symlink()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("inside", ["maps/a.png", "a.png", "pics/deep/a.png"])
def test_results_never_go_where_the_pictures_are(inside: str, mode: Any) -> None:
    paint(Path("out", inside), 0.5)
    with pytest.raises(UsageProblem, match="holds what is inspected"):
        go(f"out/{inside}", mode=mode)
    assert list(everything("out")) == [f"out/{inside}"]


@POSIX
@pytest.mark.parametrize("mode", MODES)
def test_links_do_not_hide_that_pictures_are_in_the_output_folder(mode: Any) -> None:
    paint(Path("real/a.png"), 0.5)
    Path("also").symlink_to("real")
    Path("pics").mkdir()
    Path("pics/link.png").symlink_to("../real/a.png")
    Path("folder").symlink_to("real")
    for picture, out in (
        ("pics/link.png", "real"),
        ("folder/a.png", "also"),
        ("real/a.png", "also"),
        ("also/a.png", "real"),
    ):
        with pytest.raises(UsageProblem, match="results cannot go into"):
            go(picture, out=out, mode=mode)
    assert os.listdir("real") == ["a.png"]


@POSIX
def test_a_link_to_a_picture_elsewhere_counts_where_it_lies() -> None:
    paint(Path("real/a.png"), 0.5)
    Path("out").mkdir()
    Path("out/link.png").symlink_to("../real/a.png")
    with pytest.raises(UsageProblem, match="holds what is inspected"):
        go("out/link.png", mode="overwrite")
    go("real", out="real/results")
    assert images("real/results") == ["real/a.png"]


def _link(path: Path) -> None:
    Path("elsewhere").mkdir(exist_ok=True)
    target = Path("elsewhere") if path.name == "maps" else Path("elsewhere/file")
    if path.name != "maps":
        target.write_text("precious")
    path.symlink_to(target.absolute())


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _other(path: Path) -> None:
    path.write_text("x") if path.name == "maps" else path.mkdir()


@POSIX
@pytest.mark.parametrize("mode", ["resume", "overwrite"])
@pytest.mark.parametrize("make", [_link, _loop, _pipe, _other])
@pytest.mark.parametrize(
    "name",
    ["maps", "results.jsonl", "run.json", "previews.jsonl", "report.html", ".promptdsl.lock"],
)
def test_links_pipes_and_folders_are_refused_at_once(
    name: str, make: Callable[[Path], None], mode: Any
) -> None:
    paint_many(Path("pics"), 1)
    Path("out").mkdir()
    make(Path("out", name))
    source = FakeSource(make_plan(), FakeDetector())
    with pytest.raises(UsageProblem, match="a run writes only into a"):
        go(mode=mode, source=source)
    assert source.detector.batches == []
    assert os.listdir("out") == [name]
    if make is _link and name != "maps":
        assert Path("elsewhere/file").read_text() == "precious"
    if make is _link and name == "maps":
        assert os.listdir("elsewhere") == []


def test_a_refused_folder_stays_as_it_was() -> None:
    paint_many(Path("pics"), 1)
    Path("out").mkdir()
    Path("out/mine").write_text("x")
    with pytest.raises(UsageProblem, match="not empty"):
        go()
    assert os.listdir("out") == ["mine"]


@pytest.mark.parametrize("maps", ["png", "none"])
@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_vanishes_in_between_is_one_sentence(
    maps: Any, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folder, "SYNC_SECONDS", 0.0)
    paint_many(Path("pics"), 12)

    class Removing(Seen):
        def inspected(self, record: Any) -> None:
            super().inspected(record)
            if len(self.records) == 3:
                os.rename("out", "gone")  # at once: a map may just be written there
                shutil.rmtree("gone", ignore_errors=True)
                if again:
                    Path("out").mkdir()
                    Path("out/results.jsonl").write_text("of another run")

    watch = Removing()
    with pytest.raises(EnvironmentProblem, match="out: cannot write here"):
        go(watch=watch, maps=maps, batch_size=1)
    assert len(watch.records) < 12
    if again:
        assert Path("out/results.jsonl").read_text() == "of another run"


def test_half_written_maps_are_swept_away() -> None:
    paint_many(Path("pics"), 1)
    go()
    (line,) = lines()
    half = Path("out/maps", f".{Path(line['map']).name}.ab_c1234.tmp")
    half.write_text("half")
    mine = Path("out/maps/.mine.tmp")
    mine.write_text("x")
    go(mode="resume")
    assert not half.exists()
    assert mine.exists()


# --- names of maps -----------------------------------------------------------------------------


def test_two_pictures_whose_hashes_begin_alike_have_two_maps() -> None:
    paint(Path("pics/part_053490/top.jpg"), 0.1)
    paint(Path("pics/part_065288/top.jpg"), 0.9)
    go(recursive=True)
    first, second = (line["map"] for line in lines())
    assert first[:17] == second[:17], "these two paths meet in 32 bits"
    assert first != second


def test_a_map_name_carries_96_bits_and_fits_everywhere() -> None:
    name = map_name("line/" + "ü" * 300 + ".png", "png")
    assert len(name) <= 100
    assert len(name.split(".")[-2]) * 4 == 96
    names = {map_name(f"{n}/top.png", "png") for n in range(50_000)}
    assert len(names) == 50_000


def test_only_the_name_that_a_run_gives_is_its_own() -> None:
    paint_many(Path("pics"), 1)
    go()
    (record,) = read_records(Path("out/results.jsonl")).records
    assert own_map(record) == Path(record.map or "").name
    earlier = f"maps/{map_name(record.image, 'png', 8)}"
    assert own_map(replace(record, map=earlier)) == Path(earlier).name
    assert own_map(replace(record, map="maps/mine.01234567.png")) is None
    assert own_map(replace(record, image="other.png")) is None
    assert not any(map(is_map_path, ["maps/../a.png", "/maps/a.png", "maps/a/b.png", "maps/a.jpg"]))


def test_the_page_is_recognised_by_its_own_mark() -> None:
    paint_many(Path("pics"), 1)
    go()
    assert ownership.REPORT_MARK in Path("out/report.html").read_bytes()[:HEAD]
