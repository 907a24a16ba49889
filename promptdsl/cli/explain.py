"""`promptdsl explain`: the page behind the code of a message."""

import click

from promptdsl.cli.shown.terminal import write_people
from promptdsl.diagnostics.catalogue import CATALOGUE, page
from promptdsl.diagnostics.nearest import nearest
from promptdsl.errors import UsageProblem


@click.command(
    "explain",
    epilog="""\b
Examples:
  promptdsl explain I204
  promptdsl explain
""",
)
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain a message by its CODE: what it means, why, a failing and a corrected example.

    Without a CODE: the list of all of them.
    """
    if code is None:
        lines = [f"{key}  {entry.severity:<7}  {entry.title}" for key, entry in CATALOGUE.items()]
        write_people("\n".join(lines) + "\n")
        return
    wanted = code.strip().strip("[]").upper()
    if wanted not in CATALOGUE:
        near = _nearest(wanted)
        help = f"did you mean {near}?" if near else "promptdsl explain lists all codes"
        raise UsageProblem(f"there is no message {code}", help)
    text = page(wanted)
    if text is None:
        entry = CATALOGUE[wanted]
        text = f"# {wanted}: {entry.title}\n\nThis {entry.severity} has no page of its own.\n"
    write_people(text if text.endswith("\n") else text + "\n")


def _nearest(wanted: str) -> str | None:
    """The code with the closest number, or the code that looks most like it."""
    digits = wanted.removeprefix("I")
    if not (digits.isdecimal() and digits.isascii()) or len(digits) > 3:
        return nearest(wanted, CATALOGUE)
    number = int(digits)
    return min(CATALOGUE, key=lambda code: (abs(int(code[1:]) - number), code))
