"""The bar of `validate` and `calibrate` leaves room for what is printed meanwhile."""

from io import StringIO

from rich.console import Console

from promptdsl.cli.shown.validation_progress import ValidationProgress

ERASED = "\x1b[2K"  # the line of the bar


def test_what_is_printed_meanwhile_begins_on_an_empty_line() -> None:
    terminal = StringIO()
    console = Console(file=terminal, force_terminal=True, width=80, legacy_windows=False)
    with ValidationProgress(console, quiet=False) as progress:
        progress.inspects("nut", 2)
        with progress.aside():
            terminal.write("a table\n")
        progress.advance(2)
    before, after = terminal.getvalue().split("a table\n")
    assert "inspecting nut" in before and before.endswith(ERASED)
    assert "2/2" in after


def test_without_a_terminal_there_is_nothing_to_put_aside() -> None:
    elsewhere = StringIO()
    with ValidationProgress(Console(file=elsewhere), quiet=False) as progress, progress.aside():
        elsewhere.write("a table\n")
    assert elsewhere.getvalue() == "a table\n"
