"""The lock file, NAME.inspect.lock beside the spec: what the calibrated thresholds rest on.

JSON for people too: sorted, indented, one fact per line. Words are pinned by hash, group by group,
so that a change can be named ("the phrases of defect scratch"); settings are kept as they are.
"""

import re
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from promptdsl.methods import Setting

LOCK_VERSION = 1
_BEYOND_ONE = re.compile(r"when number of |\((?:px|mm)2?\)")  # lines whose numbers may be


class Frozen(BaseModel):
    """Immutable, and strict about unknown keys: a newer lock must not be half understood."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Pictures(Frozen):
    """A set of pictures: where they came from, how many, and one hash over all their bytes."""

    origin: tuple[str, ...]  # folders or patterns; relative to the spec where they lie below it
    number: int = Field(ge=0)
    sha256: str


class Promised(Frozen):
    """What a threshold keeps: at most `share` of `of` go wrong, at this confidence."""

    of: Literal["good parts rejected", "good parts at or above it", "defective parts passed"]
    share: float = Field(ge=0, le=1)
    confidence: float = Field(gt=0, lt=1)
    wrong: int  # pictures of the sample that go wrong
    pictures: int  # of the sample


class Threshold(Frozen):
    """One `auto`: the line in its canonical form (`verdict.meaning`), and its number."""

    rule: str  # locks from before hold it as it was written
    value: float = Field(ge=0)  # a score, a share, a length, an area or a number of spots
    promise: Promised
    good: Pictures | None
    defective: Pictures | None
    date: str

    @field_validator("value")
    @classmethod
    def _within_its_range(cls, value: float, others: ValidationInfo) -> float:
        if value > 1 and not _BEYOND_ONE.search(others.data.get("rule", "")):
            raise ValueError("a score or a share is not above 1")
        return value


class Model(Frozen):
    """The CLIP underneath."""

    name: tuple[str, ...]
    weights_sha256: str


class Words(Frozen):
    """Expanded prompts by hash, whole and by group."""

    prompts: int
    sha256: str
    groups: dict[str, str]  # "normal", "defect scratch", "templates" -> hash of the phrases


class Places(Frozen):
    """How a picture is looked at, and where: what a measure depends on besides model and words."""

    picture: dict[str, str] = {}  # the fields of `picture { }`, in words
    regions: dict[str, str] = {}  # "region lip", 'ignore "serial number"' -> hash of its shapes
    files: dict[str, str] = {}  # masks and the golden picture by path -> SHA-256; "" for none


class LockedObject(Frozen):
    """One object of the spec."""

    method: str
    settings: dict[str, Setting]
    model: Model
    learned_sha256: str | None = None  # of the file of `weights:`
    words: Words
    references: Pictures | None
    precision: str
    thresholds: tuple[Threshold, ...]
    places: Places | None = None  # left out of the file where the spec says nothing of them

    @model_serializer(mode="wrap")
    def _without_places(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = handler(self)
        if self.places is None:
            found.pop("places", None)
        return found


class Lock(Frozen):
    """The whole file."""

    lock_version: Literal[1] = 1
    spec: str
    written: str
    versions: dict[str, str]
    objects: dict[str, LockedObject]
    seal: str | None = None  # over all the rest, so that an edit is noticed; early locks have none
