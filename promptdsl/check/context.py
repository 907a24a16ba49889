"""What a check is given: the Spec, the files behind it, and the report."""

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from promptdsl.check.resolve.modules import Library, Module
from promptdsl.diagnostics.diagnostic import Report
from promptdsl.files.advice import advice
from promptdsl.files.find import MAX_ENTRIES, Found, TooManyFiles
from promptdsl.language.ast import NamedList, ObjectDef, PhraseBlock
from promptdsl.language.builders.objects import UNNAMED
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec, Phrase, Spec

PLACEHOLDER = "{object}"
ALL_ENTRIES = 1_000_000  # that the patterns of one spec may lead through
MOST_ADVICE = 100
SPELLING = "paths are relative to the spec's folder; check the spelling"


@dataclass(slots=True)
class Context:
    """One compilation as the checks see it."""

    spec: Spec
    root: Module
    library: Library
    searched: dict[str, Found] = field(default_factory=dict)  # pattern -> what it gives
    entries: int = 0  # files and folders that the patterns led through
    too_wide: dict[str, str] = field(default_factory=dict)  # pattern -> more than what
    advised: dict[str, str] = field(default_factory=dict)  # pattern -> what there is instead
    _told: set[tuple[object, ...]] = field(default_factory=set)

    @property
    def report(self) -> Report:
        """Where diagnostics go."""
        return self.library.report

    @property
    def objects(self) -> Iterable[ObjectSpec]:
        """The objects of the spec."""
        return self.spec.objects

    @property
    def blocks(self) -> Iterator[tuple[Module, NamedList | PhraseBlock, ObjectDef | None]]:
        """Lists and blocks of phrases of the author's files, used or not, with their objects."""
        for module in self.library.modules():
            if not module.standard:
                for named in module.file.lists:
                    yield module, named, None
                for item in module.file.objects:
                    for part in item.parts:
                        if isinstance(part, PhraseBlock):
                            yield module, part, item

    @property
    def definitions(self) -> Iterator[ObjectDef]:
        """The objects of the author's files as they are written, used or not."""
        for module in self.library.modules():
            yield from () if module.standard else module.file.objects

    def once(self, code: str, *places: Span) -> bool:
        """Whether this was not told yet: what several objects inherit is one mistake."""
        new = (code, *places) not in self._told
        self._told.add((code, *places))
        return new

    def written(self, span: Span) -> bool:
        """Whether a place lies in a file of the author's, not in the standard library."""
        return not self.library.plan_names.get(span.file, "").startswith("std/")

    def place(self, phrase: Phrase) -> Span:
        """Where to point for a phrase: at itself, or at the include that brought it."""
        return phrase.span if self.written(phrase.span) else phrase.site

    def find(self, pattern: str) -> Found:
        """Pictures that a path or pattern of the spec gives."""
        if pattern not in self.searched:
            self.searched[pattern] = self._find(pattern)
        return self.searched[pattern]

    def _find(self, pattern: str) -> Found:
        library = self.library
        root = library.loader.resolve(library.root_folder)
        try:
            if self.entries > ALL_ENTRIES:
                raise TooManyFiles(None, f"more than {ALL_ENTRIES:,} files with the paths before")
            found = library.loader.find(library.root_folder, pattern, (root, *library.allowed))
            self.entries += found.entries
            return found
        except TooManyFiles as fault:
            self.entries += MAX_ENTRIES
            self.too_wide[pattern] = str(fault.strerror)
            return Found()

    def file(self, path: str) -> Path | None:
        """The one file of that name, which is no pattern; None where there is none."""
        found = self.library.root_folder / path
        return found if self.library.loader.exists(found) else None

    def other_than_file(self, path: str) -> str | None:
        """What stands at a path that is no file; None where nothing is there."""
        place = self.library.root_folder / path
        try:
            folder, there = place.is_dir(), os.path.lexists(place)
        except (OSError, ValueError):
            return None
        return "a folder" if folder else "not a regular file" if there else None

    def advice(self, pattern: str) -> str:
        """What there is instead of pictures where a pattern leads."""
        if len(self.advised) > MOST_ADVICE:
            return SPELLING
        if pattern not in self.advised:
            told = advice(self.library.root_folder, pattern, "the spec's folder")
            self.advised[pattern] = told or SPELLING
        return self.advised[pattern]


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


def texts(item: ObjectSpec) -> Iterable[Phrase]:
    """All phrases of an object, and its templates behind them."""
    yield from (phrase for _defect, phrase in states(item))
    yield from item.templates


def listed(words: Collection[str], most: int) -> str:
    """The first words, and how many there are more."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(islice(words, most)) + more
