"""From the lines of a method block to settings: kinds, units, ranges, and the author's slips."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Unpack

from promptdsl.check.resolve.places import relocate
from promptdsl.diagnostics.diagnostic import Report, Said
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import FieldLine, MethodBlock, Value
from promptdsl.language.picture_words import home_of_line
from promptdsl.language.recovery.misfits import wish
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


def read_settings(lines: MethodBlock, report: Report) -> Settings | None:
    """Check every line of a method block; None when the method itself is unknown."""
    method = _method(lines, report)
    if method is None:
        return None
    values: dict[str, Setting] = {}
    spans: dict[str, Span] = {}
    for line in lines.fields:
        name = line.name.value
        field = method.field(name)
        if field is None:
            _not_a_field(method, line, report)
            continue
        spans[name] = line.span
        folder = lines.folders.get(name, PurePosixPath("."))
        value = None if line.broken else _Line(field, line, folder, report).read()
        if value is not None:
            values[name] = value
    return Settings(method, values, spans, frozenset(spans.keys() - values.keys()))


def _method(lines: MethodBlock, report: Report) -> Method | None:
    try:
        method = find_method(lines.name.value)
    except MethodNotLoaded as fault:
        help = "mend or remove that package, or name another method"
        report.error("I401", lines.name.span, str(fault), help=help)
        return None
    if method is None:
        names = method_names()
        report.error(
            "I401", lines.name.span, f"there is no method {lines.name.value}",
            near=nearest(lines.name.value, names), help=f"there are {', '.join(names)}",
        )  # fmt: skip
    return method


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
    home = home_of_line(name)
    if home == "picture":
        message, help = f"{name} is a line of picture", "put it into picture { ... } of the object"
        report.error("I402", line.name.span, message, help=help)
        return
    names = [field.name for field in method.fields]
    near = nearest(name, names)
    if near is not None or not wish(report, name, line.name.span):
        message, help = f"{name} is not a setting of {method.name}", f"it has {', '.join(names)}"
        report.error("I402", line.name.span, message, near=near, help=help)


_KINDS: dict[str, str] = {
    "text": "a text in quotes",
    "word": "the word {}",
    "number": "the number {}",
    "percent": "a percentage",
    "size": "the size {}",
    "pixels": "{} px",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One line while its values are read; a reader gives None once it has told what is wrong."""

    field: Field
    line: FieldLine
    folder: PurePosixPath
    report: Report

    def read(self) -> Setting:
        """The setting that the values mean."""
        readers: dict[str, Callable[[], Setting]] = {
            "model": self._texts,
            "file": self._file,
            "files": self._files,
            "windows": self._windows,
            "blocks": self._blocks,
            "choice": self._choice,
            "count": self._number,
            "number": self._number,
            "pixels": self._number,
        }
        return readers[self.field.kind]()

    def _tell(self, code: str, where: Value | None, message: str, **said: Unpack[Said]) -> None:
        """An error about a value, or about the whole line."""
        self.report.error(code, where.span if where else self.line.span, message, **said)

    def _wrong_kind(self, value: Value, takes: str, **said: Unpack[Said]) -> None:
        found = _KINDS[value.kind].format(value.value)
        self._tell("I404", value, f"{self.field.name} takes {takes}, not {found}", **said)

    def _twice(self, value: Value) -> None:
        message = f"{value.value} stands twice in {self.field.name}, and counts once"
        self.report.warning("I417", value.span, message, help="remove it")

    def _texts(self) -> tuple[str, ...] | None:
        for value in self.line.values:
            if value.kind != "text":
                help = f"write {quote(str(value.value))}"
                self._wrong_kind(value, "texts in quotes", help=help)
                return None
        found = tuple(str(value.value).strip() for value in self.line.values)
        if len(found) <= 2 and all(found):
            return found
        message = f"{self.field.name} takes a name and its pretrained tag, nothing more"
        help = f'write {self.field.name}: "ViT-B-16-plus-240", "laion400m_e31"'
        self._tell("I404", None, message, help=help)
        return None

    def _file(self) -> str | None:
        paths = self._files()
        if paths is not None and len(paths) != 1:
            help = f'write {self.field.name}: "weights/prompts.safetensors"'
            self._tell("I404", None, f"{self.field.name} takes one path", help=help)
            return None
        return paths[0] if paths else None

    def _files(self) -> tuple[str, ...] | None:
        for value in self.line.values:
            if value.kind != "text":
                help = f"write {self.field.name}: {quote(str(value.value))}"
                none = value.kind == "word" and value.value == "none"
                self._wrong_kind(value, "paths in quotes", help="remove the line" if none else help)
                return None
            if not str(value.value).strip():
                help = 'write for example "samples/*.png"'
                self._tell("I404", value, "this path is empty", help=help)
                return None
        return tuple(relocate(self.folder, str(value.value)) for value in self.line.values)

    def _windows(self) -> tuple[str, ...] | None:
        found: list[str] = []
        lost = False
        for value in self.line.values:
            if not self._is_window(value):
                lost = True
            elif value.value in found:
                self._twice(value)
            else:
                found.append(str(value.value))
        return None if lost else tuple(found)

    def _is_window(self, value: Value) -> bool:
        written = str(value.value)
        if value.kind == "size" and len(written) >= 10:
            message = "a window of so many patches fits no picture"
            self._tell("I405", value, message, help="write 2x2")
        elif value.kind == "size" and (written.startswith("0") or "x0" in written):
            message = f"a window of {written} patches holds nothing"
            self._tell("I405", value, message, help="write 2x2")
        elif value.kind == "size" or (value.kind == "word" and written == "image"):
            return True
        elif value.kind == "number":
            message, square = "a window has two sides, in patches", f"{written}x{written}"
            self._tell("I406", value, message, write=square)
        else:
            bare = f"write {written}, without quotes"
            self._wrong_kind(
                value, "image and sizes like 2x2",
                near=nearest(written, ("image",)) if value.kind == "word" else None,
                help=bare if value.kind == "text" else "write for example 2x2",
            )  # fmt: skip
        return False

    def _blocks(self) -> tuple[int, ...] | None:
        found: list[int] = []
        for value in self.line.values:
            if value.kind != "number" or not isinstance(value.value, int):
                help = f"write {self.field.name}: 6, 12, 18, 24"
                self._wrong_kind(value, "whole numbers", help=help)
                return None
            if value.value < 1:
                self._tell("I405", value, "blocks are counted from 1", help="write 1 or more")
                return None
            if value.value in found:
                self._twice(value)
            else:
                found.append(value.value)
        return tuple(found)

    def _one(self) -> Value | None:
        first = self.line.values[0]
        if len(self.line.values) == 1:
            return first
        name, written = self.field.name, str(first.value)
        written = quote(written) if first.kind == "text" else written
        self._tell("I404", None, f"{name} takes one value", help=f"keep one: {name}: {written}")
        return None

    def _choice(self) -> str | None:
        value, name, choices = self._one(), self.field.name, self.field.choices
        if value is None:
            return None
        written = str(value.value)
        if written not in choices:
            message = f"{name} is {', '.join(choices[:-1])} or {choices[-1]}, not {written}"
            near, help = nearest(written, choices), f"write {name}: {choices[0]}"
            self._tell("I404", value, message, near=near, help=help)
        elif value.kind == "text":
            self._wrong_kind(value, "a bare word", help=f"write {written}, without quotes")
        else:
            return written
        return None

    def _number(self) -> int | float | None:
        value, field = self._one(), self.field
        if value is None:
            return None
        pixels = field.kind == "pixels"
        if pixels and value.kind == "number":
            message = f"{field.name} is measured in pixels, and the unit is missing"
            self._tell("I406", value, message, write=f"{value.value} px")
            return None
        whole = field.kind == "count" or (pixels and field.name == "image_size")
        right_kind, number = value.kind == ("pixels" if pixels else "number"), value.value
        example = field.default if isinstance(field.default, (int, float)) else field.minimum or 1
        unit = " px" if pixels else ""
        if not right_kind or isinstance(number, str) or (whole and number % 1 != 0):
            takes = (
                "a whole number" if field.kind == "count" or (right_kind and whole) else "a number"
            )
            help = f"write for example {field.name}: {example}{unit}"
            self._wrong_kind(value, f"{takes} of pixels" if pixels else takes, help=help)
            return None
        if not _in_range(field, number):
            message = f"{field.name} must be {_range(field)}, and {number:g} is not"
            help = f"write for example {field.name}: {example:g}{unit}"
            self._tell("I405", value, message, help=help)
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
