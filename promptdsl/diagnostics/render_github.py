"""Diagnostics as GitHub workflow commands, which show up beside the lines of a pull request.

::error file=nut.inspect,line=11,col=20,endLine=11,endColumn=31,title=I204::message
"""

from collections.abc import Iterable, Mapping

from promptdsl.diagnostics.diagnostic import Diagnostic
from promptdsl.diagnostics.places import in_order, region_of
from promptdsl.source import SourceFile


def render_github(diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceFile]) -> str:
    """One line for each message, sorted by place; "" without any."""
    return "".join(_command(item, sources) + "\n" for item in in_order(diagnostics, sources))


def _command(item: Diagnostic, sources: Mapping[str, SourceFile]) -> str:
    properties: dict[str, str | int] = {"file": item.span.file}
    region = region_of(item.span, sources)
    if region is not None:
        properties |= {"line": region.line, "col": region.column, "endLine": region.end_line}
        if region.line == region.end_line:  # an annotation over several lines has no columns
            properties["endColumn"] = region.end_column
        else:
            del properties["col"]
    properties["title"] = f"{item.code}"
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    message = item.message + (f"\nhelp: {item.help}" if item.help else "")
    return f"::{item.severity} {listed}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
