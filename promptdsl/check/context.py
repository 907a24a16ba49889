"""What a check is given: the Spec, the files behind it, and the report."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from promptdsl.check.modules import Library, Module
from promptdsl.diagnostics.diagnostic import Report
from promptdsl.source import Span, TooManyFiles
from promptdsl.spec.model import ObjectSpec, Phrase, Spec
from promptdsl.syntax.build_object import UNNAMED

PLACEHOLDER = "{object}"


@dataclass(slots=True)
class Context:
    """One compilation as the checks see it."""

    spec: Spec
    root: Module
    library: Library
    matches: dict[str, list[Path]] = field(default_factory=dict)  # glob -> files, each once
    too_wide: set[str] = field(default_factory=set)  # globs that lead through too many files

    @property
    def report(self) -> Report:
        """Where diagnostics go."""
        return self.library.report

    @property
    def objects(self) -> Iterable[ObjectSpec]:
        """The objects of the spec."""
        return self.spec.objects

    def written(self, span: Span) -> bool:
        """Whether a place lies in a file of the author's, not in the standard library."""
        return not self.library.plan_names.get(span.file, "").startswith("std/")

    def place(self, phrase: Phrase) -> Span:
        """Where to point for a phrase: at itself, or at the include that brought it."""
        return phrase.span if self.written(phrase.span) else phrase.site

    def files(self, pattern: str) -> list[Path]:
        """Files that a path or glob of the spec matches."""
        if pattern not in self.matches:
            try:
                found = self.library.loader.glob(self.library.root_folder, pattern)
            except TooManyFiles:
                found = []
                self.too_wide.add(pattern)
            except (ValueError, OSError, NotImplementedError, IndexError):
                found = []
            self.matches[pattern] = found
        return self.matches[pattern]


def readable_texts_only(spec: Spec) -> Spec:
    """The Spec without texts that lack the placeholder, which have been reported."""

    def kept(phrases: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
        return tuple(phrase for phrase in phrases if phrase.text.count(PLACEHOLDER) == 1)

    return replace(
        spec,
        objects=tuple(
            replace(
                item,
                normal=kept(item.normal),
                defects=tuple(replace(d, phrases=kept(d.phrases)) for d in item.defects),
                templates=kept(item.templates),
            )
            for item in spec.objects
            if item.name != UNNAMED  # its name was lost, and reported
        ),
    )


def states(item: ObjectSpec) -> Iterable[tuple[str | None, Phrase]]:
    """Every phrase of an object with its defect, None for normal, in the order of expansion."""
    for phrase in item.normal:
        yield None, phrase
    for defect in item.defects:
        for phrase in defect.phrases:
            yield defect.name, phrase
