"""Every option that more than one command has, written once; `--help` lists them as decorated."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from promptdsl.evaluate.asked import Asked

Command = Callable[..., Any]
Option = Callable[[Command], Command]
PLACE = click.Path(path_type=Path)

ALLOW = click.option(
    "--allow",
    "allow",
    multiple=True,
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Let paths in the spec lead into this folder too.",
)
NO_CACHE = click.option("--no-cache", is_flag=True, help="Encode every picture anew.")
RECURSIVE = click.option("-r", "--recursive", is_flag=True, help="Look into sub-folders too.")


def together(*options: Option) -> Option:
    """Several options as one decorator."""
    return lambda command: functools.reduce(lambda c, option: option(c), options[::-1], command)


def choice(*names: str, words: Sequence[str], help: str | None = None) -> Option:
    """One of a few words; the first is taken where nothing is said."""
    return click.option(
        *names,
        type=click.Choice(words),
        default=words[0],
        show_default=True,
        help=help,
    )


def device_option(help: str | None = None) -> Option:
    """--device."""
    return choice("--device", words=("auto", "cuda", "cpu"), help=help)


def precision_option(help: str | None = None) -> Option:
    """--precision."""
    return choice("--precision", words=("auto", "fp32", "bf16"), help=help)


compute_options = together(device_option(), precision_option())


def format_option(*forms: str, help: str | None = "What goes to standard output.") -> Option:
    """--format, as `form`: text or json, where no others are named."""
    return choice("--format", "form", words=forms or ("text", "json"), help=help)


def object_option(help: str = "Which object of the spec.") -> Option:
    """--object, as `object_name`."""
    return click.option("--object", "object_name", metavar="NAME", help=help)


def quiet_option(help: str = "No progress.") -> Option:
    """-q, --quiet."""
    return click.option("-q", "--quiet", is_flag=True, help=help)


def out_option(
    help: str, metavar: str | None = "OUT", *, required: bool = False, **kind: Any
) -> Option:
    """-o, --out: a path, of the kind that click.Path is told."""
    path = click.Path(**{"path_type": Path, **kind})
    return click.option("-o", "--out", required=required, metavar=metavar, type=path, help=help)


def overwrite_option(help: str = "Replace OUT.") -> Option:
    """--overwrite."""
    return click.option("--overwrite", is_flag=True, help=help)


def seed_option(help: str | None = None) -> Option:
    """--seed."""
    kind = click.IntRange(0, 2**31 - 1)
    return click.option("--seed", type=kind, default=0, show_default=True, help=help)


def method_options(model_help: str, setting: str) -> tuple[Option, Option]:
    """--model, and --set with an example, of a method without a spec."""
    model = click.option("--model", metavar="NAME[,TAG]", help=model_help)
    help = f'A line of the method block, such as "{setting}"; may be given again.'
    return model, click.option("--set", "settings", multiple=True, metavar="LINE", help=help)


def asking(*options: Option) -> Option:
    """The options, and with --allow and SPEC all that they say as one value, `asked`."""
    names = [field.name for field in dataclasses.fields(Asked)]

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def call(**values: Any) -> Any:
            said = {name: values.pop(name) for name in names if name in values}
            return command(asked=Asked(**said), **values)

        return together(*options)(call)

    return decorate


def _named_folder(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    """`scratch=DIR` -> ("scratch", DIR)."""
    pairs = []
    for value in values:
        name, equals, folder = value.partition("=")
        if not (name and equals and folder):
            raise click.BadParameter(f"{value!r} is not of the form NAME=DIR")
        pairs.append((name, Path(folder)))
    return tuple(pairs)


picture_options = asking(  # folders instead of the spec's samples
    click.option("--good", multiple=True, type=PLACE, metavar="DIR", help="Good parts."),
    click.option(
        "--defect",
        "defects",
        multiple=True,
        callback=_named_folder,
        metavar="NAME=DIR",
        help="Parts with this defect; may be given again.",
    ),
    click.option(
        "--masks",
        type=PLACE,
        metavar="DIR",
        help="Masks: DIR/NAME/ for each defect, or all of them in DIR.",
    ),
    object_option(),
)

dataset_options = together(
    click.option(
        "--mvtec", type=PLACE, metavar="ROOT", help="MVTec AD, or a folder tree of its shape."
    ),
    click.option("--visa", type=PLACE, metavar="ROOT", help="VisA."),
    click.option(
        "--data",
        type=PLACE,
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
