"""Memory of a run over pictures of 108 megapixels: `python -m tests.benchmarks.bench_memory`.

Draws two PNG of 12,000 x 9,000 px, runs a spec with tiles, a region, an ignored place and a rule on
spots over them as a process of its own, and prints that process's peak.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

SPEC = """inspect 1
object plate {
  defect speck { "{object} with a speck" }
  picture { tiles: TILE px }
  region middle { box: 20% 20% 60% 60% }
  ignore "serial number" { box: 0% 0% 10% 5% }
  method winclip { model: "promptdsl-mini" }
  thresholds {
    reject when score >= 0.9
    reject when spot above 0.70 in middle >= 40 px
  }
}
"""


def draw(path: Path, size: tuple[int, int], seed: int) -> None:
    """A grey, slightly uneven surface, which PNG packs well enough."""
    rng = np.random.default_rng(seed)
    small = rng.normal(128, 6, (size[1] // 60, size[0] // 60)).clip(0, 255).astype(np.uint8)
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).convert("RGB").save(
        path, compress_level=1
    )


def main() -> None:
    """Draw, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=2, default=(12_000, 9_000))
    parser.add_argument("--tile", type=int, default=2_500)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plate.inspect").write_text(SPEC.replace("TILE", str(asked.tile)))
        for number in range(2):
            draw(folder / f"plate_{number}.png", tuple(asked.size), number)
        command = [sys.executable, "-m", "promptdsl", "run", "plate.inspect"]
        command += ["plate_0.png", "plate_1.png", "-o", "out", "--quiet"]
        subprocess.run(command, cwd=folder, check=True)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        width, height = asked.size
        print(f"two pictures of {width:,} x {height:,} px: peak {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
