"""A cache folder for each test."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tests never touch the user's cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("PROMPTDSL_CACHE", str(folder))
    return folder
