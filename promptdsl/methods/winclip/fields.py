"""The registry's entry of WinCLIP; its defaults are those of arXiv 2303.14814."""

from promptdsl.methods import DEFAULT_MODEL, Field, Method
from promptdsl.methods.shared import fields

METHOD = Method(
    "winclip",
    "WinCLIP",
    "arXiv 2303.14814",
    (
        fields.model(*DEFAULT_MODEL),
        Field(
            "windows", "windows", ("image", "2x2", "3x3"),
            "window sizes in patches of the model; image adds the score of the whole picture",
            scores_only=True,  # it decides which features there are, and changes none of them
        ),
        Field("stride", "count", 1, "patches between neighbouring windows", minimum=1, maximum=64),
        fields.temperature(0.07),
        fields.AVERAGING,
        Field(
            "pooling", "choice", "mean",
            "mean: one direction for all defects; defects: the worst named defect; "
            "max: the nearest single prompt", choices=("mean", "defects", "max"), scores_only=True,
        ),
        Field(
            "fuse", "choice", "harmonic", "how overlapping windows and window sizes are combined",
            choices=("harmonic", "mean", "max"), scores_only=True,
        ),
        Field(
            "image_score", "choice", "mean",
            "how the score by words and the score by references combine: their mean, "
            "their sum cut at 1, or one of them alone",
            choices=("mean", "sum", "words", "references"), scores_only=True,
        ),
        fields.REFERENCES,
        fields.SHOTS,
        fields.SEED,
        fields.image_size(None),
    ),
    "promptdsl.methods.winclip.detector",
    benchmark="promptdsl.methods.winclip.benchmark",
)  # fmt: skip
