"""The console script, and `python -m promptdsl`."""

import signal
from typing import NoReturn


def entry() -> NoReturn:
    """Run the command line; Ctrl-C while it is still being imported ends it without a traceback."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from promptdsl.cli.main import entry as run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    entry()
