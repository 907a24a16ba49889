"""The methods side by side, learned and not."""

import json
from pathlib import Path

from click.testing import CliRunner

from tools.compare_learned import WAYS, main
from tools.pictures.__main__ import main as draw_pictures


def test_every_way_gets_a_line_and_learning_helps(tmp_path: Path) -> None:
    drawn, out = tmp_path / "drawn", tmp_path / "figures.json"
    asked = ["--seed", "901", "--size", "120", "--good", "2", "--test-good", "3"]
    asked += ["--defective", "1", "--objects", "wood"]
    found = CliRunner().invoke(draw_pictures, [str(drawn), *asked])
    assert found.exit_code == 0, found.output
    found = CliRunner().invoke(main, ["--data", str(drawn), "--shots", "2", "-o", str(out)])
    assert found.exit_code == 0, found.output
    assert len(found.output.splitlines()) == len(WAYS)
    report = json.loads(out.read_text("utf-8"))
    pixel = {name: lines[0]["pixel_auroc"] for name, lines in report.items()}
    for method in ("anomalyclip", "april_gan"):
        assert pixel[f"{method} 0-shot"] > pixel[f"{method} untrained 0-shot"]
