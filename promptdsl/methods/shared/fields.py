"""Fields that several methods have, in one wording."""

from promptdsl.methods import BUILTIN_MODEL, Field, Setting

REFERENCES = Field(
    "references", "files", (), "pictures of good parts to compare with; none means zero-shot",
    scores_only=True,
)  # fmt: skip
SHOTS = Field(
    "shots", "count", None,
    "how many of the references to use, drawn with the seed; the default is all of them", minimum=1,
    maximum=10_000, scores_only=True,
)  # fmt: skip
SEED = Field(
    "seed", "count", 0, "decides which references are drawn", minimum=0, maximum=2**31 - 1,
    scores_only=True,
)  # fmt: skip
WEIGHTS = Field(
    "weights", "file", None, "the learned parts of the method (prompts or adapters)",
    scores_only=True,
)  # fmt: skip
AVERAGING = Field(
    "averaging", "choice", "normalized",
    "how prompts become one direction: normalise each before the mean, or take the plain mean",
    choices=("normalized", "plain"), scores_only=True,
)  # fmt: skip


def model(*default: str) -> Field:
    """`model: NAME, TAG`."""
    return Field(
        "model", "model", default,
        "the CLIP underneath: an open_clip name and its pretrained tag, the built-in "
        f'"{BUILTIN_MODEL}", or a config JSON and a weights file next to the spec',
    )  # fmt: skip


def temperature(default: float, builtin: Setting = None) -> Field:
    """`temperature: 0.07`."""
    return Field(
        "temperature", "number", default,
        "divides the cosines before the softmax; smaller pushes scores towards 0 and 1",
        minimum=0.0, maximum=10.0, minimum_excluded=True, builtin=builtin, scores_only=True,
    )  # fmt: skip


def image_size(default: int | None) -> Field:
    """`image_size: 518 px`."""
    return Field(
        "image_size", "pixels", default,
        "side of the square that pictures are squeezed into; a multiple of the patch size; "
        "without it, the model's own size", minimum=16, maximum=4096,
    )  # fmt: skip


def position_embedding(default: str) -> Field:
    """`position_embedding: bicubic`."""
    return Field(
        "position_embedding", "choice", default,
        "how the model's position embedding is resized to another image size",
        choices=("bilinear", "bicubic"),
    )  # fmt: skip
