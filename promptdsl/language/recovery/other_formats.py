"""Files of another kind: a table, a JSON or YAML document, a program. One message, not twelve."""

import re

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.vocabulary import KEYWORDS
from promptdsl.source import SourceFile, Span

_LOOKED_AT = 40  # lines
_HEADER = re.compile(r"^[^\S\n]*inspect(?:[^\S\n]+[\w.]+)?[^\S\n]*$", re.M | re.I)
_SPEC_LINE = re.compile(
    rf"\s*(?:{'|'.join(KEYWORDS)})\b[^:=,;\t]*(?:\{{|$)|\s*\}}|.*\{{\s*$|\s*\"[^\"]*\"\s*,?\s*$"
)
_JSON = re.compile(r"\s*[\[{]\s*(?:[\"\[{\]}]|-?\d)")
_XML = re.compile(r"\s*<[!?/a-zA-Z]")
_YAML = re.compile(r"\s*(?:- )*(?:[\w\"' -]{1,40}:(?:\s|$)|- \S|-\s*$|---|\.\.\.)")
_TOML = re.compile(r"\s*\[\[?[\w.\" -]+\]\]?\s*$|\s*[\w.-]+\s*=\s*\S")
_PYTHON = re.compile(r"\s*(?:import \w|from \w[\w.]* import |def \w+\(|class \w+|#!/)")


def other_format(text: str) -> str | None:
    """What a file is that is no spec, in words; None for what may be one."""
    start = _HEADER.sub("", text[:20_000], count=1)
    if _HEADER.search(start):
        return None
    lines = [line for line in start.split("\n", 2 * _LOOKED_AT)[: 2 * _LOOKED_AT] if line.strip()]
    lines = [line for line in lines if not line.lstrip().startswith("#")][:_LOOKED_AT]
    if not lines:
        return None
    if _JSON.match(start):
        return "a JSON document"
    if _XML.match(start):
        return "an XML or HTML document"
    if any(_SPEC_LINE.match(line) for line in lines):
        return None
    if _PYTHON.match(lines[0]):
        return "a program"
    if _share(_YAML, lines) >= 0.8 and len(lines) >= 3 and ":" in start:
        return "a YAML document"
    if _share(_TOML, lines) >= 0.8 and lines[0].lstrip().startswith("[") and len(lines) >= 2:
        return "a TOML or INI file"
    return "a table of values" if _is_table(lines) else None


def _share(pattern: re.Pattern[str], lines: list[str]) -> float:
    return sum(pattern.match(line) is not None for line in lines) / len(lines)


def _is_table(lines: list[str]) -> bool:
    """Whether all lines have the same separators, as in CSV."""
    if len(lines) < 2:
        return False
    for separator in ("\t", ";", ","):
        counts = {re.sub(r'"[^"]*"', "", line).count(separator) for line in lines}
        if len(counts) == 1 and counts.pop() >= 1:
            return True
    return False


def tell_other_format(source: SourceFile, kind: str, report: Report) -> None:
    """The one message about such a file."""
    rest = source.text.lstrip()
    begin, first = len(source.text) - len(rest), rest.split("\n", 1)[0].rstrip()
    report.error(
        "I135", Span(source.name, begin, begin + max(1, len(first))),
        f"this is {kind}, and no spec", label="no line of a spec",
        help="begin a spec with promptdsl new, and copy the phrases into its blocks: "
        'defect scratch { "scratched {object}" }',
    )  # fmt: skip
