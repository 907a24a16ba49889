"""The door for programs: `promptdsl.load`, `check`, `compile`, and what they tell."""

import hashlib
import itertools
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import promptdsl
from promptdsl.cli.main import main
from promptdsl.errors import SpecProblem, UsageProblem
from promptdsl.inspect.inspector import Inspector
from promptdsl.lock.file import write_lock
from promptdsl.lock.model import Promised, Threshold
from promptdsl.lock.pin import pin_object
from promptdsl.plan.model import PictureSettings, SpotRule

from .fakes import ORIGIN, FakeSource, make_object, make_plan, paint

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NUT = EXAMPLES / "metal_nut/metal_nut.inspect"
FIELDS = ("image", "object", "verdict", "rule", "score", "defect", "defects", "area")
TRACES = ("picture_sha256", "plan_hash", "part")
SPEC = """inspect 1
object nut {
  defect scratch { "scratched {object}" }
  method winclip { model: "promptdsl-mini" }
  thresholds { reject when score >= NUMBER }
}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path / "cache"))


def fields(result: Any) -> dict[str, Any]:
    return {name: getattr(result, name) for name in FIELDS}


def pictures(*names: str) -> list[str]:
    return [str(p) for name in names for p in sorted((EXAMPLES / name / "pictures").iterdir())]


def same(one: Any, other: Any) -> bool:
    return fields(one) == fields(other) and np.array_equal(one.map, other.map)


@pytest.fixture(scope="module")
def nut() -> promptdsl.Inspector:
    return promptdsl.load(NUT, device="cpu", precision="fp32")


@pytest.mark.parametrize("name", ["metal_nut", "leather", "bottle_cap", "line"])
def test_every_example_gives_the_records_of_a_run(name: str) -> None:
    spec = EXAMPLES / ("line.inspect" if name == "line" else f"{name}/{name}.inspect")
    shown = pictures(*([name] if name != "line" else ["metal_nut", "leather", "bottle_cap"]))
    options = ("-o", "out", "--device", "cpu", "--precision", "fp32", "--maps", "npy", "-q")
    assert main(["run", str(spec), *shown, *options]) == 0
    lines = [json.loads(line) for line in Path("out/results.jsonl").read_text().splitlines()]
    inspector = promptdsl.load(spec, device="cpu", precision="fp32")
    many = {result.image: result for result in inspector.inspect_many(shown)}
    assert list(many) == shown
    for line in lines:
        for result in (many[line["image"]], inspector.inspect(line["image"])):
            assert fields(result) == {name: line[name] for name in FIELDS}
            assert [getattr(result, name) for name in TRACES] == [line[name] for name in TRACES]
            assert [*result.size] == line["size"]
            assert result.map is not None and result.map.dtype == np.float32
            assert np.array_equal(result.map, np.load(Path("out", line["map"])))


def test_a_compiled_plan_is_loaded_like_a_spec() -> None:
    assert main(["compile", str(NUT), "-o", "nut.plan", "--device", "cpu"]) == 0
    (shown,) = pictures("metal_nut")[1:2]
    options = ("-o", "out", "--device", "cpu", "--precision", "fp32", "-q")
    assert main(["run", "nut.plan", shown, *options]) == 0
    line = json.loads(Path("out/results.jsonl").read_text())
    result = promptdsl.load("nut.plan", device="cpu", precision="fp32").inspect(shown)
    assert fields(result) == {name: line[name] for name in FIELDS}


def test_paths_images_and_arrays_are_the_same_picture(nut: promptdsl.Inspector) -> None:
    for path in pictures("metal_nut")[:2]:
        with Image.open(path) as image:
            array = np.asarray(image.convert("RGB"))
        by_path = nut.inspect(Path(path))
        for given in (Image.open(path), Image.fromarray(array), array, array[:, ::1]):
            result = nut.inspect(given)
            assert (result.score, result.image) == (by_path.score, "")
            assert np.array_equal(result.map, by_path.map)
        grey = np.asarray(Image.fromarray(array).convert("L"))
        assert nut.inspect(grey).score == nut.inspect(np.stack([grey] * 3, axis=2)).score


def test_a_picture_in_memory_stays_as_it_is(nut: promptdsl.Inspector) -> None:
    with Image.open(pictures("metal_nut")[0]) as whole:
        small = whole.resize((320, 200)).quantize(16)
    small.info["transparency"] = 3
    small.getexif()[0x0112] = 6
    before = (small.mode, small.size, dict(small.info), small.tobytes())
    result = nut.inspect(small)
    assert (result.size, result.map.shape) == ((200, 320), (320, 200)), "it is turned upright"
    assert "were put on white" in result.notes[0]
    assert (small.mode, small.size, dict(small.info), small.tobytes()) == before


def test_eight_threads_over_two_inspectors_get_what_one_gets() -> None:
    inspectors = [
        promptdsl.load(EXAMPLES / name / f"{name}.inspect", device="cpu", precision="fp32")
        for name in ("metal_nut", "bottle_cap")
    ]
    jobs = [*itertools.product(inspectors, pictures("metal_nut", "leather"))]
    expected = [inspector.inspect(picture) for inspector, picture in jobs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: job[0].inspect(job[1]), jobs))
        whole = list(
            pool.map(
                lambda inspector: [*inspector.inspect_many(pictures("metal_nut", "leather"))],
                inspectors * 4,
            )
        )
    assert all(map(same, found, expected))
    for number, results in enumerate(whole):
        half = len(jobs) // 2
        wanted = expected[half:] if number % 2 else expected[:half]
        assert all(map(same, results, wanted))


def test_stations_are_built_once_by_whoever_comes_first() -> None:
    builds: list[str] = []

    class Counting(FakeSource):
        def build(self, item: Any) -> Any:
            builds.append(item.name)
            return super().build(item)

    inspector = Inspector(Counting(make_plan(make_object("nut"), make_object("cap"))))  # type: ignore[arg-type]
    given = [str(paint(Path(f"{name}/{n}.png"), 0.2)) for n in range(8) for name in ("nut", "cap")]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(inspector.inspect, given))
    assert [result.object for result in results] == ["nut", "cap"] * 8
    assert sorted(builds) == ["cap", "nut"]


def test_what_traces_a_picture_in_memory_is_the_hash_of_its_pixels() -> None:
    inspector = Inspector(FakeSource(make_plan()))  # type: ignore[arg-type]
    frame = np.asarray(Image.open(paint(Path("a.png"), 0.3)))
    sha256 = hashlib.sha256(frame.tobytes()).hexdigest()
    for given in (frame, Image.fromarray(frame), frame[:, ::1]):
        result = inspector.inspect(given)
        assert (result.picture_sha256, result.part, result.plan_hash) == (sha256, None, "b" * 64)
        assert result.time.endswith("Z") and result.measures == {} and result.spots == ()
    by_path = inspector.inspect("a.png")
    assert by_path.picture_sha256 == hashlib.sha256(Path("a.png").read_bytes()).hexdigest()


def sized_inspector(**more: Any) -> Inspector:
    rule = SpotRule(
        verdict="reject", of="extent", defect=None, above=0.7, at=5.0, unit="px", region=None,
        text="reject when spot above 0.70 >= 5 px", origin=ORIGIN,
    )  # fmt: skip
    settings = PictureSettings(part="{part}.png", scale=0.05, origin=ORIGIN)
    item = make_object(rules=(rule,), picture=settings, **more)
    return Inspector(FakeSource(make_plan(item)))  # type: ignore[arg-type]


def test_spots_are_told_shown_and_go_through_a_queue() -> None:
    result = sized_inspector().inspect(str(paint(Path("A1.png"), 0.9)))
    (spot,) = result.spots
    assert (spot.box, result.part, result.spots_left_out) == ((0, 0, 64, 48), "A1", 0)
    assert result.measures == {"extent of spot above 0.70 (px)": 80.0}
    page = result._repr_html_()
    assert "<td>spot</td><td>4 mm</td><td>at 32, 24</td><td>0.902</td>" in page
    assert "part A1" in page
    again = pickle.loads(pickle.dumps(result))
    assert again.spots == result.spots
    assert again._repr_html_() == page


def test_a_name_without_a_part_is_a_note_and_a_bad_picture_has_all_fields() -> None:
    inspector = sized_inspector()
    assert "their names are not of the form" in inspector.inspect(
        str(paint(Path("a.bmp"), 0.2))
    ).notes[-1]  # fmt: skip
    (problem,) = inspector.inspect_many(["missing.png"])
    assert isinstance(problem, promptdsl.PictureProblem)
    for name in promptdsl.Result.__dataclass_fields__:
        if not name.startswith("_"):
            assert hasattr(problem, name), name
    assert (problem.spots, problem.measures, problem.part) == ((), {}, None)
    assert problem.time is not None and problem.time.endswith("Z")


# --- pictures that give no verdict -------------------------------------------------------------


def bad_ones() -> list[Any]:
    Path("text.png").write_text("hello")
    Image.new("RGB", (64, 48)).save("black.png")
    return [
        ("text.png", "it holds text, not a picture"),
        ("black.png", "not inspected: it is black all over"),
        ("missing.png", "there is no such file"),
        (".", "it is a folder, not a picture"),
        (np.zeros((8, 8), np.float32), "an array of float32 with the shape (8, 8) is no picture"),
        (np.zeros((3, 64, 64), np.uint8), "an array of uint8 with the shape (3, 64, 64) is no pic"),
        (np.zeros((0, 5), np.uint8), "the array is empty"),
        (np.zeros((4, 4), np.uint8), "with 4 x 4 pixels it is too small to show a part"),
        (None, "an object of the type NoneType is no picture"),
    ]


def test_one_bad_picture_among_good_ones_loses_nothing(nut: promptdsl.Inspector) -> None:
    good = pictures("metal_nut")[0]
    wrong = bad_ones()
    given = [one for bad, _ in wrong for one in (good, bad)]
    results = list(nut.inspect_many(given, batch_size=4))
    assert [result.verdict for result in results] == ["pass", "error"] * len(wrong)
    for result, (bad, reason) in zip(results[1::2], wrong, strict=True):
        assert isinstance(result, promptdsl.PictureProblem)
        assert result.reason.startswith(reason)
        assert (result.score, result.map, result.defects) == (None, None, {})
        with pytest.raises(promptdsl.PictureProblem) as caught:
            nut.inspect(bad)
        named = f"{bad}: {result.reason}" if isinstance(bad, str) else result.reason
        assert str(caught.value) == str(result) == named


def test_what_is_said_of_a_bad_picture_is_what_run_says(nut: promptdsl.Inspector) -> None:
    names = [bad for bad, _ in bad_ones()[:2]]
    assert main(["run", str(NUT), *names, "-o", "out", "-q", "--device", "cpu"]) == 3
    lines = [json.loads(line) for line in Path("out/results.jsonl").read_text().splitlines()]
    assert [line["error"] for line in lines] == [
        result.reason
        for result in nut.inspect_many(names)
        if isinstance(result, promptdsl.PictureProblem)
    ]


def test_a_camera_that_never_ends_and_reuses_its_memory() -> None:
    inspector = Inspector(FakeSource(make_plan()))  # type: ignore[arg-type]
    frame = np.zeros((48, 64, 3), np.uint8)

    def camera() -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
        for number in itertools.count():
            frame[:] = (25 * number % 256, 90, 120)
            frame[:, :32] = (25 * number % 256, 20, 200)
            yield frame

    results = itertools.islice(inspector.inspect_many(camera(), batch_size=2), 8)
    assert [result.score for result in results] == pytest.approx(
        [25 * number / 255 for number in range(8)]
    )


def test_wrong_use_is_one_sentence() -> None:
    inspector = Inspector(FakeSource(make_plan()))  # type: ignore[arg-type]
    assert repr(inspector) == "<promptdsl.Inspector of part.inspect: nut; a fake processor>"
    for one in ("a.png", Path("a.png"), Image.new("RGB", (64, 64))):
        with pytest.raises(UsageProblem, match="takes several pictures"):
            inspector.inspect_many(one)  # type: ignore[arg-type]
    with pytest.raises(UsageProblem, match="batch_size: 0 is less than one picture"):
        inspector.inspect_many([], batch_size=0)
    assert list(inspector.inspect_many([])) == []


def test_a_loop_that_is_left_early_leaves_no_threads() -> None:
    inspector = Inspector(FakeSource(make_plan()))  # type: ignore[arg-type]
    given = [str(paint(Path(f"{n}.png"), 0.2)) for n in range(20)]
    before = threading.active_count()
    for result in inspector.inspect_many(given, batch_size=2):
        assert result.verdict == "pass"
        break
    results = inspector.inspect_many(given)
    next(results)
    del results
    assert threading.active_count() == before


# --- which object ------------------------------------------------------------------------------


def test_the_folder_decides_between_objects_and_memory_needs_a_choice() -> None:
    line = EXAMPLES / "line.inspect"
    leather = pictures("leather")[0]
    array = np.asarray(Image.open(leather))
    inspector = promptdsl.load(line, device="cpu", precision="fp32")
    assert inspector.objects == ("metal_nut", "leather", "bottle_cap")
    Path("lost.jpg").write_bytes(Path(leather).read_bytes())
    results = list(inspector.inspect_many([array, leather, "lost.jpg"]))
    assert [result.verdict for result in results] == ["error", "pass", "error"]
    told = "line.inspect has 3 objects (metal_nut, leather, bottle_cap), and "
    assert str(results[0]) == (
        f"{told}a picture in memory lies in no folder named after one; choose with object=NAME"
    )
    assert str(results[2]).startswith(f"lost.jpg: {told}this picture is in no folder named after")
    chosen = promptdsl.load(line, object="leather", device="cpu", precision="fp32")
    assert same(chosen.inspect("lost.jpg"), chosen.inspect(array)) is False  # another name
    assert chosen.inspect(array).score == results[1].score
    with pytest.raises(UsageProblem, match="object=bolt: "):
        promptdsl.load(line, object="bolt")


# --- specs, plans and locks --------------------------------------------------------------------


def test_the_numbers_beside_a_spec_are_used() -> None:
    spec = Path("part.inspect")
    spec.write_text(SPEC.replace("NUMBER", "auto"))
    with pytest.raises(SpecProblem, match="is not calibrated yet"):
        promptdsl.load(spec, device="cpu")
    (item,) = promptdsl.compile(spec).objects
    pinned = pin_object(item, Path(), "a" * 64, "fp32")
    number = Threshold(
        rule="reject when score >= auto",
        value=0.0125,
        promise=Promised(of="good parts rejected", share=0.05, confidence=0.9, wrong=0, pictures=8),
        good=None,
        defective=None,
        date="2026-01-01",
    )
    write_lock(spec, {"nut": pinned.model_copy(update={"thresholds": (number,)})})
    result = promptdsl.load(spec, device="cpu").inspect(pictures("metal_nut")[1])
    assert result.rule == "reject when score >= auto (0.0125)"
    (warning,) = promptdsl.load(spec, device="cpu", precision="fp32").warnings()
    assert warning.startswith("nut changed since it was calibrated: the weights of ")
    assert "`promptdsl calibrate part.inspect` makes its thresholds true again" in warning
    spec.write_text(SPEC.replace("  thresholds { reject when score >= NUMBER }\n", ""))
    told = promptdsl.load(spec, device="cpu").warnings()
    assert told[-1] == "nut has no thresholds; 0.5 is an uncalibrated default"


def test_a_spec_with_errors_raises_what_check_shows() -> None:
    spec = Path("part.inspect")
    spec.write_text(SPEC.replace("NUMBER", "2").replace("scratched {object}", "scratched"))
    checked = promptdsl.check(spec)
    assert not checked.ok
    codes = {item.code for item in checked.diagnostics}
    assert len(codes) == 2
    for use in (promptdsl.load, promptdsl.compile):
        with pytest.raises(promptdsl.SpecErrors) as caught:
            use(spec)  # type: ignore[operator]
        assert caught.value.diagnostics == checked.diagnostics
        assert caught.value.sentence == "2 errors in part.inspect"
        assert str(checked) in str(caught.value)
        assert "  part.inspect:3:" in str(caught.value)
    with pytest.raises(promptdsl.SpecErrors, match="there is no file missing"):
        promptdsl.load("missing.inspect")
    with pytest.raises(UsageProblem, match="has no embeddings to run with"):
        promptdsl.load("part.json")
    with pytest.raises(promptdsl.Problem, match="it is not there"):
        promptdsl.load("missing.plan")


def test_what_is_told_goes_through_a_queue_between_processes() -> None:
    inspector = Inspector(FakeSource(make_plan()))  # type: ignore[arg-type]
    Path("text.png").write_text("hello")
    spec = Path("part.inspect")
    spec.write_text(SPEC.replace("NUMBER", "2"))
    told: list[Any] = list(inspector.inspect_many([str(paint(Path("a.png"), 0.2)), "text.png"]))
    with pytest.raises(promptdsl.SpecErrors) as caught:
        promptdsl.load(spec)
    result, problem, errors = pickle.loads(pickle.dumps([*told, caught.value]))
    assert same(result, told[0])
    assert (str(problem), problem.image) == ("text.png: it holds text, not a picture", "text.png")
    assert (str(errors), errors.diagnostics) == (str(caught.value), caught.value.diagnostics)


def test_help_stands_in_the_traceback() -> None:
    Path("part.json").touch()
    with pytest.raises(promptdsl.Problem) as caught:
        promptdsl.load("part.json")
    assert caught.value.__notes__ == [f"help: {caught.value.help}"]


def test_the_plan_of_a_spec_is_that_of_the_command() -> None:
    assert main(["compile", str(NUT), "-o", "nut.json"]) == 0
    assert promptdsl.compile(NUT).hash == json.loads(Path("nut.json").read_text())["hash"]


def test_check_is_a_function_before_and_after_its_package_is_there() -> None:
    probe = (
        "import sys, promptdsl\n"
        f"for _ in range(2): assert promptdsl.check({str(NUT)!r}).diagnostics == ()\n"
        "assert promptdsl.check.run.check  # the package, too\n"
        "import promptdsl.check.context\n"
        f"assert promptdsl.check({str(NUT)!r}).ok\n"
        "heavy = {'torch', 'pydantic', 'numpy', 'PIL', 'rich', 'click'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "promptdsl.compile; promptdsl.Plan\n"
        "assert 'torch' not in sys.modules\n"
        "try: promptdsl.nothing\n"
        "except AttributeError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT)
    assert done.stderr == ""
    assert done.stdout == "module 'promptdsl' has no attribute 'nothing'\n"
    assert all(getattr(promptdsl, name) for name in promptdsl.__all__)


# --- notebooks ---------------------------------------------------------------------------------


def test_a_notebook_shows_pictures_words_and_no_foreign_marks() -> None:
    inspector = Inspector(FakeSource(make_plan()))  # type: ignore[arg-type]
    name = str(paint(Path("<script>alert(1)</script> & b.png".replace("/", "_")), 0.9))
    page = inspector.inspect(name)._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;_script&gt; &amp; b.png" in page
    assert page.count("data:image/jpeg;base64,") == 2
    for word in ("nut: reject, score 0.9", "reject when score &gt;= 0.7", "scratch", "dent"):
        assert word in page


PROGRAM = """
import numpy as np
import promptdsl
import promptdsl.check.run

inspector: promptdsl.Inspector = promptdsl.load("part.inspect", device="cpu")
result = inspector.inspect(np.zeros((48, 64), np.uint8))
score: float = result.score
for one in inspector.inspect_many(["a.png"]):
    if one.verdict == "error":
        reason: str = one.reason
    else:
        score = one.score + float(one.map.max())
codes: list[str] = [item.code for item in promptdsl.check("part.inspect").diagnostics]
digest: str = promptdsl.compile("part.inspect").hash
promptdsl.load("part.inspect", device="gpu")
one.score + 1
inspector.inspect(3)
"""


@pytest.mark.slow
def test_types_are_known_to_a_strict_checker() -> None:
    pytest.importorskip("mypy")
    Path("program.py").write_text(PROGRAM)
    words = ["-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml"), "program.py"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    wrong = [line.split(":")[1] for line in done.stdout.splitlines() if " error: " in line]
    assert wrong == ["16", "17", "18"], done.stdout  # the last three lines, and no other
