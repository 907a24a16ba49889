"""`promptdsl compile`: a spec as a plan in JSON, or as one file to deploy."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from promptdsl.cli.shared.locks import tell_unsealed
from promptdsl.cli.shared.options import ALLOW, device_option, out_option
from promptdsl.cli.shared.specs import SPEC, STANDARD_INPUT, compile_faultless
from promptdsl.cli.shown.terminal import counted, say, tell_note, write_machines
from promptdsl.errors import UsageProblem
from promptdsl.files.naming import command_line
from promptdsl.files.owned import refuse_inputs_as_output, refuse_other_content
from promptdsl.files.writing import write_file
from promptdsl.methods import METHODS
from promptdsl.pipeline import Compilation
from promptdsl.spec import Limit, LocatedLimit, ObjectSpec, Region, limit_number

EPILOG = """\b
Examples:
  promptdsl compile nut.inspect -o nut.plan
  promptdsl compile nut.inspect -o nut.json
  promptdsl compile nut.inspect --plan-only -o - | less

NAME.plan holds everything that a machine needs to run it: prompts and references as the model sees
them, thresholds, hashes. NAME.json is the plan alone, to read and to compare.
"""


@click.command("compile", epilog=EPILOG)
@click.argument("spec", metavar="SPEC", type=SPEC)
@out_option(
    "File to write; - is standard output.  [default: NAME.plan]", allow_dash=True, path_type=str
)
@click.option("--plan-only", is_flag=True, help="Write the plan as JSON, whatever OUT is called.")
@device_option("Where to encode prompts and references for NAME.plan.")
@ALLOW
def command(
    spec: str, out: str | None, plan_only: bool, device: str, allow: tuple[Path, ...]
) -> None:
    """Turn a spec into a plan: every prompt and setting made explicit, with a hash.

    OUT ending in .json is the plan as JSON; any other OUT is one file to deploy, for which the
    weights of the model are needed. Says what is still missing to run it.
    """
    compilation = compile_faultless(spec, allow)
    if compilation.spec is None or not compilation.spec.objects:
        raise UsageProblem(
            f"{compilation.name} holds lists and no object, so there is nothing to compile",
            "compile a spec that uses it",
        )
    as_json = plan_only or out == STANDARD_INPUT or (out or "").endswith(".json")
    path = _destination(spec, out, ".json" if as_json else ".plan")
    if path is not None:
        sources = compilation.sources.values()
        refuse_inputs_as_output(path, [source.path or source.name for source in sources])
        refuse_other_content(path, "promptdsl compile", _is_plan)
    if as_json:
        _write_json(compilation, path)
        for sentence in missing(compilation):
            tell_note(sentence, "to run it")
        return
    if spec == STANDARD_INPUT or path is None:
        raise UsageProblem(
            "a file to deploy is made from a file and into a file",
            "save the spec, or add --plan-only",
        )
    _write_deployable(compilation, Path(spec), path, device)


def _is_plan(content: bytes) -> bool:
    return content.startswith(b"promptdsl-plan ") or (
        content.startswith(b"{") and b'"hash"' in content
    )


def _destination(spec: str, out: str | None, suffix: str) -> Path | None:
    """Where to write; None is standard output."""
    if out == STANDARD_INPUT or (out is None and spec == STANDARD_INPUT):
        return None
    path = Path(out) if out is not None else Path(Path(spec).stem + suffix)
    if path.is_dir():
        raise UsageProblem(f"{path} is a folder", f"write {path / (Path(spec).stem + suffix)}")
    if path.suffix == ".inspect":
        raise UsageProblem(f"{path} is the name of a spec", f"write {path.stem}{suffix}")
    if not path.parent.is_dir():
        raise UsageProblem(f"there is no folder {path.parent}", "make it first")
    return path


def _write_json(compilation: Compilation, path: Path | None) -> None:
    from promptdsl.plan.build import plan_json

    plan = compilation.plan()
    if path is None:
        write_machines(plan_json(plan))
        return
    write_file(path, plan_json(plan).encode("ascii"))
    prompts = sum(len(item.prompts) for item in plan.objects)
    content = f"{counted(len(plan.objects), 'object')}, {counted(prompts, 'prompt')}"
    say(f"wrote {path} ({content}, hash {plan.hash[:12]})")


def _write_deployable(compilation: Compilation, spec: Path, out: Path, device: str) -> None:
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.engine.device import choose_compute
    from promptdsl.inspect.source import spec_source
    from promptdsl.judge.stale import stale
    from promptdsl.scoring.compiled import compile_to_file

    compute = choose_compute(device, "fp32")
    with Progress("loading the model") as progress:
        source = spec_source(str(spec), compilation, compute, progress.prepares)
        tell_unsealed(source.lock, spec)
        for sentence in open_ends(compilation, source.numbers):
            tell_note(sentence, "to run it")
        digest = compile_to_file(
            source.plan,
            out,
            source.build,
            spec=str(spec),
            spec_hash=source.spec_hash,
            calibrated=source.numbers,
            places=source.places,
        )
        for item in source.plan.objects:
            changes = source.changes(item, source.weights_hash(item), any_precision=True)
            if changes:
                tell_note(stale(item.name, changes, spec), "warning")
    size = out.stat().st_size / 1e6
    say(
        f"wrote {out} ({counted(len(source.plan.objects), 'object')}, {size:.1f} MB, {digest[:12]})"
    )


def missing(compilation: Compilation) -> list[str]:
    """What a machine needs besides the plan, one sentence each."""
    objects = compilation.spec.objects if compilation.spec else ()
    needs = [sentence for item in objects for sentence in _needs(item)]
    return list(dict.fromkeys([*needs, *open_ends(compilation)]))


def _needs(item: ObjectSpec) -> Iterator[str]:
    method = item.method
    if method.model_kind == "open_clip":
        name, tag = method.model
        asked = command_line("models", name)
        yield f"the weights {name} {tag} ({asked} tells whether they are here)"
    elif method.model_kind == "files":
        yield f"the files {' and '.join(method.model)}, in the same place next to the spec"
    for field in METHODS[method.name].fields:
        value = method.settings.get(field.name)
        if field.kind in ("file", "files") and value:
            paths = value if isinstance(value, tuple) else (value,)
            yield f"{field.name} of {item.name}: {', '.join(map(str, paths))}"
    if item.picture is not None and item.picture.locate is not None:
        yield f"the golden picture of {item.name}: {item.picture.locate.like}"
    masks = [path for region in (*item.regions, *item.ignored) for path in _masks(region)]
    if masks:
        yield f"the masks of {item.name}: {', '.join(dict.fromkeys(masks))}"


def _masks(region: Region) -> Iterator[str]:
    yield from (shape.path for shape in (*region.shapes, *region.without) if shape.path)


def _is_known(limit: Limit, numbers: Mapping[str, float]) -> bool:
    if not numbers:
        return False  # a plan as JSON knows none, and needs no numpy to say so
    from promptdsl.judge.verdict import key_of, meaning
    from promptdsl.plan.build import rule_of

    # a rule is found as `resolve` finds it: by what it means, or by its words in an early lock
    return bool({meaning(rule_of(limit, None)), key_of(limit.text)} & numbers.keys())


def open_ends(
    compilation: Compilation, numbers: Mapping[str, Mapping[str, float]] | None = None
) -> list[str]:
    """What the author still has to do, one sentence each; `numbers` are known for `auto` lines."""
    objects = compilation.spec.objects if compilation.spec else ()
    found = []
    for item in objects:
        for limit in item.limits:
            if _is_auto(limit) and not _is_known(limit, (numbers or {}).get(item.name, {})):
                calibrate = command_line("calibrate", Path(compilation.name))
                found.append(f'a number for "{limit.text}": {calibrate}')
        learned = METHODS[item.method.name].needs_weights and item.method.model_kind != "builtin"
        if learned and item.method.settings.get("weights") is None:
            found.append(f'learned weights for {item.method.name}: add weights: "FILE"')
        if "thresholds" in item.defaulted:
            found.append(f"{item.name} has no thresholds; 0.5 is a default that nobody calibrated")
    return found


def _is_auto(limit: Limit) -> bool:
    return not isinstance(limit, LocatedLimit) and limit_number(limit) is None
