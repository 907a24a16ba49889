"""Running promptdsl: in this process, which is quick, or in one of its own, as a user does."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from promptdsl.cli.main import main

NUT = """inspect 1

object metal_nut {
  defect scratch { "scratched {object}", "{object} with a scratch" }
}
"""
BROKEN = 'inspect 1\n\nobject metal_nut {\n  defect scratch { "scratched" }\n}\n'
WARNED = NUT.replace('"scratched {object}",', '"scratched {object}", "scratched {object}",')


Done = subprocess.CompletedProcess[str]


def promptdsl(
    *words: str | Path,
    cwd: Path | None = None,
    stdin: str | bytes = "",
    env: dict[str, str] | None = None,
) -> Done:
    """One call in this process, away from the terminal that the tests run on."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with (
        patch.dict(os.environ, {**clean_environment(), **(env or {})}, clear=True),
        patch("sys.stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8")),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(cwd or Path.cwd()),
    ):
        code = main([str(word) for word in words])
    return _done(list(map(str, words)), code, _written(out), _written(err))


def _written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue()


def promptdsl_process(
    *words: str | Path,
    cwd: Path | None = None,
    stdin: str | bytes = "",
    env: dict[str, str] | None = None,
) -> Done:
    """One call in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "promptdsl", *map(str, words)],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        cwd=cwd,
        env={**clean_environment(), **(env or {})},
        timeout=120,
        check=False,
    )
    return _done(done.args, done.returncode, done.stdout, done.stderr)


def _done(words: list[str], code: int, out: bytes, err: bytes) -> Done:
    told = err.decode()
    assert "Traceback" not in told, told
    assert "fault of promptdsl" not in told, told
    return subprocess.CompletedProcess(words, code, out.decode(), told)


def clean_environment() -> dict[str, str]:
    """The environment without what would change colours, and with this checkout on the path."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    root = str(Path(__file__).resolve().parents[2])
    return {**kept, "PYTHONPATH": root, "TERM": "xterm", "PYTHONUTF8": "1"}
