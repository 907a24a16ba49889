"""The short form of `python -m tests.robustness.fuzz`: a few damaged files of every kind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.robustness.corpus import ROOT

FEW = ["--specs", "150", "--pictures", "60", "--regions", "200", "--others", "3"]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="every trial is a forked process")
def test_damaged_files_end_in_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.robustness.fuzz", *FEW, "--keep", str(tmp_path / "kept")],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "specs: 150 tried" in done.stdout
    assert "regions: 200 tried" in done.stdout
