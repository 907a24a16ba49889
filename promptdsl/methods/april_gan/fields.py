"""The registry's entry of APRIL-GAN; its defaults are those of arXiv 2305.17382."""

from promptdsl.methods import Field, Method
from promptdsl.methods.shared import fields

METHOD = Method(
    "april_gan",
    "APRIL-GAN",
    "arXiv 2305.17382",
    (
        fields.model("ViT-L-14-336-quickgelu", "openai"),
        fields.WEIGHTS,
        Field(
            "stages", "blocks", (6, 12, 18, 24), "blocks that have an adapter", minimum=1,
            builtin=(4, 5),
        ),
        fields.temperature(0.01, builtin=0.07),  # what the built-in model was trained with
        fields.AVERAGING,
        fields.position_embedding("bicubic"),
        fields.REFERENCES,
        fields.SHOTS,
        fields.SEED,
        fields.image_size(518),
    ),
    "promptdsl.methods.april_gan.detector",
    needs_weights=True,
    profile="std/april_gan",
    training="promptdsl.methods.april_gan.training",
    learned="promptdsl.methods.april_gan.learned",
)  # fmt: skip
