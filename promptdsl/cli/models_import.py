"""`promptdsl models import`: a published checkpoint of a method as a weights file of our own."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptdsl.cli.shared.options import method_options, out_option, overwrite_option
from promptdsl.cli.shown.terminal import say
from promptdsl.errors import EnvironmentProblem, UsageProblem

if TYPE_CHECKING:
    from promptdsl.methods.shared.learned_weights import LearnedWeights
    from promptdsl.plan.model import MethodPlan

SUFFIX = ".safetensors"
EPILOG = """\b
Examples:
  promptdsl models import epoch_15.pth -o prompts.safetensors
  promptdsl models import epoch_3.pth --model ViT-B-16-quickgelu,openai --set "stages: 3, 6, 9"

\b
A .pth may also be named directly in a spec: weights: "epoch_15.pth". The imported file says what
it holds, so that promptdsl check can tell when it does not belong to the method or the model.
"""

MODEL, SETTINGS = method_options(
    "The CLIP that it was trained on.  [default: the published one of the method]",
    "stages: 3, 6, 9",
)


class WithImport(click.Command):
    """A command whose first word `import` leads to another one."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Choose between the two."""
        if args[:1] == ["import"]:
            name = f"{info_name} import"
            return import_command.make_context(name, args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command("import", epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@out_option("The file to write.  [default: FILE with the suffix .safetensors]", dir_okay=False)
@MODEL
@SETTINGS
@overwrite_option()
def import_command(
    file: Path, out: Path | None, model: str | None, settings: tuple[str, ...], overwrite: bool
) -> None:
    """Turn a published checkpoint of AnomalyCLIP or APRIL-GAN into safetensors."""
    out = out or file.with_suffix(SUFFIX)
    if out.suffix != SUFFIX:
        raise UsageProblem(f"{out}: weights are written as {SUFFIX}", f"write {out}{SUFFIX}")
    if out.exists() and not overwrite and out != file:
        raise UsageProblem(f"{out} exists already", "use -o NAME, or --overwrite")
    from promptdsl.cli.train import compile_method, method_block
    from promptdsl.files.writing import disk_told_plainly
    from promptdsl.methods.shared.checkpoints import read_learned, write_learned

    learned = read_learned(file)
    if file.suffix == SUFFIX:
        raise UsageProblem(
            f"{file} is in promptdsl's own form, so there is nothing to import",
            f'name it in a spec: weights: "{file.name}"',
        )
    plan = compile_method(learned.method, model, settings, ("object",)).plan().objects[0].method
    checked = _checked(learned, plan)
    with disk_told_plainly(out.parent):
        write_learned(out, checked)
    facts = ", ".join(f"{name} {_shown(v)}" for name, v in checked.facts["settings"].items())
    say(f"wrote {out}: {learned.method} for {' '.join(plan.model)} ({facts})")
    say(method_block(plan, settings, out))


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _checked(learned: "LearnedWeights", plan: "MethodPlan") -> "LearnedWeights":
    """The weights with all that is known of them, after holding their shapes against the model."""
    from promptdsl.clip.config import read_config
    from promptdsl.methods.shared.checkpoints import check_fit, check_shapes, fingerprint

    name = " ".join(plan.model)
    config, model = _model(plan)
    if model is not None:
        check_fit(learned, model)
        learned = learned.with_facts(model_fingerprint=fingerprint(model))
    else:
        check_shapes(learned, read_config(config, name), name)
    return learned.with_facts(
        model=[Path(part).name for part in plan.model],
        model_kind=plan.model_kind,
        settings=_settings(learned, plan),
    )


def _model(plan: "MethodPlan") -> tuple[dict[str, Any], Any]:
    """The model's config, and the model where its weights are on this machine already."""
    from promptdsl.clip.catalogue import open_clip_models
    from promptdsl.clip.model import load_model, open_clip_config

    if plan.model_kind != "open_clip":
        return {}, load_model(plan, Path.cwd())
    config = open_clip_config(plan.model[0])
    here = any(m.cached for m in open_clip_models([(plan.model[0], plan.model[1])]))
    return config, load_model(plan, Path.cwd()) if here else None


def _settings(learned: "LearnedWeights", plan: "MethodPlan") -> dict[str, Any]:
    from promptdsl.methods import METHODS

    about = {"weights", "references", "shots", "seed", "model"}
    kept = {field.name for field in METHODS[plan.name].fields} - about
    known: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in plan.settings.items()
        if name in kept and value is not None
    }
    if learned.method == "anomalyclip":
        deep = [tensor for name, tensor in learned.tensors.items() if name.startswith("deep.")]
        shape = {
            "n_ctx": len(learned.tensors["context_normal"]),
            "depth": 1 + len(deep),
            "t_n_ctx": len(deep[0]) if deep else 0,
        }
        return known | shape
    count = sum(name.endswith(".weight") for name in learned.tensors)
    if count != len(known["stages"]):
        raise EnvironmentProblem(
            f"{learned.source} has linear layers for {count} stages, and there are "
            f"{len(known['stages'])}: {_shown(known['stages'])}",
            help='say which blocks they belong to, for example --set "stages: 3, 6, 9"',
        )
    return known
