"""From the lines of a method block to settings: kinds, units, ranges, and the author's slips."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from promptdsl.check.resolve.objects import MethodLines, relocate
from promptdsl.diagnostics.diagnostic import Fix, Report
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import FieldLine, Value
from promptdsl.language.recovery.wishes import wish
from promptdsl.language.statements import quote
from promptdsl.methods import (
    Field,
    Method,
    MethodNotLoaded,
    Setting,
    find_method,
    known_methods,
    method_names,
)
from promptdsl.source import Span


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings: what was written, without defaults."""

    method: Method
    values: dict[str, Setting]
    spans: dict[str, Span]
    lost: frozenset[str]  # written, but wrong: their defaults must not be complained about


def read_settings(lines: MethodLines, report: Report) -> Settings | None:
    """Check every line of a method block; None when the method itself is unknown."""
    try:
        method = find_method(lines.name)
    except MethodNotLoaded as fault:
        report.error(
            "I401", lines.name_span, str(fault),
            help="mend or remove that package, or name another method",
        )  # fmt: skip
        return None
    if method is None:
        names = method_names()
        near = nearest(lines.name, names)
        report.error(
            "I401", lines.name_span, f"there is no method {lines.name}",
            help=f"did you mean {near}?" if near else f"there are {', '.join(names)}",
            fix=Fix(lines.name_span, near) if near else None,
        )  # fmt: skip
        return None
    values: dict[str, Setting] = {}
    spans: dict[str, Span] = {}
    lost: set[str] = set()
    for line in lines.fields:
        name = line.name.value
        field = method.field(name)
        if field is None:
            _not_a_field(method, line, report)
            continue
        spans[name] = line.span
        folder = lines.folders.get(name, PurePosixPath("."))
        value = None if line.broken else _read(field, line, folder, report)
        if value is None:
            lost.add(name)
        else:
            values[name] = value
    return Settings(method, values, spans, frozenset(lost))


def _not_a_field(method: Method, line: FieldLine, report: Report) -> None:
    name = line.name.value
    owners = [other.name for other in known_methods().values() if other.field(name) is not None]
    if owners:
        report.warning(
            "I403", line.span, f"{name} has no effect under {method.name}",
            label=f"a setting of {' and '.join(owners)}",
            help=f"remove the line, or choose method {owners[0]}",
        )  # fmt: skip
        return
    near = nearest(name, [field.name for field in method.fields])
    if near is None and wish(report, name, line.name.span):
        return
    report.error(
        "I402", line.name.span, f"{name} is not a setting of {method.name}",
        help=f"did you mean {near}?" if near
        else f"it has {', '.join(field.name for field in method.fields)}",
        fix=Fix(line.name.span, near) if near else None,
    )  # fmt: skip


def _read(field: Field, line: FieldLine, folder: PurePosixPath, report: Report) -> Setting:
    readers: dict[str, Callable[[], Setting]] = {
        "model": lambda: _texts(field, line, report, at_most=2),
        "file": lambda: _file(field, line, folder, report),
        "files": lambda: _files(field, line, folder, report),
        "windows": lambda: _windows(field, line, report),
        "blocks": lambda: _blocks(field, line, report),
        "choice": lambda: _choice(field, line, report),
        "count": lambda: _number(field, line, report, "number"),
        "number": lambda: _number(field, line, report, "number"),
        "pixels": lambda: _number(field, line, report, "pixels"),
    }
    return readers[field.kind]()


def _wrong_kind(
    value: Value, field: Field, takes: str, help: str, report: Report, fix: Fix | None = None
) -> None:
    report.error(
        "I404", value.span, f"{field.name} takes {takes}, not {_described(value)}", help=help,
        fix=fix,
    )  # fmt: skip


def _described(value: Value) -> str:
    return {
        "text": "a text in quotes",
        "word": f"the word {value.value}",
        "number": f"the number {value.value}",
        "percent": "a percentage",
        "size": f"the size {value.value}",
        "pixels": f"{value.value} px",
    }[value.kind]


def _texts(field: Field, line: FieldLine, report: Report, at_most: int) -> tuple[str, ...] | None:
    example = "ViT-B-16-plus-240"
    found = []
    for value in line.values:
        if value.kind != "text":
            written = str(value.value)
            _wrong_kind(value, field, "texts in quotes", f"write {quote(written)}", report)
            return None
        found.append(str(value.value).strip())
    if len(found) > at_most or not all(found):
        report.error(
            "I404", line.span, f"{field.name} takes a name and its pretrained tag, nothing more",
            help=f'write {field.name}: "{example}", "laion400m_e31"',
        )  # fmt: skip
        return None
    return tuple(found)


def _file(field: Field, line: FieldLine, folder: PurePosixPath, report: Report) -> str | None:
    paths = _files(field, line, folder, report)
    if paths is not None and len(paths) != 1:
        report.error(
            "I404", line.span, f"{field.name} takes one path",
            help=f'write {field.name}: "weights/prompts.safetensors"',
        )  # fmt: skip
        return None
    return paths[0] if paths else None


def _files(
    field: Field, line: FieldLine, folder: PurePosixPath, report: Report
) -> tuple[str, ...] | None:
    found = []
    for value in line.values:
        if value.kind != "text":
            help = f"write {field.name}: {quote(str(value.value))}"
            if value.kind == "word" and value.value == "none":
                help = "remove the line"
            _wrong_kind(value, field, "paths in quotes", help, report)
            return None
        if not str(value.value).strip():
            report.error(
                "I404", value.span, "this path is empty", help='write for example "samples/*.png"'
            )
            return None
        found.append(relocate(folder, str(value.value)))
    return tuple(found)


def _windows(field: Field, line: FieldLine, report: Report) -> tuple[str, ...] | None:
    found: list[str] = []
    lost = False
    for value in line.values:
        written = str(value.value)
        if not _is_window(field, value, report):
            lost = True
        elif written in found:
            report.warning(
                "I417", value.span, f"{written} stands twice in windows, and counts once",
                help="remove it",
            )  # fmt: skip
        else:
            found.append(written)
    return None if lost else tuple(found)


def _is_window(field: Field, value: Value, report: Report) -> bool:
    written = str(value.value)
    if value.kind == "size":
        if not written.startswith("0") and "x0" not in written and len(written) < 10:
            return True
        if len(written) >= 10:
            report.error(
                "I405", value.span, "a window of so many patches fits no picture", help="write 2x2"
            )
            return False
        report.error(
            "I405", value.span, f"a window of {written} patches holds nothing", help="write 2x2"
        )
    elif value.kind == "number":
        report.error(
            "I406", value.span, "a window has two sides, in patches",
            help=f"write {written}x{written}", fix=Fix(value.span, f"{written}x{written}"),
        )  # fmt: skip
    elif value.kind == "word" and written == "image":
        return True
    else:
        near = nearest(written, ("image",)) if value.kind == "word" else None
        help = (
            f"write {written}, without quotes" if value.kind == "text" else "write for example 2x2"
        )
        help = f"did you mean {near}?" if near else help
        _wrong_kind(
            value, field, "image and sizes like 2x2", help, report,
            Fix(value.span, near) if near else None,
        )  # fmt: skip
    return False


def _blocks(field: Field, line: FieldLine, report: Report) -> tuple[int, ...] | None:
    found: list[int] = []
    for value in line.values:
        if value.kind != "number" or not isinstance(value.value, int):
            _wrong_kind(value, field, "whole numbers", f"write {field.name}: 6, 12, 18, 24", report)
            return None
        if value.value < 1:
            report.error("I405", value.span, "blocks are counted from 1", help="write 1 or more")
            return None
        if value.value in found:
            report.warning(
                "I417", value.span, f"{value.value} stands twice in {field.name}, and counts once",
                help="remove it",
            )  # fmt: skip
            continue
        found.append(value.value)
    return tuple(found)


def _one(field: Field, line: FieldLine, report: Report) -> Value | None:
    if len(line.values) == 1:
        return line.values[0]
    report.error(
        "I404", line.span, f"{field.name} takes one value",
        help=f"keep one: {field.name}: {_written(line.values)}",
    )  # fmt: skip
    return None


def _written(values: Iterable[Value]) -> str:
    first = next(iter(values))
    return quote(str(first.value)) if first.kind == "text" else str(first.value)


def _choice(field: Field, line: FieldLine, report: Report) -> str | None:
    value = _one(field, line, report)
    if value is None:
        return None
    written = str(value.value)
    choices = f"{', '.join(field.choices[:-1])} or {field.choices[-1]}"
    if written in field.choices:
        if value.kind == "text":
            _wrong_kind(value, field, "a bare word", f"write {written}, without quotes", report)
            return None
        return written
    near = nearest(written, field.choices)
    report.error(
        "I404", value.span, f"{field.name} is {choices}, not {written}",
        help=f"did you mean {near}?" if near else f"write {field.name}: {field.choices[0]}",
        fix=Fix(value.span, near) if near else None,
    )  # fmt: skip
    return None


def _number(field: Field, line: FieldLine, report: Report, kind: str) -> int | float | None:
    value = _one(field, line, report)
    if value is None:
        return None
    if kind == "pixels" and value.kind == "number":
        report.error(
            "I406", value.span, f"{field.name} is measured in pixels, and the unit is missing",
            help=f"write {value.value} px", fix=Fix(value.span, f"{value.value} px"),
        )  # fmt: skip
        return None
    what = "a number of pixels" if kind == "pixels" else (
        "a whole number" if field.kind == "count" else "a number"
    )  # fmt: skip
    example = field.default if isinstance(field.default, (int, float)) else field.minimum or 1
    unit = " px" if kind == "pixels" else ""
    whole = field.kind == "count" or (kind == "pixels" and field.name == "image_size")
    number = value.value
    if value.kind != kind or isinstance(number, str) or (whole and number % 1 != 0):
        wrong_fraction = value.kind == kind and whole
        _wrong_kind(
            value, field, what.replace("a number", "a whole number") if wrong_fraction else what,
            f"write for example {field.name}: {example}{unit}", report,
        )  # fmt: skip
        return None
    if not _in_range(field, number):
        report.error(
            "I405", value.span, f"{field.name} must be {_range(field)}, and {number:g} is not",
            help=f"write for example {field.name}: {example:g}{unit}",
        )  # fmt: skip
        return None
    return int(number) if whole else float(number)


def _in_range(field: Field, number: int | float) -> bool:
    low, high = field.minimum, field.maximum
    if low is not None and (number < low or (field.minimum_excluded and number <= low)):
        return False
    return high is None or number <= high


def _range(field: Field) -> str:
    low = None if field.minimum is None else (
        f"more than {field.minimum:g}" if field.minimum_excluded else f"at least {field.minimum:g}"
    )  # fmt: skip
    high = None if field.maximum is None else f"at most {field.maximum:.0f}"
    return " and ".join(part for part in (low, high) if part)
