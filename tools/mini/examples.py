"""The example pictures: `python -m tools.mini.examples examples`.

Three products, each drawn from one seed in one order, so that nothing in them is picked by hand:
good samples, pictures to inspect, and the masks of the defective ones.
"""

from dataclasses import dataclass
from pathlib import Path

import click

from tools.pictures import Product, draw
from tools.pictures.folders import folder_name, mask_picture, write_picture

SIZE, QUALITY, SAMPLES = 320, 88, 8


@dataclass(frozen=True, slots=True)
class Example:
    """One folder: a product and the pictures to inspect, in their order."""

    product: Product
    short: str
    pictures: tuple[str | None, ...]


EXAMPLES = (
    Example(
        Product("metal nut", 3),
        "nut",
        (None, "scratch", "rust", None, "missing part", "contamination", "bent", None),
    ),
    Example(
        Product("leather", 5),
        "leather",
        (None, "scratch", "hole", "cut", None, "stain", "glue", "contamination"),
    ),
    Example(
        Product("bottle cap", 11),
        "cap",
        (None, "misprint", "scratch", "bent", None, "rust", "dent", None),
    ),
)


def write_example(root: Path, example: Example) -> list[Path]:
    """Draw one folder; returns the pictures to inspect."""
    home = root / folder_name(example.product.object)
    for number in range(SAMPLES):
        sample = draw(example.product, number, None, SIZE)
        path = home / "samples" / "good" / f"{example.short}_good_{number + 1:02d}.jpg"
        write_picture(path, sample.image, QUALITY)
    written = []
    for number, kind in enumerate(example.pictures):
        name = f"{example.short}_{number + 1:02d}_{folder_name(kind or 'good')}"
        sample = draw(example.product, 100 + number, kind, SIZE)
        written.append(home / "pictures" / f"{name}.jpg")
        write_picture(written[-1], sample.image, QUALITY)
        if kind is not None:
            write_picture(home / "masks" / f"{name}.png", mask_picture(sample))
    return written


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
def main(out: Path) -> None:
    """Write all folders."""
    for example in EXAMPLES:
        click.echo(f"{len(write_example(out, example))} pictures of {example.product.object}")


if __name__ == "__main__":
    main()
