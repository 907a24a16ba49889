"""A run in a process of its own, slow enough to be interrupted: OUT MODE SECONDS PICTURES..."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fakes import FakeDetector, FakeSource, Seen, make_plan

from promptdsl.cli.run import exit_code
from promptdsl.errors import Problem
from promptdsl.inspect.run import run


class Aloud(Seen):
    """Says when the first record is written, so that the test knows when to strike."""

    def inspected(self, record: object) -> None:
        print("record", flush=True)


def main(out: str, mode: str, seconds: str, *pictures: str) -> int:
    source = FakeSource(make_plan(), FakeDetector(seconds=float(seconds)))
    try:
        return exit_code(run(source, pictures, Path(out), Aloud(), mode=mode, batch_size=2), None)  # type: ignore[arg-type]
    except Problem as problem:
        print(f"error: {problem.sentence}", file=sys.stderr)
        return problem.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
