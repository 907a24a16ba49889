"""VisA's table as spreadsheets save it, and as nobody should: read, or said in a sentence."""

import os
from pathlib import Path

import pytest

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets import read_dataset
from promptdsl.evaluate.datasets.visa import MAX_BYTES

from .layouts import draw, draw_mask, labels

HEAD = "object,split,label,image,mask"
ROWS = (
    "candle,train,normal,candle/0.png,",
    "candle,test,normal,candle/1.png,",
    "candle,test,anomaly,candle/2.png,candle/2_mask.png",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(3):
        draw(tmp_path / "candle" / f"{number}.png")
    draw_mask(tmp_path / "candle" / "2_mask.png")
    (tmp_path / "split_csv").mkdir()
    return tmp_path


def table(root: Path, *rows: str, head: str = HEAD, encoding: str = "utf-8") -> None:
    (root / "split_csv" / "1cls.csv").write_bytes("\n".join((head, *rows)).encode(encoding))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(",", ";").encode("utf-8-sig"),
        lambda text: text.replace(",", "\t").encode("utf-16"),
        lambda text: ("sep=;\n" + text.replace(",", ";")).encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("object,", "Object, ").replace("split", "Split").encode(),
        lambda text: text.replace("normal", "Normal").replace("test", "Test").encode(),
        lambda text: text.replace("candle/", "candle\\").encode(),
        lambda text: (text + "\n\n\n").encode(),
        lambda text: text.replace("normal", "good").encode(),
    ],
)  # fmt: skip
def test_a_table_that_a_spreadsheet_saved_is_read(root: Path, change: object) -> None:
    text = "\n".join((HEAD, *ROWS)) + "\n"
    (root / "split_csv" / "1cls.csv").write_bytes(change(text))  # type: ignore[operator]
    dataset = read_dataset(root)
    assert dataset.problems == ()
    assert labels(dataset) == {"good": (1, 0), "anomaly": (1, 1)}
    assert len(dataset.categories[0].train_good) == 1


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("candle,test,normal,candle/7.png,", "names candle/7.png, which is not there"),
        ("candle,test,anomaly,candle/1.png,candle/m.png", "the mask candle/m.png, which is not"),
        ("candle,tset,normal,candle/1.png,", "whose split is tset and not train or test"),
        ("candle,test,,candle/1.png,", "left out a row without a label (candle/1.png)"),
        ("candle,test,normal,,", "without a picture in this folder (no image)"),
        ("candle,test,normal,../x.png,", "without a picture in this folder (../x.png)"),
        ("candle,test,normal,/etc/passwd,", "without a picture in this folder (/etc/passwd)"),
        (",test,normal,candle/1.png,", "left out 1 row without an object"),
    ],
)
def test_a_row_that_cannot_be_used_is_a_problem(root: Path, row: str, told: str) -> None:
    table(root, *ROWS, row)
    dataset = read_dataset(root)
    assert any(told in problem for problem in dataset.problems), dataset.problems
    assert len(dataset.categories[0].test) in (2, 3)


def test_a_table_that_is_none_is_refused(root: Path) -> None:
    path = root / "split_csv" / "1cls.csv"
    for content, words in (
        (b"object;split\n", "has no column image"),
        (b"", "has no column image"),
        ("\n".join((HEAD, "b\u00fcrste,test,normal,x.png,")).encode("latin-1"), "not in UTF-8"),
        (f"{HEAD}\n".encode() + b"a\0b,test,normal,x.png,", "holds zero bytes"),
        (f"{HEAD}\n".encode() + b"x" * 200_000, "is no readable table"),
    ):
        path.write_bytes(content)
        with pytest.raises(EnvironmentProblem) as caught:
            read_dataset(root, "visa")
        assert words in caught.value.sentence


def test_a_table_without_end_is_refused_at_once(root: Path) -> None:
    path = root / "split_csv" / "1cls.csv"
    path.symlink_to("/dev/zero")
    with pytest.raises(EnvironmentProblem, match="not a regular file"):
        read_dataset(root, "visa")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(EnvironmentProblem, match="not a regular file"):
        read_dataset(root, "visa")
    path.unlink()
    path.write_bytes(b"")
    os.truncate(path, MAX_BYTES + 1)
    with pytest.raises(EnvironmentProblem, match="it is larger than 100 MB"):
        read_dataset(root, "visa")
