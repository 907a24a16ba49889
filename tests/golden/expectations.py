"""Expected diagnostics inside a spec: `#! 9:20-31 I204 message | help` behind its last line.

Lines and columns count from 1, the end is excluded. A place in another file has its name before it.
"""

from promptdsl.diagnostics.diagnostic import Diagnostic
from promptdsl.diagnostics.places import in_order, region_of
from promptdsl.pipeline import Compilation

MARK = b"#! "


def without_expectations(data: bytes) -> bytes:
    """A spec without the expectations at its end."""
    lines = data.splitlines(keepends=True)
    while lines and lines[-1].startswith(MARK):
        lines.pop()
    return b"".join(lines)


def expectations_in(data: bytes) -> list[str]:
    """The expectations at the end of a spec."""
    tail = data[len(without_expectations(data)) :]
    return [line.decode("utf-8").removeprefix("#! ") for line in tail.splitlines()]


def with_expectations(data: bytes, found: list[str]) -> bytes:
    """A spec with its expectations replaced."""
    lines = [MARK + line.encode("utf-8") + b"\n" for line in found]
    return b"".join([without_expectations(data), *lines])


def described(compilation: Compilation) -> list[str]:
    """The diagnostics of a compilation in the order in which they are shown."""
    found = in_order(compilation.report, compilation.sources)
    return [_described(item, compilation) for item in found]


def _described(item: Diagnostic, compilation: Compilation) -> str:
    region = region_of(item.span, compilation.sources)
    assert region is not None, item
    end = f"{region.end_column}"
    if region.end_line != region.line:
        end = f"{region.end_line}:{end}"
    file = "" if region.file == compilation.name else f"{region.file}:"
    advice = f" | {item.help}" if item.help else ""
    return f"{file}{region.line}:{region.column}-{end} {item.code} {item.message}{advice}"
