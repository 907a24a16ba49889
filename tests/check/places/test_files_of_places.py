"""Masks and golden pictures that are there, and are no pictures."""

from pathlib import Path

import pytest
from PIL import Image

from promptdsl.pipeline import compile_file

SPEC = """inspect 1

object nut {
  defect scratch { "scratched {object}" }
  picture { locate { like: "golden.png" } }
  region lip { mask: "lip.png" }
  method winclip { model: "promptdsl-mini" }
  thresholds { reject when score in lip >= 0.5 }
}
"""


@pytest.mark.parametrize("wrong", ["golden.png", "lip.png", None])
def test_a_file_that_is_no_picture_is_told_before_a_run(tmp_path: Path, wrong: str | None) -> None:
    for name in ("golden.png", "lip.png"):
        Image.new("L", (64, 48), 255).save(tmp_path / name)
    if wrong is not None:
        (tmp_path / wrong).write_text("not a picture")
    (tmp_path / "nut.inspect").write_text(SPEC)
    found = compile_file(tmp_path / "nut.inspect").report
    told = [item for item in found if item.code == "I621"]
    assert [item.message.endswith(f": {wrong}") for item in told] == ([True] if wrong else [])
