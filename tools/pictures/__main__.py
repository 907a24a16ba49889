"""Draw a set of pictures of one product, or of one product of each object.

Example: python -m tools.pictures OUT --object "metal nut" --good 20 --defective 5
"""

import sys
from difflib import get_close_matches
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from .catalog import DEFECTS, OBJECTS, Product
from .folders import Layout, write_set


def chosen(names: tuple[str, ...], every: str | None) -> tuple[str, ...]:
    """The objects asked for."""
    if every is not None:
        names = OBJECTS if every == "all" else tuple(name.strip() for name in every.split(","))
    if not names:
        raise click.UsageError('say what to draw: --object "metal nut", or --objects all')
    for name in names:
        if name not in OBJECTS:
            near = get_close_matches(name, OBJECTS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"no object {name!r}{hint} There are: {', '.join(OBJECTS)}")
    return names


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--object", "names", multiple=True, help="An object to draw; may be given again.")
@click.option("--objects", "every", help='"all", or names with commas between.')
@click.option("--good", default=20, show_default=True, type=click.IntRange(0, 10_000))
@click.option(
    "--test-good",
    type=click.IntRange(0, 10_000),
    help="Good pictures to test; default: half of --good.",
)
@click.option(
    "--defective",
    default=5,
    show_default=True,
    type=click.IntRange(0, 10_000),
    help="Of each defect.",
)
@click.option(
    "--size", default=240, show_default=True, type=click.IntRange(32, 2048), help="Pixels a side."
)
@click.option(
    "--seed", default=7, show_default=True, type=click.IntRange(0, 2**63), help="The product."
)
@click.option("--layout", default="mvtec", show_default=True, type=click.Choice(["mvtec", "plain"]))
def main(
    out: Path, names: tuple[str, ...], every: str | None, good: int, test_good: int | None,
    defective: int, size: int, seed: int, layout: Layout,
) -> None:  # fmt: skip
    """Write the set and say where it is."""
    asked, held = chosen(names, every), good // 2 if test_good is None else test_good
    total = sum(good + held + defective * len(DEFECTS[name]) for name in asked)
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("drawing", total=total)
            for name in asked:
                for _ in write_set(out, Product(name, seed), good, held, defective, size, layout):
                    progress.advance(task)
    except OSError as error:
        click.echo(f"error: {out} cannot be written: {error.strerror or error}", err=True)
        sys.exit(3)
    click.echo(f"{total} pictures of {len(asked)} object{'s' * (len(asked) > 1)} are in {out}")


if __name__ == "__main__":
    main()
