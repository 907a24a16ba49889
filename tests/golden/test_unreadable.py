"""The mistakes that no text file can hold: files that are missing, not text, huge or too many."""

from pathlib import Path

from promptdsl.check.resolve.modules import MAX_FILES
from promptdsl.pipeline import compile_file
from promptdsl.source import MAX_BYTES

SPEC = 'inspect 1\n\nobject nut { defect scratch { "scratched {object}" } }\n'


def messages(path: Path) -> list[tuple[str, str]]:
    """Codes and sentences."""
    return [(item.code, item.message) for item in compile_file(path).report]


def test_missing_file_and_folder(tmp_path: Path) -> None:
    ((code, sentence),) = messages(tmp_path / "nut.inspect")
    assert code == "I001" and sentence.startswith("there is no file ")
    ((code, sentence),) = messages(tmp_path)
    assert code == "I001" and sentence.endswith("is a folder, not a spec")


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "nut.inspect"
    path.write_text(SPEC, encoding="utf-16")
    ((code, sentence),) = messages(path)
    assert code == "I002" and "UTF-16" in sentence
    path.write_bytes(SPEC.replace("nut", "mütter").encode("latin-1"))
    ((code, sentence),) = messages(path)
    assert code == "I002" and "line 3 holds the byte 0xfc" in sentence


def test_huge_file(tmp_path: Path) -> None:
    path = tmp_path / "nut.inspect"
    path.write_text(SPEC + "#" * MAX_BYTES, encoding="utf-8")
    ((code, sentence),) = messages(path)
    assert code == "I003" and "is larger than" in sentence


def test_too_many_files(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 1):
        list_of_one = f'inspect 1\nwords bad {{ "damaged {{object}} {number}" }}\n'
        (tmp_path / f"words_{number}.inspect").write_text(list_of_one, encoding="utf-8")
    uses = "".join(f'use "words_{number}"\n' for number in range(MAX_FILES + 1))
    lines = ", ".join(f"include words_{number}.bad" for number in range(MAX_FILES + 1))
    path = tmp_path / "nut.inspect"
    path.write_text(f"inspect 1\n{uses}object nut {{ defect other {{ {lines} }} }}\n", "utf-8")
    found = messages(path)
    assert [code for code, _ in found] == ["I309"], found[:5]
