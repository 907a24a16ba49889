"""`promptdsl bench`: how fast this machine inspects, and what share of its arithmetic that is."""

import dataclasses
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptdsl.cli.shared.options import (
    ALLOW,
    device_option,
    format_option,
    object_option,
    precision_option,
)
from promptdsl.cli.shared.specs import compile_faultless
from promptdsl.cli.shown.terminal import write_json
from promptdsl.errors import UsageProblem
from promptdsl.methods import DEFAULT_METHOD, METHODS

if TYPE_CHECKING:
    from rich.table import Table

    from promptdsl.engine.device import Compute
    from promptdsl.scoring.benchmark import Comparison, Report, Speed, Step
    from promptdsl.scoring.detector import Detector

BATCHES = {"cpu": (1, 4), "cuda": (1, 8, 32, 64)}
MAX_BATCH = 4096
SUSPICIOUS = 0.01  # a difference of maps that rounding does not explain
EPILOG = """\b
Examples:
  promptdsl bench part.inspect
  promptdsl bench part.inspect --device cuda --batch-size 1,16,64 --profile
  promptdsl bench --random-weights ViT-B-16-plus-240
  promptdsl bench --against anomalib --format json
"""


def _batches(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, ...]:
    """`1,8` -> (1, 8); nothing means what suits the device."""
    if value is None:
        return ()
    parts = [part.strip() for part in value.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= MAX_BATCH for part in parts):
        raise click.BadParameter(f"{value!r} is no list of numbers from 1 to {MAX_BATCH}")
    return tuple(sorted({int(part) for part in parts}))


@click.command("bench", epilog=EPILOG)
@click.argument("spec", required=False, type=click.Path(exists=True, dir_okay=False))
@object_option()
@device_option()
@precision_option("auto: float32, and bfloat16 where the hardware has it.")
@click.option(
    "--batch-size", "batches", callback=_batches, metavar="N,N,...", help="Pictures at once."
)
@click.option(
    "--random-weights",
    "architecture",
    metavar="ARCH",
    help="A model of open_clip with random weights and default settings, instead of a spec.",
)
@click.option(
    "--against",
    type=click.Choice(["anomalib"]),
    help="Compare with this, with the same random weights, if it is installed.",
)
@click.option("--profile", is_flag=True, help="Also say where the time goes.")
@format_option(help=None)
@ALLOW
def command(
    spec: str | None,
    object_name: str | None,
    device: str,
    precision: str,
    batches: tuple[int, ...],
    architecture: str | None,
    against: str | None,
    profile: bool,
    form: str,
    allow: tuple[Path, ...],
) -> None:
    """Measure pictures per second, latency and the share of the measured matrix-product rate.

    A round is a whole inspection of pictures in memory, to scores and maps; reading files and
    writing results is not in it. With tiles, a picture here is one tile.
    """
    _refuse_contradictions(spec, architecture, against)
    from rich.console import Console

    from promptdsl.cli.shown.progress import Progress
    from promptdsl.scoring.benchmark import benchmark, precisions, where_time_goes

    with Progress() as progress:
        computes = precisions(device, precision)
        batches = batches or BATCHES[computes[0].device.type]
        lines: Iterator[str]
        if against:
            comparison = _compare(computes, batches, progress.step)
            measured, speeds = dataclasses.asdict(comparison), comparison.speeds
            lines = _comparison(comparison)
        else:
            detectors = _detectors(spec, object_name, architecture, computes, allow)
            report = benchmark(detectors, batches, progress.step)
            shares: dict[str, dict[str, float]] = {}
            if profile:
                progress.step("profile")
                shares = {d.compute.precision: where_time_goes(d, batches[0]) for d in detectors}
            measured = {**dataclasses.asdict(report), "where_time_goes": shares}
            speeds, lines = report.speeds, _report(report, shares)
    if form == "json":
        write_json(measured)
        return
    console = Console()
    console.print(next(lines), highlight=False)
    console.print(_speeds(speeds))
    for line in lines:
        console.print(line, highlight=False)


def _refuse_contradictions(spec: str | None, architecture: str | None, against: str | None) -> None:
    if spec and (architecture or against):
        other = "--random-weights" if architecture else "--against"
        raise UsageProblem(f"{other} brings its own model: leave the spec out")
    if not (spec or architecture or against):
        raise UsageProblem(
            "bench needs a spec, or --random-weights ARCH, or --against anomalib",
            help="promptdsl bench --random-weights ViT-B-16-plus-240",
        )


def _detectors(
    spec: str | None,
    object_name: str | None,
    architecture: str | None,
    computes: list["Compute"],
    allow: tuple[Path, ...],
) -> list["Detector"]:
    if architecture is not None:
        detectors: list[Detector] = _benchmark().random_detectors(architecture, computes)
        return detectors
    from promptdsl.scoring.detector import build_detector
    from promptdsl.scoring.places import read_places

    assert spec is not None
    objects = {item.name: item for item in compile_faultless(spec, allow).plan().objects}
    if object_name is not None and object_name not in objects:
        raise UsageProblem(f"{spec} has no object {object_name}; it has {', '.join(objects)}")
    plan = objects[object_name] if object_name else next(iter(objects.values()))
    folder = Path(spec).parent
    places = read_places(plan, folder)
    return [
        build_detector(
            plan,
            spec_folder=folder,
            device=compute.device.type,
            precision=compute.precision,
            layout=places.layout,
            golden=places.golden,
        )
        for compute in computes
    ]


def _compare(computes: list["Compute"], batches: tuple[int, ...], step: "Step") -> "Comparison":
    comparison: Comparison = _benchmark().compare(computes, batches, step)
    return comparison


def _benchmark() -> Any:
    """What the default method can be measured with, without a spec."""
    return import_module(METHODS[DEFAULT_METHOD].benchmark)


def _report(report: "Report", shares: dict[str, dict[str, float]]) -> Iterator[str]:
    yield report.device
    rates = ", ".join(f"{rate:.3g} TFLOP/s in {p}" for p, rate in report.matrix_tflops.items())
    yield f"matrix rate, measured: {rates}"
    yield (
        f"a picture needs {report.gflop_needed:,.1f} GFLOP after the exact savings, by formula "
        f"(naively {report.gflop_naive:,.1f}); shares count the needed ones"
    )
    for batch in report.out_of_memory:
        yield f"batch {batch} does not fit into the device's memory"
    for precision, kinds in shares.items():
        parts = ", ".join(f"{kind} {share:.0%}" for kind, share in kinds.items())
        yield f"time in {precision}: {parts}"


def _comparison(found: "Comparison") -> Iterator[str]:
    yield (
        f"anomalib {found.anomalib_version}, open_clip {found.open_clip_version}, "
        "the same random weights, in turns"
    )
    for precision, difference in found.score_difference.items():
        yield (
            f"{precision}: scores differ by at most {difference:.1e}, "
            f"maps by {found.map_difference[precision]:.1e}"
        )
    if max(found.map_difference.values()) > SUSPICIOUS:
        yield (
            "maps differ: anomalib asks for open_clip_torch below 2.26.1, and with a newer one its "
            "windows attend to one another"
        )
    text = found.text
    yield (
        f"{text.prompts} prompts: anomalib {text.anomalib:.2f} s, ours {text.cold:.2f} s "
        f"({text.anomalib / text.cold:.1f} times faster), from the cache {text.cached:.4f} s "
        f"({text.anomalib / text.cached:,.0f} times)"
    )


def _speeds(speeds: tuple["Speed", ...]) -> "Table":
    """Rates and shares are those of the fastest round, which other programs disturb least."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("", "precision"):
        table.add_column(column)
    for column in ("batch", "best pictures/s", "median ms a batch", "of matrix rate", "times"):
        table.add_column(column, justify="right")
    rivals = {speed.batch: speed for speed in speeds if speed.who == "anomalib"}
    for speed in speeds:
        rival = rivals.get(speed.batch)
        factor = speed.pictures_per_second / rival.pictures_per_second if rival else None
        table.add_row(
            speed.who,
            speed.precision,
            str(speed.batch),
            f"{speed.pictures_per_second:.2f}",
            f"{speed.latency_ms:.1f}",
            "" if speed.share_needed is None else f"{speed.share_needed:.0%}",
            "" if factor is None else f"{factor:.2f}",
        )
    return table
