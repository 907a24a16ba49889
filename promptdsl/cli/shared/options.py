"""Options that several commands share, each written once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorated = Callable[..., Any]
ROOT = click.Path(path_type=Path)

NO_CACHE = click.option("--no-cache", is_flag=True, help="Encode every picture anew.")


def together(*options: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    """Several options as one decorator; --help lists them in this order."""

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


compute_options = together(
    click.option(
        "--device", type=click.Choice(["auto", "cuda", "cpu"]), default="auto", show_default=True
    ),
    click.option(
        "--precision",
        type=click.Choice(["auto", "fp32", "bf16"]),
        default="auto",
        show_default=True,
    ),
)

dataset_options = together(
    click.option(
        "--mvtec", type=ROOT, metavar="ROOT", help="MVTec AD, or a folder tree of its shape."
    ),
    click.option("--visa", type=ROOT, metavar="ROOT", help="VisA."),
    click.option(
        "--data",
        type=ROOT,
        metavar="ROOT",
        help="Any labelled folders: good/ and one folder for each defect.",
    ),
    click.option(
        "--category",
        "categories",
        multiple=True,
        metavar="NAME",
        help="Only this category of the data set; may be given again.",
    ),
    click.option(
        "--shots",
        type=click.IntRange(1, 10_000),
        metavar="N",
        help="Compare with N good training pictures of the data set.",
    ),
)


def format_option(
    help: str = "What goes to standard output.",
) -> Callable[[Decorated], Decorated]:
    """--format text or json, as `form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help=help,
    )
