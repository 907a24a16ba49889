"""Names of files as people see them."""

from pathlib import PurePath

from promptdsl.diagnostics.width import harmless


def shown(name: str | PurePath) -> str:
    """A name, title or phrase on one line, without anything that steers a terminal.

    Whatever comes from a spec or from the disk goes through here on its way to a terminal; files
    for machines and HTML pages keep the exact text.
    """
    return harmless(str(name))
