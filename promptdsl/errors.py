"""Problems that end a command: one sentence for the user and the exit code that goes with it.

Mistakes inside a spec are diagnostics (`promptdsl.diagnostics`); these are everything else.
"""


class Problem(Exception):
    """A failure to be told in one sentence that names the place and the fix."""

    exit_code = 1

    def __init__(self, sentence: str, help: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.help = help


class SpecProblem(Problem):
    """The spec, or a test inside it, does not hold."""

    exit_code = 1


class UsageProblem(Problem):
    """The command was given something that it cannot take."""

    exit_code = 2


class EnvironmentProblem(Problem):
    """Weights, device, disk or files outside the spec are not as needed."""

    exit_code = 3
