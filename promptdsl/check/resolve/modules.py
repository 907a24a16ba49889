"""Files and the files that they use: found, read once, parsed, and guarded.

`use "std/..."` looks into the standard library; every other path is relative to the file that says
`use` and stays inside the spec's folder, also through symbolic links, unless a folder was allowed.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import (
    ListKind,
    NamedList,
    ObjectDef,
    PhraseBlock,
    Reference,
    SpecFile,
    Use,
)
from promptdsl.language.builders.tree import build_ast
from promptdsl.resources import standard_library
from promptdsl.source import Loader, SourceFile, UnreadableSource, load

SUFFIX = ".inspect"
MAX_FILES = 200
MAX_LETTERS = 3_000_000  # of all files together; one of 30,000 lines has a third of that
MAX_CHAIN = 50


@dataclass(eq=False)
class Module:
    """One parsed file with the files behind its short names; what is looked up is indexed once."""

    file: SpecFile
    source: SourceFile
    folder: Path  # absolute
    plan_folder: PurePosixPath  # its folder as seen from the spec's folder
    standard: bool = False
    imports: dict[str, "Module"] = field(default_factory=dict)
    use_lines: dict[str, Use] = field(default_factory=dict)
    lost_imports: bool = False  # some `use` failed: unknown names may come from it
    used_aliases: set[str] = field(default_factory=set)

    @cached_property
    def lists(self) -> dict[tuple[ListKind, str], NamedList]:
        """The named lists by kind and name, the first of each."""
        return {(n.kind, n.name.value): n for n in reversed(self.file.lists)}

    @cached_property
    def list_names(self) -> dict[ListKind, tuple[str, ...]]:
        """The names of the lists of each kind, in the order of the file."""
        kinds: tuple[ListKind, ...] = ("words", "templates")
        return {k: tuple(n.name.value for n in self.file.lists if n.kind == k) for k in kinds}

    @cached_property
    def objects(self) -> dict[str, ObjectDef]:
        """The objects by name, the first of each, in the order of the file."""
        found: dict[str, ObjectDef] = {}
        for item in self.file.objects:
            found.setdefault(item.name.value, item)
        return found

    def holders(self, name: str, *kinds: ListKind) -> Iterator[str]:
        """Short names of used files with a list of that name, one of each file."""
        for alias, other in self._used_once:
            if any((kind, name) in other.lists for kind in kinds):
                yield alias

    @cached_property
    def _used_once(self) -> tuple[tuple[str, "Module"], ...]:
        """Each used file with its first short name: a file may be used under thousands."""
        found: dict[int, tuple[str, Module]] = {}
        for alias, other in self.imports.items():
            found.setdefault(id(other), (alias, other))
        return tuple(found.values())

    def forgives(self, alias: str) -> bool:
        """Whether a short name belongs to a `use` line that was lost, which was reported."""
        if alias in self.use_lines:
            return True
        return self.file.broken_uses and alias == self._likeliest_lost

    @cached_property
    def _likeliest_lost(self) -> str | None:
        """The short name without `use` that the file needs most often, the first of several."""
        blocks = [part for item in self.file.objects for part in item.parts]
        lines = [line for named in self.file.lists for line in named.lines]
        lines += [line for part in blocks if isinstance(part, PhraseBlock) for line in part.lines]
        names = [line.alias for line in lines if isinstance(line, Reference)]
        names += [item.parent.alias for item in self.file.objects if item.parent is not None]
        unknown = (name.value for name in names if name and name.value not in self.use_lines)
        return next((name for name, _ in Counter(unknown).most_common(1)), None)


@dataclass(slots=True)
class Library:
    """All files of one compilation."""

    root_folder: Path
    loader: Loader
    report: Report
    allowed: tuple[Path, ...] = ()
    to_train: bool = False  # the learned weights that exist bind nothing
    sources: dict[str, SourceFile] = field(default_factory=dict)
    plan_names: dict[str, str] = field(default_factory=dict)
    pictures: int = 0  # of the references and the samples, each once
    notes: list[str] = field(default_factory=list)  # good to know, and no fault
    _modules: dict[tuple[Path, bool], Module] = field(default_factory=dict)  # with `standard`
    _open: list[Path] = field(default_factory=list)
    _full_told: bool = False
    _letters: int = 0
    _roots: tuple[Path, ...] = ()

    def root(self, source: SourceFile) -> Module:
        """Parse the spec itself and everything that it uses."""
        name = PurePosixPath(source.name.replace("\\", "/")).name
        path = self.root_folder / name
        return self._parse(source, path, PurePosixPath("."), name, standard=False)

    def standard(self, path: str) -> Module:
        """A file of the standard library, such as `std/winclip`, that the spec need not name."""
        found = standard_library() / f"{path}{SUFFIX}"
        return self._load(found, f"{path}{SUFFIX}", f"{path}{SUFFIX}", PurePosixPath("std"), True)

    def _parse(
        self, source: SourceFile, path: Path, plan_folder: PurePosixPath, name: str, standard: bool
    ) -> Module:
        self.sources[source.name] = source
        self.plan_names[source.name] = name
        self._letters += len(source.text)
        module = Module(build_ast(source, self.report), source, path.parent, plan_folder, standard)
        self._modules[path, standard] = module
        self._open.append(path)
        for use in module.file.uses:
            self._use(module, use)
        self._open.pop()
        module.lost_imports = module.lost_imports or module.file.broken_uses
        return module

    def _load(
        self, path: Path, shown: str, name: str, plan_folder: PurePosixPath, standard: bool
    ) -> Module:
        if (path, standard) in self._modules:
            return self._modules[path, standard]
        if shown in self.sources:  # the author's own folder is called std, too
            shown = f"standard library: {shown}"
        return self._parse(load(path, shown, self.loader), path, plan_folder, name, standard)

    def _use(self, module: Module, use: Use) -> None:
        alias = use.alias.value
        if alias in module.use_lines:
            first = module.use_lines[alias]
            same = first.path.value == use.path.value
            self.report.error(
                "I306", use.alias.span, f"the short name {alias} is taken",
                help="remove this line: the file is already used" if same
                else f'write use "{use.path.value}" as {alias}_2',
                related=((first.span, "by this line"),),
            )  # fmt: skip
            return
        module.use_lines[alias] = use
        try:
            found = self._find(module, use)
        except UnreadableSource as fault:
            found = None
            self.report.error(fault.code, use.path.span, fault.sentence, help=fault.help)
        if found is None:
            module.lost_imports = True
        else:
            module.imports[alias] = found

    def _find(self, module: Module, use: Use) -> Module | None:
        """The file that a line uses; UnreadableSource says why there is none."""
        written = use.path.value.replace("\\", "/").strip()
        relative = PurePosixPath(written if written.endswith(SUFFIX) else written + SUFFIX)
        if not written:
            help = 'write use "std/winclip" as std'
            raise UnreadableSource("I302", "use names no file", help)
        if relative.parts[0] == "std" or (module.standard and not relative.is_absolute()):
            return self._find_standard(relative)
        path = Path(os.path.normpath(module.folder / relative))
        named_inside = self.inside(path) and not (relative.is_absolute() and not self.allowed)
        if named_inside and not self.loader.exists(path):
            help = "paths are relative to this file; the standard library begins with std/"
            if self.loader.exists(path.with_suffix("")):
                help = f"specs have the suffix {SUFFIX}: rename the file"
            raise UnreadableSource("I302", f"there is no file {relative}", help)
        if not named_inside or not self.inside(self.loader.resolve(path)):
            help = "copy the file into the spec's folder, or allow its folder with --allow FOLDER"
            raise UnreadableSource("I303", f"{written} lies outside of the spec's folder", help)
        shown = os.path.normpath(Path(module.source.name).parent / relative)
        plan_path = PurePosixPath(os.path.normpath(module.plan_folder / relative))
        return self._guarded(path, shown, str(plan_path), plan_path.parent, False)

    def _find_standard(self, relative: PurePosixPath) -> Module | None:
        if relative.parts[0] != "std":
            relative = PurePosixPath("std") / relative
        folder = standard_library() / "std"
        path = Path(os.path.normpath(standard_library() / relative))
        known = sorted(entry.stem for entry in folder.glob(f"*{SUFFIX}"))
        if path.stem not in known or path.parent != folder:
            near = nearest(path.stem, known)
            message = f'the standard library has no "{str(relative).removesuffix(SUFFIX)}"'
            help = f'did you mean "std/{near}"?' if near else f"it has {', '.join(known)}"
            raise UnreadableSource("I302", message, help)
        name = f"std/{path.name}"
        return self._guarded(path, name, name, PurePosixPath("std"), True)

    def _guarded(
        self, path: Path, shown: str, name: str, plan_folder: PurePosixPath, std: bool
    ) -> Module | None:
        if path in self._open:
            chain = [entry.name for entry in self._open[self._open.index(path) :]] + [path.name]
            message = f"these files use each other in a circle: {' -> '.join(chain)}"
            raise UnreadableSource("I304", message, "move what they share into a third file")
        few = None
        if len(self._modules) >= MAX_FILES or len(self._open) >= MAX_CHAIN:
            few = f"a spec may use at most {MAX_FILES} files, {MAX_CHAIN} of them in a chain"
        elif self._letters > MAX_LETTERS:
            few = f"the files of a spec may have at most {MAX_LETTERS:,} letters together"
        if few is not None:
            if self._full_told:
                return None
            self._full_told = True
            raise UnreadableSource("I309", few, "use fewer files")
        try:
            return self._load(path, shown, name, plan_folder, std)
        except UnreadableSource as fault:  # whatever is wrong with it, this line cannot use it
            raise UnreadableSource("I302", fault.sentence, fault.help) from None

    def modules(self) -> tuple[Module, ...]:
        """Every file of the compilation, the spec itself first."""
        return tuple(self._modules.values())

    def inside(self, path: Path) -> bool:
        """Whether an absolute path lies in the spec's folder or an allowed one."""
        if not self._roots:  # found once: thousands of pictures may be asked for
            self._roots = (
                self.root_folder, self.loader.resolve(self.root_folder), *self.allowed
            )  # fmt: skip
        return any(path.is_relative_to(root) for root in self._roots)
