"""`promptdsl completion`: the script that makes a shell complete promptdsl's words."""

import click
from click.shell_completion import get_completion_class

from promptdsl.cli.shown.terminal import write_machines

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    epilog="""\b
Examples, for this user and every new shell:
  promptdsl completion bash >> ~/.bashrc
  promptdsl completion zsh >> ~/.zshrc
  promptdsl completion fish > ~/.config/fish/completions/promptdsl.fish
""",
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print a script that completes commands, options and file names in a shell."""
    from promptdsl.cli.main import cli

    made = get_completion_class(shell)
    assert made is not None  # click has all three
    write_machines(made(cli, {}, "promptdsl", "_PROMPTDSL_COMPLETE").source())
