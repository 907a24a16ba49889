"""Twice the text takes twice the time: no kind of line, right or wrong, costs more than that.

Four times as many lines are compared with as many in the same process, and a quadratic path would
take sixteen times as long; the best of three tries counts, since other programs disturb.
"""

import gc
import time

import pytest

from promptdsl.diagnostics.render_text import render_text
from promptdsl.pipeline import compile_text
from tests.check.repeated import KINDS

FEW, MANY = 250, 1_000
RUN = 3_000  # letters
MOST = 9.0  # 4 is linear, 16 quadratic
LEAST_SECONDS = 0.02  # less is noise
SIGNS = (
    " ", "{", "}", "{ ", '"', '" "', "'", ",", ":", ".", "#", "\\", "/*", "(", "[", "<", "a", "0",
    "_", "-", "\u201c", "\uff1a", "\n", "\r\n", "object ", "{object} ", "a {\n", '"\n', "$a ",
)  # fmt: skip
PLACES = {
    "top": "inspect 1\n@\n",
    "phrase": 'inspect 1\nwords a { "@" }\n',
    "phrase, open brace": 'inspect 1\nobject a { defect b { "{@z" } }\n',
    "two placeholders": 'inspect 1\nobject a { defect b { "{object} {object}@z" } }\n',
    "block": "inspect 1\nobject a { defect b { @ } }\n",
    "called": 'inspect 1\nobject a { called: "@"\ndefect b { "x", "y {object}" } }\n',
    "name": "inspect 1\nobject @ { }\n",
    "model": 'inspect 1\nobject a { method winclip { model: "@" } }\n',
    "rule": "inspect 1\nobject a { thresholds { reject when score >= @ } }\n",
    "comment": "inspect 1 # @\n",
}


def seconds(text: str) -> float:
    """Without the collector, which looks at all that the tests before have left in memory."""
    gc.disable()
    try:
        started = time.process_time()
        compilation = compile_text(text, "nut.inspect")
        render_text(compilation.report, compilation.sources, left_out=compilation.report.left_out)
        return time.process_time() - started
    finally:
        gc.enable()


def growth(short: str, long: str) -> float:
    """How many times longer the long text takes, the best of three tries."""
    found = MOST
    for _ in range(3):
        found = min(found, seconds(long) / max(seconds(short), LEAST_SECONDS))
        if found < MOST:
            break
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_many_statements(kind: str) -> None:
    make = KINDS[kind]
    assert growth(make(FEW), make(MANY)) < MOST


@pytest.mark.parametrize("place", PLACES)
def test_long_runs_of_one_sign(place: str) -> None:
    for sign in SIGNS:
        runs = (sign * (size // len(sign)) for size in (RUN, 4 * RUN))
        short, long = (PLACES[place].replace("@", run) for run in runs)
        assert growth(short, long) < MOST, repr(sign)
