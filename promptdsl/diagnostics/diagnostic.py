"""A diagnostic is a value: collected by the checks, worded once, rendered elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

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

    def error(
        self,
        code: str,
        span: Span,
        message: str,
        *,
        label: str = "",
        help: str | None = None,
        fix: Fix | None = None,
        related: tuple[tuple[Span, str], ...] = (),
    ) -> None:
        """Add an error."""
        self.add(Diagnostic(code, "error", message, span, label, help, fix, related))

    def warning(
        self,
        code: str,
        span: Span,
        message: str,
        *,
        label: str = "",
        help: str | None = None,
        fix: Fix | None = None,
        related: tuple[tuple[Span, str], ...] = (),
    ) -> None:
        """Add a warning."""
        self.add(Diagnostic(code, "warning", message, span, label, help, fix, related))

    def __iter__(self) -> Iterator[Diagnostic]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def full(self) -> bool:
        """Whether further diagnostics are only counted: what they say need not be worked out."""
        return len(self._items) >= MAX_DIAGNOSTICS and not self._warnings

    @property
    def errors(self) -> list[Diagnostic]:
        """The errors alone."""
        return [item for item in self._items if item.severity == "error"]

    @property
    def warnings(self) -> list[Diagnostic]:
        """The warnings alone."""
        return [item for item in self._items if item.severity == "warning"]
