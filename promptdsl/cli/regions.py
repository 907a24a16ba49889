"""`promptdsl regions`: a page to see and to draw the regions of a spec over a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptdsl.cli.shared.options import ALLOW, object_option, out_option
from promptdsl.cli.shared.specs import SPEC, STANDARD_INPUT, compile_named, faultless
from promptdsl.cli.shown.terminal import counted, say, tell_note
from promptdsl.diagnostics.nearest import did_you_mean
from promptdsl.errors import EnvironmentProblem, Problem, UsageProblem
from promptdsl.files.naming import shown
from promptdsl.files.owned import refuse_inputs_as_output, refuse_other_content
from promptdsl.files.writing import write_file
from promptdsl.pipeline import Compilation
from promptdsl.spec import ObjectSpec

if TYPE_CHECKING:
    from promptdsl.plan.model import ObjectPlan
    from promptdsl.report.regions import Backdrop, Sight
    from promptdsl.results import BoolMap

MOST_PIXELS = 16_000_000  # of a larger one a whole factor less: the page shows less still
# places outside, empty, unknown in a line, with a mask of another shape, or too small
MENDED = ("I609", "I610", "I611", "I617", "I618")
EPILOG = """\b
Examples:
  promptdsl regions gasket.inspect pictures/000.png
  promptdsl regions line.inspect 000.png --object gasket -o gasket.html

\b
The page draws what the spec says, lets you draw more with the mouse, and
gives the lines to paste. It needs no network, and changes no file.
"""


@click.command("regions", epilog=EPILOG)
@click.argument("spec", metavar="SPEC", type=SPEC)
@click.argument("picture", metavar="PICTURE", type=click.Path(path_type=Path))
@out_option("Page to write.  [default: NAME-regions.html]")
@object_option()
@ALLOW
def command(
    spec: str, picture: Path, out: Path | None, object_name: str | None, allow: tuple[Path, ...]
) -> None:
    """Show the regions of a spec over a picture, in a page that draws new ones.

    PICTURE is one of those that the spec inspects, at its own size.
    """
    compilation = _compiled(spec, allow)
    item = _chosen(compilation, object_name)
    stem = "spec" if spec == STANDARD_INPUT else Path(spec).stem
    notes = _notes(item, picture, Path(spec).parent)
    path = _destination(out or Path(f"{stem}-regions.html"), compilation, picture)
    page = _page(compilation, item, picture, Path(spec).parent, notes)
    write_file(path, page.encode("utf-8"))
    for note in notes:
        tell_note(note)
    regions, ignored = counted(len(item.regions), "region"), counted(len(item.ignored), "place")
    say(f"wrote {path} ({item.name}: {regions}, {ignored} ignored)")
    tell_note("open it in a browser, draw, and paste its lines into the spec", "next")


def _compiled(spec: str, allow: tuple[Path, ...]) -> Compilation:
    """The spec, without errors but those about places, which the page is there to mend."""
    compilation = compile_named(spec, allow)
    errors = compilation.report.errors
    if compilation.spec is None or not errors or any(e.code not in MENDED for e in errors):
        return faultless(compilation)
    for error in errors:
        tell_note(error.message, "to mend on the page")
    return compilation


def _chosen(compilation: Compilation, name: str | None) -> ObjectSpec:
    objects = compilation.spec.objects if compilation.spec else ()
    names = [item.name for item in objects]
    if not objects:
        raise UsageProblem(
            f"{compilation.name} holds lists and no object, so there is nothing to draw on",
            "name a spec that uses it",
        )
    if name is None and len(objects) > 1:
        listed = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
        raise UsageProblem(
            f"{compilation.name} has {len(objects)} objects", f"say which with --object: {listed}"
        )
    found = objects[0] if name is None else next((o for o in objects if o.name == name), None)
    if found is None:
        near = did_you_mean(name or "", names)
        help = near or f"there {'is' if len(names) == 1 else 'are'} {', '.join(names[:8])}"
        raise UsageProblem(f"{compilation.name} has no object {name}", help)
    return found


def _destination(path: Path, compilation: Compilation, picture: Path) -> Path:
    """Where the page goes, which is no file of somebody else's."""
    from promptdsl.report.regions import PAGE_MARK

    if path.is_dir():
        raise UsageProblem(f"{path} is a folder", f"write {path / 'regions.html'}")
    if not path.parent.is_dir():
        raise UsageProblem(f"there is no folder {path.parent}", "make it first")
    sources = [source.path or source.name for source in compilation.sources.values()]
    refuse_inputs_as_output(path, [*sources, picture])
    refuse_other_content(path, "promptdsl regions", lambda start: PAGE_MARK in start)
    return path


def _page(
    compilation: Compilation, item: ObjectSpec, picture: Path, folder: Path, notes: Sequence[str]
) -> str:
    from promptdsl.language.vocabulary import KEYWORDS, NAME, RESERVED
    from promptdsl.plan.build import build_plan
    from promptdsl.report.regions import Words, regions_page

    assert compilation.spec is not None
    whole = build_plan(compilation.spec, compilation.sources)
    plan = next(one for one in whole.objects if one.name == item.name)
    backdrop = _backdrop(picture, plan)
    words = Words(NAME.pattern, (*KEYWORDS, *RESERVED))
    return regions_page(
        plan,
        Path(compilation.name).name,
        backdrop,
        _masks(plan, folder),
        words,
        _sight(item, backdrop),
        notes,
    )


def _backdrop(picture: Path, plan: "ObjectPlan") -> "Backdrop":
    from promptdsl.pictures.opening import picture_size
    from promptdsl.pictures.problem import PictureError
    from promptdsl.pictures.reading import read_rgb
    from promptdsl.report.regions import Backdrop

    if not picture.exists():
        raise UsageProblem(f"there is no picture {picture}", "check the path")
    try:
        intensity = plan.picture.intensity if plan.picture is not None else None
        image = read_rgb(picture, MOST_PIXELS, intensity=intensity)
        return Backdrop(picture.name, image, picture_size(picture))
    except PictureError as error:
        raise EnvironmentProblem(f"{shown(picture)}: {error}") from None


def _sight(item: ObjectSpec, backdrop: "Backdrop") -> "Sight | None":
    """What the model can see; nothing is told of a model whose shape is not known."""
    from promptdsl.judge.visible import (
        how_to_see_more,
        least_region,
        loses_much,
        patch_size,
        what_is_seen,
    )
    from promptdsl.report.regions import Sight

    facts = item.method.facts
    if facts is None:
        return None
    told = what_is_seen(item, facts, backdrop.size)
    if loses_much(item, facts, backdrop.size):
        told = f"{told}; {how_to_see_more(item, facts)}"
    patch = patch_size(item, facts, backdrop.size)
    return Sight(patch, least_region(item, facts, backdrop.size), told)


def _masks(plan: "ObjectPlan", folder: Path) -> Mapping[str, "BoolMap | str"]:
    """Masks by their paths; of one that cannot be used, why: the rest is shown all the same."""
    from promptdsl.pictures.spec_masks import mask_paths, read_place

    found: dict[str, BoolMap | str] = {}
    for path, place in mask_paths(plan).items():
        try:
            found[path] = read_place(folder / path, path, place)
        except Problem as problem:
            found[path] = problem.sentence
    return found


def _notes(item: ObjectSpec, picture: Path, folder: Path) -> list[str]:
    """What to know before drawing."""
    locate = item.picture.locate if item.picture is not None else None
    if locate is None or (folder / locate.like).resolve() == picture.resolve():
        return []
    return [
        f"this spec brings every picture to {locate.like} first, and its regions lie there: "
        f"draw on {locate.like}"
    ]
