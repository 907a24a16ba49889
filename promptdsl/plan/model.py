"""The Plan: everything a spec means, expanded, with the origin of each prompt.

A Plan is JSON. Its canonical form (sorted keys, no spaces, ASCII) is hashed, so that the same spec
gives the same bytes and the same hash on every machine. Paths are relative to the spec and use `/`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from promptdsl.methods import Setting

PLAN_VERSION = 1


class Frozen(BaseModel):
    """Immutable, and strict about unknown keys: a newer plan must not be half understood."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Origin(Frozen):
    """Where something was written: 1-based line and column, end exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Prompt(Frozen):
    """One sentence for the text tower: a phrase put into a template."""

    text: str
    label: Literal["normal", "anomalous"]
    defect: str | None  # None for normal
    phrase: str
    template: str
    phrase_origin: Origin
    template_origin: Origin | None  # None: the built-in default template


class MethodPlan(Frozen):
    """The method with every setting made explicit (see `promptdsl.methods`)."""

    name: str
    model: tuple[str, ...]  # built-in name; open_clip name, tag; config file, weights file
    model_kind: Literal["builtin", "open_clip", "files"]
    settings: dict[str, Setting]  # all fields but `model`
    origin: Origin | None


class ScoreRule(Frozen):
    """`reject when score >= 0.62`; `at` is None for `auto`."""

    kind: Literal["score"] = "score"
    verdict: Literal["reject", "review"]
    at: float | None
    text: str
    origin: Origin | None


class AreaRule(Frozen):
    """`reject when area above 0.70 >= 0.5%`: the share of the picture scored `above` or more."""

    kind: Literal["area"] = "area"
    verdict: Literal["reject", "review"]
    above: float
    share: float | None  # in [0, 1]; None for `auto`
    text: str
    origin: Origin | None


Rule = Annotated[ScoreRule | AreaRule, Field(discriminator="kind")]


class Samples(Frozen):
    """Labelled pictures: `label` is `good` or a defect's name."""

    label: str
    images: tuple[str, ...]
    masks: tuple[str, ...]
    origin: Origin


class Expectation(Frozen):
    """`expect reject at least 95%` on the samples of `on`."""

    name: str
    on: str
    verdict: Literal["pass", "review", "reject"]
    bound: Literal["at least", "at most"]
    share: float  # in [0, 1]
    origin: Origin


class ObjectPlan(Frozen):
    """One object: its prompts, method and rules."""

    name: str
    called: str
    prompts: tuple[Prompt, ...]
    method: MethodPlan
    thresholds: tuple[Rule, ...]
    default_thresholds: bool  # True: nobody wrote thresholds; 0.5 is an uncalibrated default
    samples: tuple[Samples, ...]
    tests: tuple[Expectation, ...]
    origin: Origin

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the file."""
        names = (prompt.defect for prompt in self.prompts if prompt.defect is not None)
        return tuple(dict.fromkeys(names))


class Plan(Frozen):
    """A whole spec. `hash` is the SHA-256 of the canonical JSON of the rest."""

    plan_version: Literal[1] = 1
    language: int
    spec: str  # file name of the spec
    objects: tuple[ObjectPlan, ...]
    hash: str
