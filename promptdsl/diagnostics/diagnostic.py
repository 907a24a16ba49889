"""A diagnostic is a value: collected by the checks, worded once, rendered elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack

from promptdsl.source import Span

Severity = Literal["error", "warning"]
MAX_DIAGNOSTICS = 1_000


@dataclass(frozen=True, slots=True)
class Fix:
    """Replace the text of `span` with `replacement`."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message: what is wrong, where, and what to write instead."""

    code: str
    severity: Severity
    message: str  # one sentence in the author's vocabulary, no full stop
    span: Span
    label: str = ""  # stands under the marked text
    help: str | None = None
    fix: Fix | None = None
    related: tuple[tuple[Span, str], ...] = ()


class Advice(TypedDict, total=False):
    """What a message says to do. `write` or `near` make the fix, and the help where none is given.

    `write` belongs in the place of `at` (of the message's own place without it), and is "" for what
    is to be removed; `near` is the one known name that was meant, or None.
    """

    help: str | None
    related: tuple[tuple[Span, str], ...]
    write: str | None
    near: str | None
    at: Span | None


class Said(Advice, total=False):
    """What else a message says."""

    label: str


def _worded(
    code: str,
    severity: Severity,
    message: str,
    span: Span,
    *,
    label: str = "",
    help: str | None = None,
    related: tuple[tuple[Span, str], ...] = (),
    write: str | None = None,
    near: str | None = None,
    at: Span | None = None,
) -> Diagnostic:
    if near:
        write, help = near, f"did you mean {near}?"
    fix = None if write is None else Fix(at or span, write)
    if write is not None:
        help = help or (f"write {write}" if write else "remove it")
    return Diagnostic(code, severity, message, span, label, help, fix, related)


@dataclass(slots=True)
class Report:
    """The diagnostics of one run, in order of discovery; equal ones are kept once."""

    _items: dict[Diagnostic, None] = field(default_factory=dict)
    left_out: int = 0
    _warnings: int = 0

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic; past MAX_DIAGNOSTICS they are only counted."""
        if diagnostic in self._items:
            return
        if len(self._items) >= MAX_DIAGNOSTICS:
            self.left_out += 1
            if diagnostic.severity == "warning" or not self._warnings:
                return
            last = next(item for item in reversed(self._items) if item.severity == "warning")
            del self._items[last]  # an error must not be lost among warnings
            self._warnings -= 1
        self._items[diagnostic] = None
        self._warnings += diagnostic.severity == "warning"

    def error(self, code: str, span: Span, message: str, **said: Unpack[Said]) -> None:
        """Add an error."""
        self.add(_worded(code, "error", message, span, **said))

    def warning(self, code: str, span: Span, message: str, **said: Unpack[Said]) -> None:
        """Add a warning."""
        self.add(_worded(code, "warning", message, span, **said))

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def full(self) -> bool:
        """Whether further diagnostics are only counted: what they say need not be worked out."""
        return len(self._items) >= MAX_DIAGNOSTICS and not self._warnings

    def skips(self) -> bool:
        """Whether a further diagnostic need not be worked out; it is counted if so."""
        self.left_out += self.full
        return self.full

    @property
    def errors(self) -> list[Diagnostic]:
        """The errors alone."""
        return [item for item in self._items if item.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        """The warnings alone."""
        return [item for item in self._items if item.severity == "warning"]
