"""`promptdsl bench`: how fast this machine inspects, and what share of its arithmetic that is."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptdsl.cli.shared.options import (
    ALLOW,
    device_option,
    format_option,
    object_option,
    precision_option,
)
from promptdsl.cli.shared.specs import compile_faultless
from promptdsl.cli.shown.terminal import write_machines
from promptdsl.errors import UsageProblem

if TYPE_CHECKING:
    from rich.console import Console

    from promptdsl.engine.device import Compute
    from promptdsl.methods.winclip.beside_anomalib import Comparison
    from promptdsl.scoring.benchmark import Report, Speed, Step
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


@click.command("bench", epilog=EPILOG, short_help="Measure how fast a spec runs on this machine.")
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
    writing results is not in it.
    """
    _refuse_contradictions(spec, architecture, against)
    from promptdsl.cli.shown.progress import Progress

    with Progress() as progress:
        step = progress.step
        computes = _computes(device, precision)
        batches = batches or BATCHES[computes[0].device.type]
        if against:
            comparison, report = _compare(computes, batches, step), None
        else:
            detectors = _detectors(spec, object_name, architecture, computes, allow)
            comparison, report = None, _report(detectors, batches, step)
            shares = _shares(detectors, batches, step) if profile else {}
    if report is None:
        assert comparison is not None
        _tell_comparison(comparison, form)
    else:
        _tell_report(report, shares, form)


def _refuse_contradictions(spec: str | None, architecture: str | None, against: str | None) -> None:
    if spec and (architecture or against):
        other = "--random-weights" if architecture else "--against"
        raise UsageProblem(f"{other} brings its own model: leave the spec out")
    if not (spec or architecture or against):
        raise UsageProblem(
            "bench needs a spec, or --random-weights ARCH, or --against anomalib",
            help="promptdsl bench --random-weights ViT-B-16-plus-240",
        )


def _computes(device: str, precision: str) -> list["Compute"]:
    from promptdsl.engine.device import choose_compute

    chosen = choose_compute(device, precision)
    if precision != "auto" or chosen.precision == "fp32":
        return [chosen]
    return [choose_compute(device, "fp32"), chosen]


def _detectors(
    spec: str | None,
    object_name: str | None,
    architecture: str | None,
    computes: list["Compute"],
    allow: tuple[Path, ...],
) -> list["Detector"]:
    if architecture is not None:
        from promptdsl.methods.winclip.random_weights import random_detectors

        return random_detectors(architecture, computes)
    from promptdsl.scoring.detector import build_detector

    assert spec is not None
    objects = {item.name: item for item in compile_faultless(spec, allow).plan().objects}
    if object_name is not None and object_name not in objects:
        raise UsageProblem(f"{spec} has no object {object_name}; it has {', '.join(objects)}")
    plan = objects[object_name] if object_name else next(iter(objects.values()))
    return [
        build_detector(
            plan,
            spec_folder=Path(spec).parent,
            device=compute.device.type,
            precision=compute.precision,
        )
        for compute in computes
    ]


def _report(detectors: list["Detector"], batches: tuple[int, ...], step: "Step") -> "Report":
    from promptdsl.scoring.benchmark import benchmark

    return benchmark(detectors, batches, step)


def _shares(
    detectors: list["Detector"], batches: tuple[int, ...], step: "Step"
) -> dict[str, dict[str, float]]:
    from promptdsl.scoring.benchmark import where_time_goes

    step("profile")
    return {d.compute.precision: where_time_goes(d, batches[0]) for d in detectors}


def _compare(computes: list["Compute"], batches: tuple[int, ...], step: "Step") -> "Comparison":
    from promptdsl.clip.model import random_model
    from promptdsl.methods.winclip.beside_anomalib import ARCHITECTURE, compare, require_anomalib

    require_anomalib()
    return compare(random_model(ARCHITECTURE), computes, batches, step)


def _tell_report(report: "Report", shares: dict[str, dict[str, float]], form: str) -> None:
    if form == "json":
        content = {**dataclasses.asdict(report), "where_time_goes": shares}
        write_machines(json.dumps(content, indent=2) + "\n")
        return
    from rich.console import Console

    console = Console()
    console.print(f"{report.device}", highlight=False)
    _print_speeds(console, report.speeds)
    rates = ", ".join(f"{rate:.3g} TFLOP/s in {p}" for p, rate in report.matrix_tflops.items())
    console.print(f"matrix rate, measured: {rates}", highlight=False)
    console.print(
        f"a picture needs {report.gflop_needed:,.1f} GFLOP after the exact savings, by formula "
        f"(naively {report.gflop_naive:,.1f}); shares count the needed ones",
        highlight=False,
    )
    for batch in report.out_of_memory:
        console.print(f"batch {batch} does not fit into the device's memory", highlight=False)
    for precision, kinds in shares.items():
        parts = ", ".join(f"{kind} {share:.0%}" for kind, share in kinds.items())
        console.print(f"time in {precision}: {parts}", highlight=False)


def _tell_comparison(comparison: "Comparison", form: str) -> None:
    if form == "json":
        write_machines(json.dumps(dataclasses.asdict(comparison), indent=2) + "\n")
        return
    from rich.console import Console

    console, text = Console(), comparison.text
    console.print(
        f"anomalib {comparison.anomalib_version}, open_clip {comparison.open_clip_version}, "
        "the same random weights, in turns",
        highlight=False,
    )
    _print_speeds(console, comparison.speeds)
    for precision, difference in comparison.score_difference.items():
        console.print(
            f"{precision}: scores differ by at most {difference:.1e}, "
            f"maps by {comparison.map_difference[precision]:.1e}",
            highlight=False,
        )
    if max(comparison.map_difference.values()) > SUSPICIOUS:
        console.print(
            "maps differ: anomalib asks for open_clip_torch below 2.26.1, and with a newer one its "
            "windows attend to one another",
            highlight=False,
        )
    console.print(
        f"{text.prompts} prompts: anomalib {text.anomalib:.2f} s, ours {text.cold:.2f} s "
        f"({text.anomalib / text.cold:.1f} times faster), from the cache {text.cached:.4f} s "
        f"({text.anomalib / text.cached:,.0f} times)",
        highlight=False,
    )


def _print_speeds(console: "Console", speeds: tuple["Speed", ...]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    # Rates and shares are those of the fastest round, which other programs disturb least.
    columns = ("", "precision", "batch", "best pictures/s", "median ms a batch", "of matrix rate")
    for column in (*columns, "times"):
        table.add_column(column, justify="right" if column not in ("", "precision") else "left")
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
    console.print(table)
