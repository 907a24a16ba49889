"""`promptdsl models import`: a published checkpoint of a method as a weights file of our own."""

from pathlib import Path
from typing import Any

import click

from promptdsl.cli.shared.options import method_options, out_option, overwrite_option
from promptdsl.cli.shown.terminal import say, tell_note

EPILOG = """\b
Examples:
  promptdsl models import epoch_15.pth -o prompts.safetensors
  promptdsl models import epoch_3.pth --model ViT-B-16-quickgelu,openai \\
      --set "stages: 3, 6, 9"

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
    from promptdsl.training.method_lines import method_block
    from promptdsl.training.prepare import SUFFIX, check_out

    out = out or file.with_suffix(SUFFIX)
    check_out(out, overwrite or out == file, "use -o NAME")
    from promptdsl.training.published import import_checkpoint, in_words

    plan, learned, note = import_checkpoint(file, out, model, settings)
    if note is not None:
        tell_note(note)
    facts = ", ".join(f"{name} {in_words(v)}" for name, v in learned.facts["settings"].items())
    say(f"wrote {out}: {learned.method} for {' '.join(plan.model)} ({facts})")
    say(method_block(plan, settings, out))
