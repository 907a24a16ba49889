"""Problems that end a command: one sentence for the user and the exit code that goes with it.

Mistakes inside a spec are diagnostics (`promptdsl.diagnostics`); these are everything else.
"""

from typing import Literal, Never


class Problem(Exception):
    """A failure to be told in one sentence that names the place and the fix."""

    exit_code = 1

    def __init__(self, sentence: str, help: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.help = help
        if help:
            self.add_note(f"help: {help}")  # for programs, whose tracebacks show it


class SpecProblem(Problem):
    """The spec, or a test inside it, does not hold."""

    exit_code = 1


class UsageProblem(Problem):
    """The command was given something that it cannot take."""

    exit_code = 2


class EnvironmentProblem(Problem):
    """Weights, device, disk or files outside the spec are not as needed."""

    exit_code = 3


class PictureProblem(EnvironmentProblem):
    """A picture that could not be inspected. It has the fields of a Result, and nothing in them."""

    verdict: Literal["error"] = "error"
    score = rule = defect = map = None
    part = picture_sha256 = size = residual = unlocated = None

    def __init__(self, sentence: str, image: str = "", object: str = "", reason: str = "") -> None:
        super().__init__(sentence)
        self.image = image  # the path as it was given; empty for a picture in memory
        self.object = object
        self.reason = reason  # the sentence without the name, as `results.jsonl` has it
        self.defects: dict[str, float] = {}
        self.area: dict[str, float] = {}
        self.measures: dict[str, float] = {}
        self.spots: tuple[Never, ...] = ()
        self.spots_left_out = 0
        self.notes: tuple[str, ...] = ()
        self.time: str | None = None  # when it was refused, UTC
        self.plan_hash: str | None = None
