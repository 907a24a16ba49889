"""`promptdsl calibrate`, the lock file, and the commands that lean on it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from promptdsl.cli.main import main
from promptdsl.errors import EnvironmentProblem
from promptdsl.files import writing
from promptdsl.lock.changes import changes_since
from promptdsl.lock.file import calibrated_numbers, lock_path, read_lock, write_lock
from promptdsl.lock.pin import pin_object, pin_words
from promptdsl.pipeline import compile_file

from .scene import factory, part

Encoded = Callable[[], int]
Capture = pytest.CaptureFixture[str]
AUTO = "    reject when score >= auto\n    review when score >= auto"
ONE = "    reject when score >= auto"


def calibrate(*arguments: object) -> int:
    return main(["calibrate", *map(str, arguments)])


def lock_of(spec: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lock_path(spec).read_text("utf-8"))
    return content


def many_good(folder: Path, count: int) -> Path:
    for n in range(count):
        part(folder / f"{n:03d}.png", 10 + n % 100, number=300 + n)
    return folder


def test_good_pictures_alone_keep_the_promise(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    good = many_good(tmp_path / "more", 160)
    assert calibrate(spec, "--good", good, "--false-rejects", "2%", "-q") == 0
    threshold = lock_of(spec)["objects"]["nut"]["thresholds"][0]
    assert threshold["rule"] == "reject when score >= auto"
    assert threshold["promise"] == {
        "of": "good parts rejected", "share": 0.02, "confidence": 0.95, "wrong": 0,
        "pictures": 160,
    }  # fmt: skip
    assert threshold["value"] == round(threshold["value"], 4)
    assert 109 / 255 < threshold["value"] < 109 / 255 + 2e-4
    assert threshold["good"]["number"] == 160
    assert threshold["good"]["origin"] == ["more"]


def test_a_promise_that_was_asked_for_and_cannot_be_kept_ends_the_command(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, ONE)
    assert calibrate(spec, "--false-rejects", "1%", "-q") == 1
    told = capsys.readouterr().err
    assert "20 good pictures are too few to promise at most 1% false rejects" in told
    assert "which takes 299" in told and "at most 13.9% at 95%" in told
    assert "--false-rejects 14%" in told
    assert not lock_path(spec).exists()
    assert calibrate(spec, "--false-rejects", "14%", "-q") == 0
    assert calibrate(spec, "--false-rejects", "1%", "--accept-weaker", "-q") == 0
    promise = lock_of(spec)["objects"]["nut"]["thresholds"][0]["promise"]
    assert promise["share"] == pytest.approx(1 - 0.05 ** (1 / 20))


def test_without_a_wish_it_takes_what_the_pictures_support_and_says_so(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, AUTO)
    assert calibrate(spec, "-q") == 0
    told = capsys.readouterr()
    assert "too few to promise at most 2% false rejects" in told.err
    assert "at most 13.9% of good parts rejected, at 95% confidence" in told.out
    reject, review = lock_of(spec)["objects"]["nut"]["thresholds"]
    assert review["value"] <= reject["value"]


def test_escapes_move_the_last_line(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path, AUTO)
    assert calibrate(spec, "--escapes", "30%", "-q") == 0
    _, review = lock_of(spec)["objects"]["nut"]["thresholds"]
    assert review["promise"]["of"] == "defective parts passed"
    assert review["promise"]["pictures"] == 12
    assert review["defective"]["origin"] == ["scratch/*.png", "hole/*.png"]


def test_two_promises_that_contradict_are_told_apart(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, ONE)
    code = calibrate(spec, "--escapes", "30%", "--false-rejects", "14%", "-q")
    assert code == 1
    assert "add a line `review when score >= auto`" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(seeing_red: Encoded, tmp_path: Path, capsys: Capture) -> None:
    spec = factory(tmp_path, ONE)
    assert calibrate(spec, "--dry-run") == 0
    assert not lock_path(spec).exists()
    assert "nothing was written" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--false-rejects", "0.02"], 2, "not a percentage"),
        (["--confidence", "100%"], 2, "not a percentage"),
        (["--good", "nowhere"], 2, "there is no such folder"),
        (["--escapes", "5%", "--good", "GOOD"], 2, "no defective pictures"),
    ],
)
def test_wrong_use(
    seeing_red: Encoded,
    tmp_path: Path,
    capsys: Capture,
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    spec = factory(tmp_path, ONE)
    given = [str(tmp_path / "good") if a == "GOOD" else a for a in arguments]
    assert calibrate(spec, *given, "-q") == code
    assert sentence in capsys.readouterr().err


def test_a_folder_that_takes_no_lock_is_told_before_the_work(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    spec = factory(tmp_path)
    monkeypatch.setattr(writing.tempfile, "TemporaryFile", refuse)
    assert calibrate(spec, "-q") == 3  # no model was loaded: `seeing_red` is not in use
    assert f"{tmp_path}: cannot write here: Permission denied" in capsys.readouterr().err


def test_an_unreadable_picture_ends_it(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    (tmp_path / "good" / "00.png").write_bytes(b"")
    assert calibrate(spec, "-q") == 3
    assert not lock_path(spec).exists()


def test_copies_count_once(seeing_red: Encoded, tmp_path: Path, capsys: Capture) -> None:
    spec = factory(tmp_path, ONE)
    (tmp_path / "good" / "copy.png").write_bytes((tmp_path / "good" / "00.png").read_bytes())
    assert calibrate(spec, "-q") == 0
    assert "1 copy of other pictures counted once" in capsys.readouterr().err
    assert lock_of(spec)["objects"]["nut"]["thresholds"][0]["promise"]["pictures"] == 20


def test_validate_refuses_uncalibrated_and_warns_of_changes(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec, out = factory(tmp_path, AUTO), tmp_path / "out"
    assert main(["validate", str(spec), "-o", str(out), "-q"]) == 1
    assert f"promptdsl calibrate {spec}" in capsys.readouterr().err
    calibrate(spec, "-q")
    main(["validate", str(spec), "-o", str(out), "-q"])
    told = capsys.readouterr().err
    assert "20 of these pictures calibrated the thresholds of nut" in told
    assert "changed since" not in told
    spec.write_text(spec.read_text("utf-8").replace("scratched {", "badly scratched {"), "utf-8")
    part(tmp_path / "good" / "new.png", 33, number=999)
    main(["validate", str(spec), "-o", str(out), "-q"])
    told = capsys.readouterr().err
    assert "the phrases of defect scratch changed" in told
    assert "the good pictures of the calibration are 21 and were 20" in told


def test_pictures_of_a_number_that_no_line_takes_are_no_matter(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, ONE)
    assert calibrate(spec, "-q") == 0
    by_hand = spec.read_text("utf-8").replace("score >= auto", "score >= 0.4")
    spec.write_text(by_hand, "utf-8")
    part(tmp_path / "good" / "new.png", 33, number=999)
    capsys.readouterr()
    main(["validate", str(spec), "-o", str(tmp_path / "out"), "-q"])
    told = capsys.readouterr().err
    assert "calibrated the thresholds" not in told
    assert "the calibration" not in told


def test_run_and_compile_refuse_uncalibrated(tmp_path: Path, capsys: Capture) -> None:
    spec = factory(tmp_path, ONE)
    pictures = str(tmp_path / "good")
    assert main(["run", str(spec), pictures, "-o", str(tmp_path / "r"), "-q"]) == 1
    assert f"promptdsl calibrate {spec}" in capsys.readouterr().err
    assert main(["compile", str(spec), "-o", str(tmp_path / "nut.plan")]) == 1
    assert f"promptdsl calibrate {spec}" in capsys.readouterr().err


def test_every_change_is_named(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    item = compile_file(spec).plan().objects[0]
    write_lock(spec, {"nut": pin_object(item, tmp_path, "a" * 64, "fp32")})
    lock = read_lock(spec)
    assert lock is not None
    assert changes_since(lock, item, tmp_path, "a" * 64, "fp32") == []
    text = spec.read_text("utf-8")
    changed = text.replace("  defect hole", '  defect dent { "dented {object}" }\n  defect hole')
    changed = changed.replace('mini" }', 'mini", temperature: 0.01 }').replace(
        "a photo", "one photo"
    )
    spec.write_text(changed, "utf-8")
    now = compile_file(spec).plan().objects[0]
    told = changes_since(lock, now, tmp_path, "b" * 64, "bf16")
    assert "the phrases of defect dent are new" in told
    assert "the templates changed" in told
    assert "temperature is 0.01 and was 0.07" in told
    assert any(what.startswith("the weights of promptdsl-mini are others") for what in told)
    assert "it computes in bf16 and did in fp32" in told


def test_the_order_of_words_counts(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    item = compile_file(spec).plan().objects[0]
    turned = item.model_copy(update={"prompts": item.prompts[::-1]})
    assert pin_words(item).sha256 != pin_words(turned).sha256


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "damaged: it is no JSON"),
        ('{"lock_version": 2}', "made by a newer promptdsl"),
        ('{"lock_version": 1, "spec": "nut.inspect"}', "damaged: "),
    ],
)
def test_a_lock_that_cannot_be_trusted_is_refused(
    tmp_path: Path, content: str, sentence: str
) -> None:
    spec = factory(tmp_path, ONE)
    lock_path(spec).write_text(content, "utf-8")
    with pytest.raises(EnvironmentProblem, match=sentence):
        read_lock(spec)


def test_the_lock_is_sorted_text_that_comes_back(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    item = compile_file(spec).plan().objects[0]
    path = write_lock(spec, {"nut": pin_object(item, tmp_path, "a" * 64, "fp32")})
    text = path.read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
    assert path.name == "nut.inspect.lock"
    assert calibrated_numbers(read_lock(spec)) == {"nut": {}}
    assert calibrated_numbers(None) == {}
