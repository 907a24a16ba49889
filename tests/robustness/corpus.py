"""The valid specs that robustness tests start from, and a loader that pretends pictures exist."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from promptdsl.files.find import Found
from promptdsl.files.suffixes import is_picture
from promptdsl.pipeline import Compilation, compile_text
from promptdsl.source import DiskLoader, decode

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("specs", "examples", "tests/golden/valid", "tests/robustness/specs")


class PretendedPictures(DiskLoader):
    """Every pattern matches some files, so that a spec needs no pictures beside it."""

    def find(self, folder: Path, pattern: str, roots: tuple[Path, ...]) -> Found:
        """Made-up files, enough for any number of shots."""
        names = tuple(f"{folder / pattern}-{number}" for number in range(100))
        return Found(names, places={name: name for name in names})

    def exists(self, path: Path) -> bool:
        """Every picture that is named exists, too."""
        return is_picture(path) or DiskLoader.exists(self, path)


@dataclass(frozen=True)
class Valid:
    """A spec without errors, with the messages that it has all the same."""

    path: Path
    text: str
    messages: int

    @property
    def name(self) -> str:
        """Its path below the repository."""
        return self.path.relative_to(ROOT).as_posix()


def compile_here(text: str, path: Path) -> Compilation:
    """Compile a changed text in the place of the original."""
    return compile_text(
        text, path.name, folder=path.parent, loader=PretendedPictures(), allow=(ROOT,)
    )


@cache
def corpus() -> tuple[Valid, ...]:
    """Every valid spec of the repository."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.inspect")):
            text = decode(path.read_bytes(), path.name)
            compilation = compile_here(text, path)
            assert not compilation.report.errors, (path, compilation.report.errors)
            found.append(Valid(path, text, len(compilation.report)))
    return tuple(found)
