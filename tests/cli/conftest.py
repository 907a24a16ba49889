"""A folder with a good, a broken and a warned spec."""

from pathlib import Path

import pytest

from .process import BROKEN, NUT, WARNED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder."""
    (tmp_path / "nut.inspect").write_text(NUT, encoding="utf-8")
    (tmp_path / "broken.inspect").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "warned.inspect").write_text(WARNED, encoding="utf-8")
    return tmp_path
