"""A version of a spec: a file, or `git:REV:path`, whose imports come from the same revision.

Only the spec and the files that it uses are read from git. Pictures, references and weights are
those on disk, since a comparison is about words and numbers on the same pictures.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.evaluate.jobs import SpecInUse
from promptdsl.files.advice import CHECK, instead_of
from promptdsl.lock.file import lock_path, parse_lock, read_lock
from promptdsl.lock.model import Lock
from promptdsl.pipeline import compile_file
from promptdsl.resources import standard_library
from promptdsl.source import MAX_BYTES, DiskLoader

PREFIX = "git:"
SECONDS = 60


@dataclass
class GitLoader(DiskLoader):
    """Files below a repository's folder as one commit has them; everything else from disk."""

    root: Path  # resolved
    commit: str
    revision: str  # as it was given
    _known: dict[str, bytes | None] = field(default_factory=dict)

    def read(self, path: Path) -> bytes:
        """The bytes that the commit has; FileNotFoundError where it has no such file."""
        inside = self._inside(path)
        if inside is None:
            return super().read(path)
        content = self._content(inside)
        if content is None:
            raise FileNotFoundError(f"{self.revision} has no file {inside}")
        return content[: MAX_BYTES + 1]

    def exists(self, path: Path) -> bool:
        """Whether the commit has a file of that path."""
        inside = self._inside(path)
        return super().exists(path) if inside is None else self._content(inside) is not None

    def resolve(self, path: Path) -> Path:
        """The path itself: what a commit holds need not be on disk."""
        inside = self._inside(path)
        return super().resolve(path) if inside is None else self.root / inside

    def _inside(self, path: Path) -> str | None:
        """A spec's path from the root of the repository; None outside of it, and for pictures."""
        whole = Path(os.path.normpath(path.absolute()))
        if whole.is_relative_to(standard_library()) or whole.suffix not in (".inspect", ".lock"):
            return None
        for root in (self.root, Path(os.path.normpath(self.root))):
            if whole.is_relative_to(root):
                return whole.relative_to(root).as_posix()
        return None

    def _content(self, inside: str) -> bytes | None:
        if inside not in self._known:
            done = _git(self.root, ["cat-file", "blob", f"{self.commit}:{inside}"])
            self._known[inside] = done.stdout if done.returncode == 0 else None
        return self._known[inside]


def open_version(name: str, allow: tuple[Path, ...] = ()) -> SpecInUse:
    """Compile one side. Raises UsageProblem, EnvironmentProblem; diagnostics stay in it."""
    if not name.startswith(PREFIX):
        path = Path(name)
        if not path.is_file():
            meant = instead_of(name)
            help = "a revision is written git:REV:path" if meant == CHECK else meant
            raise UsageProblem(f"{name}: there is no such spec", help)
        lock = read_lock(path)
        return SpecInUse(path.absolute(), compile_file(path, allow=allow), lock, name)
    revision, colon, inside = name.removeprefix(PREFIX).rpartition(":")
    if not colon or not revision or not inside:
        raise UsageProblem(
            f"{name}: a version in git is written git:REV:path",
            "for example git:HEAD~1:nut.inspect",
        )
    return _from_git(name, revision, inside, allow)


def _from_git(name: str, revision: str, inside: str, allow: tuple[Path, ...]) -> SpecInUse:
    root = _root()
    commit = _commit(root, revision)
    path = _path(root, commit, inside)
    loader = GitLoader(root, commit, revision)
    if not loader.exists(path):
        raise UsageProblem(
            f"{name}: revision {revision} has no file {path.relative_to(root).as_posix()}",
            "the path starts at the root of the repository, or with ./ at the current folder",
        )
    compilation = compile_file(path, loader=loader, allow=allow)
    return SpecInUse(path, compilation, _lock(loader, path, name), name)


def _path(root: Path, commit: str, inside: str) -> Path:
    """From the root, as git itself takes it; `./` and paths that only fit here, from here."""
    here = Path(os.path.normpath(Path.cwd().resolve() / inside))
    if inside.startswith(("./", "../")) and here.is_relative_to(root):
        return here
    whole = Path(os.path.normpath(root / inside))
    if not whole.is_relative_to(root):
        raise UsageProblem(f"{inside} lies outside of the repository {root}")
    found = GitLoader(root, commit, commit)
    return here if not found.exists(whole) and found.exists(here) else whole


def _lock(loader: GitLoader, path: Path, name: str) -> Lock | None:
    place = lock_path(path)
    if not loader.exists(place):
        return None
    return parse_lock(loader.read(place).decode("utf-8", "replace"), f"{name}.lock")


def _root() -> Path:
    done = _git(Path.cwd(), ["rev-parse", "--show-toplevel"])
    if done.returncode != 0:
        raise UsageProblem(
            f"{Path.cwd()} is in no git repository, so there are no revisions",
            "run the command inside the repository that holds the spec",
        )
    return Path(os.fsdecode(done.stdout).rstrip("\n")).resolve()


def _commit(root: Path, revision: str) -> str:
    unknown = UsageProblem(
        f"git knows no revision {revision} here", "git log --oneline lists revisions"
    )
    if revision.startswith("-"):
        raise unknown
    done = _git(root, ["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"])
    if done.returncode != 0:
        raise unknown
    return done.stdout.decode().strip()


def _git(folder: Path, arguments: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=False,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
        )
    except FileNotFoundError:
        raise EnvironmentProblem(
            "git is not installed here, so git:REV:path cannot be read",
            "install git, or save that version to a file and name it",
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentProblem(f"git cannot be run: {error}") from error
