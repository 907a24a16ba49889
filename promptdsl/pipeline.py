"""The whole compiler on one page: text, syntax, check, spec, plan."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promptdsl.check.resolve.modules import Library
from promptdsl.check.run import check
from promptdsl.diagnostics.diagnostic import Diagnostic, Report
from promptdsl.diagnostics.render_text import render_text
from promptdsl.diagnostics.width import harmless
from promptdsl.errors import SpecProblem
from promptdsl.source import (
    DiskLoader,
    Loader,
    SourceFile,
    Span,
    UnreadableSource,
    decode,
    load,
)
from promptdsl.spec import Spec

if TYPE_CHECKING:
    from promptdsl.plan.model import Plan

STDIN_NAME = "<stdin>"


@dataclass(slots=True)
class Compilation:
    """What compiling one file gave: its sources, its diagnostics and, always, a Spec."""

    name: str
    sources: dict[str, SourceFile]
    report: Report
    spec: Spec | None
    pictures: int = 0  # of its references and samples, masks not counted
    notes: tuple[str, ...] = ()  # what is good to know, and no fault

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes of the file that was compiled: of these, whatever it holds now."""
        return self.sources[self.name].sha256

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings are allowed."""
        return self.spec is not None and not self.report.errors

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Errors and warnings, each with its code, its sentence, its place and its fix."""
        return tuple(self.report)

    def __str__(self) -> str:
        """The diagnostics as `promptdsl check` shows them."""
        return render_text(self.report, self.sources, left_out=self.report.left_out)

    def faultless(self) -> "Compilation":
        """The compilation itself. Raises SpecErrors where the spec has errors."""
        if not self.ok:
            count = len(self.report.errors)
            many = "1 error" if count == 1 else f"{count} errors"
            sentence = f"{many} in {harmless(self.name)}"
            raise SpecErrors(sentence, self.diagnostics, str(self))
        return self

    def plan(self) -> "Plan":
        """The Plan of an error-free spec; pydantic is imported here and not before."""
        from promptdsl.plan.build import build_plan

        if not self.ok or self.spec is None:
            raise ValueError("a spec with errors has no plan")
        return build_plan(self.spec, self.sources)


class SpecErrors(SpecProblem):
    """A spec with errors was to be used; `diagnostics` says which."""

    def __init__(
        self, sentence: str, diagnostics: tuple[Diagnostic, ...] = (), shown: str = ""
    ) -> None:
        super().__init__(sentence)
        self.diagnostics = diagnostics
        self.shown = shown  # as `promptdsl check` shows them

    def __str__(self) -> str:
        return f"{self.sentence}\n\n{self.shown}"


def compile_file(
    path: Path, *, loader: Loader | None = None, allow: tuple[Path, ...] = ()
) -> Compilation:
    """Compile a spec on disk. `allow` are further folders that its paths may lead into."""
    loader = loader or DiskLoader()
    try:
        source = load(path, str(path), loader)
    except UnreadableSource as fault:
        return _unreadable(str(path), fault)
    return _compile(source, path.absolute().parent, loader, allow)


def compile_text(
    text: str | bytes,
    name: str = STDIN_NAME,
    *,
    folder: Path | None = None,
    loader: Loader | None = None,
    allow: tuple[Path, ...] = (),
    to_train: bool = False,
) -> Compilation:
    """Compile text that is not on disk, as if it were the file `name` in `folder`.

    `to_train`: its settings are for weights yet to be learned, so those that exist bind nothing.
    """
    try:
        data = text if isinstance(text, bytes) else text.encode("utf-8", errors="surrogatepass")
        decoded = decode(data, name)
    except UnreadableSource as fault:
        return _unreadable(name, fault)
    source = SourceFile(name, decoded)
    root = (folder or Path.cwd()).absolute()
    return _compile(source, root, loader or DiskLoader(), allow, to_train)


def _compile(
    source: SourceFile,
    folder: Path,
    loader: Loader,
    allow: tuple[Path, ...],
    to_train: bool = False,
) -> Compilation:
    report = Report()
    library = Library(folder, loader, report, tuple(map(loader.resolve, allow)), to_train)
    try:
        spec = check(source, library)
    except OSError as fault:  # the disk's fault, and of this file alone: others are still checked
        reason = fault.strerror or str(fault)
        return _unreadable(
            source.name, UnreadableSource("I001", f"{source.name} cannot be checked: {reason}")
        )
    notes = tuple(dict.fromkeys(library.notes))
    return Compilation(source.name, library.sources, report, spec, library.pictures, notes)


def _unreadable(name: str, fault: UnreadableSource) -> Compilation:
    report = Report()
    report.error(fault.code, Span(name, 0, 0), fault.sentence, help=fault.help)
    return Compilation(name, {name: SourceFile(name, "")}, report, None)
