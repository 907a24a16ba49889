"""Whatever lies in a spec's folder: every command takes the same files of a pattern as `check`."""

import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.labelled import from_spec
from promptdsl.files.find import Found
from promptdsl.files.hashing import hash_file
from promptdsl.lock.pin import pin_files, pin_hashes
from promptdsl.pipeline import compile_file
from promptdsl.plan.build import build_plan
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.reference_pictures import all_references, reference_files
from promptdsl.source import DiskLoader

FOLDERS = ("a", "a", "b c", "[x]", "x", "Ä", ".hid", "run", "deep.png")
FILES = (
    "1.png", "10.png", "2.PNG", "3.jpg", "[1].png", "4.heic", ".5.png", "6.txt", "plain", "ü.tif",
    "*.png", "7.gif",
)  # fmt: skip
PARTS = (
    *FOLDERS, *FILES, "*", "**", "*.png", "[[]x]", "?", "[ax]", "*.*", ".*", "..", ".", "**", "*",
    "*.p[mn]g", "[!a]*", "loop", "away", "inner",
)  # fmt: skip

ways = st.lists(st.sampled_from(FOLDERS), max_size=3)
files = st.tuples(ways, st.sampled_from(FILES))
links = st.tuples(
    ways,
    st.sampled_from(("loop", "loop", "inner", "9.png", "away")),
    ways,
    st.sampled_from(("", "1.png")),
)
likely = st.tuples(
    st.sampled_from(("", "**/", "*/", "a/", "a/**/", "?/", "[[]x]/", "a/../", "*/*/", "loop/")),
    st.sampled_from(("*", "**", "*.*", "*.png", "1.png", "[!3]*", "*.[jPp]*", "a", "x", ".*")),
).map("".join)
odd = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("/".join)
patterns = st.lists(st.one_of(likely, likely, odd), min_size=1, max_size=2)


def grow(
    spec: Path,
    some_files: list[tuple[list[str], str]],
    some_links: list[tuple[list[str], str, list[str], str]],
    results: list[str],
) -> None:
    """A random tree; what cannot be built, such as a folder where a file is, is left away."""
    root = spec.parent
    for way, name in some_files:
        in_folder(root.joinpath(*way), lambda at, name=name: (at / name).write_text(str(at)))
    for way, name, to, file in some_links:
        target = root.parent / "outside" if name == "away" else root.joinpath(*to, file)
        in_folder(root.joinpath(*way), lambda at, n=name, to=target: (at / n).symlink_to(to))
    for name in ("run.json", "results.jsonl", "11.png"):
        in_folder(root.joinpath(*results), lambda at, name=name: (at / name).touch())


def in_folder(folder: Path, make: Callable[[Path], object]) -> None:
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        make(folder)


def described(one: list[str], other: list[str]) -> str:
    def listed(paths: list[str]) -> str:
        return ", ".join('"' + path.replace("\\", "\\\\") + '"' for path in paths)

    return (
        'inspect 1\nobject nut {\n  defect bent { "bent {object}" }\n'
        f'  method winclip {{ model: "promptdsl-mini", references: {listed(one)} }}\n'
        f"  samples bent {{ images: {listed(other)} }}\n}}\n"
    )


def compare(spec: Path) -> int:
    """Hold every command against `check`; gives the number of pictures compared."""
    loader = Watching()
    compilation = compile_file(spec, loader=loader)
    if {item.code for item in compilation.report.errors} - {"I601", "I604"}:
        return 0  # a pattern leads outside: no command goes on
    assert compilation.spec is not None
    (plan,) = build_plan(compilation.spec, compilation.sources).objects
    compared = 0
    references = plan.method.settings["references"]
    assert isinstance(references, tuple)
    for paths, take in (
        (tuple(map(str, references)), lambda: references_of(plan, spec)),
        (plan.samples[0].images, lambda: [str(p.path) for p in from_spec(plan, spec).pictures]),
    ):
        expected = each_once(file for path in paths for file in loader.seen[path])
        pinned = pin_files(paths, spec.parent)
        if not all(loader.seen[path] for path in paths):
            with pytest.raises(EnvironmentProblem):
                take()
            assert pinned is None
            continue
        assert take() == expected
        hashes = hashes_of(expected)
        assert pinned == (None if hashes is None else pin_hashes(hashes, paths))
        compared += len(expected)
    return compared


class Watching(DiskLoader):
    """The loader of the command line, with a memory."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[str, ...]] = {}

    def find(self, folder: Path, pattern: str, roots: tuple[Path, ...]) -> Found:
        found = super().find(folder, pattern, roots)
        self.seen[pattern] = found.files
        real = os.path.realpath(folder)
        if found.outside is None:
            assert all(Path(os.path.realpath(file)).is_relative_to(real) for file in found.files)
        return found


def references_of(plan: ObjectPlan, spec: Path) -> list[str]:
    found = list(all_references(plan, spec.parent).pictures)
    patterns = plan.method.settings["references"]
    assert isinstance(patterns, tuple)
    drawn = reference_files(list(map(str, patterns)), None, 0, spec.parent)
    assert sorted(map(str, drawn)) == sorted(found)
    return found


def each_once(found: Iterable[str]) -> list[str]:
    """Each file where it comes first, whatever way leads to it."""
    places: dict[str, str] = {}
    for file in found:
        folder, name = os.path.split(file)
        places.setdefault(os.path.join(os.path.realpath(folder), name), str(Path(file)))
    return list(places.values())


def hashes_of(names: list[str]) -> list[str] | None:
    try:
        return [hash_file(Path(name)) for name in names]
    except OSError:  # a link to nothing, a folder that is named like a picture
        return None


def random_spec(place: Path, draw: st.DataObject) -> Path:
    """A spec with random patterns in a random tree."""
    outside = place / "outside"
    outside.mkdir()
    (outside / "1.png").write_text("outside")
    spec = place / draw.draw(st.sampled_from(("spec", "line [A]", "sp *", "Ä?"))) / "s.inspect"
    spec.parent.mkdir()
    results = draw.draw(ways) or ["run"]
    grow(
        spec,
        draw.draw(st.lists(files, min_size=4, max_size=15)),
        draw.draw(st.lists(links, max_size=3)),
        results,
    )
    spec.write_text(described(draw.draw(patterns), draw.draw(patterns)), "utf-8")
    return spec


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_files_of_check_are_those_of_every_other_command(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        compare(random_spec(Path(place), data))


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_the_same_for_many_more_trees(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place:
        compare(random_spec(Path(place), data))


def test_the_comparison_is_not_empty(tmp_path: Path) -> None:
    spec = tmp_path / "line [A]" / "s.inspect"
    spec.parent.mkdir()
    tree = [(["a"], "1.png"), (["a"], "10.png"), (["a", "x"], "2.PNG"), (["[x]"], "3.jpg")]
    grow(spec, tree, [(["a"], "loop", ["a"], "")], ["a", "old"])
    spec.write_text(described(["a/*.png", "[[]x]/*"], ["**"]), "utf-8")
    assert compare(spec) == 3 + 4
