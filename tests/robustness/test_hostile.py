"""Input that no person would write: a clear message in bounded time and memory, never a traceback.

Each batch runs in a process of its own with a limit on its memory. PROMPTDSL_FUZZ_ROUNDS above 1000
makes the texts as large as a spec may be.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from promptdsl.source import MAX_BYTES
from tests.robustness.corpus import ROOT
from tests.robustness.hostile import SMALL, TEXTS, THOROUGH

pytestmark = pytest.mark.skipif(os.name == "nt", reason="limits of memory are set the POSIX way")
SECONDS = 20.0 if THOROUGH else 6.0  # of one text, on a busy machine
MEGABYTES = 700
HARMLESS = {
    "BOM", "CRLF", "CR only", "tabs and form feeds", "one text", "one phrase line", "many spaces",
    "much of #", "lists of a long list, unused",
}  # fmt: skip
NAMES = sorted(TEXTS)


def drive(kind: str, names: list[str], timeout: float = 280.0) -> dict[str, dict[str, Any]]:
    """What the driver printed, by name."""
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.robustness.driver", kind, *names]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )
    results = {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0, (list(results)[-1:], done.stderr[-1500:])
    return results


@pytest.mark.parametrize("names", [NAMES[0::4], NAMES[1::4], NAMES[2::4], NAMES[3::4]])
def test_hostile_texts(names: list[str]) -> None:
    results = drive("texts", names)
    assert results.pop("peak")["megabytes"] < MEGABYTES
    for name, result in results.items():
        assert result["seconds"] < SECONDS, result
        assert result["messages"] > 0 or name in HARMLESS, result
        assert result["longest"] < 2_000, result
    assert set(results) == set(names)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nothing", "I110"),
        ("random bytes", "I002"),
        ("NULs", "I002"),
        ("UTF-16", "I002"),
        ("UTF-16 without a mark", "I002"),
        ("Latin-1", "I002"),
        ("lone surrogates", "I002"),
        ("10 MB", "I003"),
        ("1,000 levels of braces", "I107"),
        ("extends chain of 5,000", "I311"),
        ("lists in a circle of 5,000", "I305"),
        ("lists doubling 40 times", "I211"),
        ("300 million prompts", "I211"),
        ("a list in each defect", "I211"),
        ("a parent of many defects", "I211"),
        ("a parent of many tests", "I211"),
        ("a parent of many rules", "I211"),
        ("rules doubling 40 times", "I211"),
        ("phrases doubling 40 times", "I211"),
        ("an endless name", "I211"),
        ("an endless template", "I211"),
        ("a phrase of a page, often", "I211"),
        ("a chain of lists from its end", "I305"),
        ("long numbers", "I405"),
        ("one name", "I124"),
    ],
)
def test_the_code_says_what_is_wrong(name: str, code: str) -> None:
    from promptdsl.pipeline import compile_text

    assert code in {each.code for each in compile_text(TEXTS[name](), "x.inspect").report}


# files and folders


def spec_with(line: str) -> str:
    return SMALL.replace("}\n}", "}\n  " + line + "\n}")


def use(path: str) -> str:
    return SMALL.replace("object", f'use "{path}" as other\nobject', 1)


def test_odd_files(tmp_path: Path) -> None:
    """Pipes, devices, folders, files without permission or content."""
    os.mkfifo(tmp_path / "pipe.inspect")
    (tmp_path / "folder.inspect").mkdir()
    (tmp_path / "large.inspect").write_bytes(b" " * (MAX_BYTES + 1))
    (tmp_path / "loop.inspect").symlink_to("loop.inspect")
    (tmp_path / "closed.inspect").write_text(SMALL)
    (tmp_path / "closed.inspect").chmod(0)
    names = ["pipe", "folder", "large", "loop", "closed", "gone", "n" * 300, "a\nb"]
    paths = [str(tmp_path / f"{name}.inspect") for name in names]
    paths += ["/dev/zero", "/dev/tty", str(tmp_path / "large.inspect" / "x.inspect")]
    results = drive("files", paths, timeout=60)
    for path in paths:
        if "closed" in path and os.geteuid() == 0:
            continue  # nothing is closed to root
        assert not results[path]["ok"], path
        assert results[path]["codes"] in (["I001"], ["I003"]), results[path]
        assert results[path]["seconds"] < 1.0, results[path]


def test_odd_used_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.inspect")
    (tmp_path / "zero.inspect").symlink_to("/dev/zero")
    (tmp_path / "loop.inspect").symlink_to("loop.inspect")
    (tmp_path / "folder.inspect").mkdir()
    targets = ["pipe", "zero", "loop", "folder", "n" * 3000, "a\\u0000", ".", "", "a" * 100_000]
    for index, target in enumerate(targets):
        (tmp_path / f"s{index}.inspect").write_text(use(target))
    paths = [str(tmp_path / f"s{index}.inspect") for index in range(len(targets))]
    results = drive("files", paths, timeout=60)
    for path in paths:
        assert set(results[path]["codes"]) <= {"I302", "I303"}, results[path]
        assert results[path]["messages"] == 1, results[path]


def test_files_in_a_circle(tmp_path: Path) -> None:
    """One, two and three files; through a symbolic link; and a chain of hundreds."""
    (tmp_path / "self.inspect").write_text(use("self"))
    for name, other in (("a", "b"), ("b", "a"), ("x", "y"), ("y", "z"), ("z", "x")):
        (tmp_path / f"{name}.inspect").write_text(use(other))
    (tmp_path / "linked.inspect").write_text(use("link"))
    (tmp_path / "link.inspect").symlink_to("linked.inspect")
    for index in range(400):
        (tmp_path / f"c{index}.inspect").write_text(use(f"c{index + 1}"))
    for index in range(45):  # each uses the next one twice
        text = use(f"d{index + 1}").replace("use", f'use "d{index + 1}" as twin\nuse', 1)
        (tmp_path / f"d{index}.inspect").write_text(text)
    (tmp_path / "d45.inspect").write_text(SMALL)
    names = ["self", "a", "x", "linked", "c0", "d0"]
    results = drive("files", [str(tmp_path / f"{name}.inspect") for name in names], timeout=60)
    for name, code in zip(names, ["I304"] * 4 + ["I309"], strict=False):
        assert code in results[str(tmp_path / f"{name}.inspect")]["codes"], name
    assert results[str(tmp_path / "d0.inspect")]["seconds"] < 5


OUTSIDE = [
    "../secret", "a/../../secret", "..\\secret", "/etc/passwd", "{outside}/secret", "link/secret",
    "direct",
]  # fmt: skip


def test_used_files_stay_inside(tmp_path: Path) -> None:
    folder, specs = tmp_path / "specs", []
    (folder / "a").mkdir(parents=True)
    (tmp_path / "secret.inspect").write_text(SMALL)
    (folder / "link").symlink_to(tmp_path)
    (folder / "direct.inspect").symlink_to(tmp_path / "secret.inspect")
    for index, written in enumerate(OUTSIDE):
        path = written.replace("{outside}", str(tmp_path)).replace("\\", "\\\\")
        (folder / f"s{index}.inspect").write_text(use(path))
        specs.append(str(folder / f"s{index}.inspect"))
    refused = drive("files", specs)
    allowed = drive("files", [*specs, f"allow={tmp_path}"])
    for spec, written in zip(specs, OUTSIDE, strict=True):
        assert refused[spec]["codes"] == ["I303"], (written, refused[spec])
        assert written == "/etc/passwd" or "I303" not in allowed[spec]["codes"], written


GLOBS_OUTSIDE = [
    "../*.png", "a/../../*.png", "..\\\\*.png", "/etc/passwd", "/**/*", "{outside}/*.png", "/",
    "link/*.png", "*/*.png", "**/../../*", "C:\\\\pictures\\\\*.png", "C:/pictures/*.png",
]  # fmt: skip
GLOBS_FOR_NOTHING = ["~/*.png", "**", "[", "*a" * 100, "n" * 3000, "a/" * 2000]


def test_globs_stay_inside(tmp_path: Path) -> None:
    folder, specs = tmp_path / "specs", {}
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(b"")
    (folder / "link").symlink_to(tmp_path)
    for index, pattern in enumerate(GLOBS_OUTSIDE + GLOBS_FOR_NOTHING):
        spec, written = folder / f"s{index}.inspect", pattern.replace("{outside}", str(tmp_path))
        spec.write_text(spec_with(f'samples good {{ images: "{written}" }}'))
        specs[str(spec)] = "I602" if pattern in GLOBS_OUTSIDE else "I607"
    results = drive("files", list(specs))
    for spec, code in specs.items():
        # `**` tells of the link that it does not follow
        codes = [told for told in results[spec]["codes"] if told != "I615"]
        assert codes == [code], (spec, results[spec], Path(spec).read_text()[-99:])
        assert results[spec]["seconds"] < 2


def test_links_in_a_circle_below_a_glob(tmp_path: Path) -> None:
    """Ten links back to the folder and twenty stars are ten to the twenty paths, and 20 looks."""
    for index in range(10):
        (tmp_path / f"again{index}").symlink_to(tmp_path)
    spec = tmp_path / "nut.inspect"
    spec.write_text(spec_with('samples good { images: "' + "*/" * 20 + 'x.png" }'))
    result = drive("files", [str(spec)])[str(spec)]
    assert result["codes"] == ["I607"], result
    assert result["seconds"] < 5


def test_a_file_that_vanishes_and_one_that_grows(tmp_path: Path) -> None:
    """Between looking for a used file and reading it."""
    from promptdsl.pipeline import compile_file
    from promptdsl.source import DiskLoader

    class Vanishing(DiskLoader):
        def read(self, path: Path) -> bytes:
            if path.name == "other.inspect":
                path.unlink()
            return super().read(path)

    (tmp_path / "other.inspect").write_text(SMALL)
    (tmp_path / "nut.inspect").write_text(use("other"))
    compilation = compile_file(tmp_path / "nut.inspect", loader=Vanishing())
    assert [each.code for each in compilation.report] == ["I302"]
