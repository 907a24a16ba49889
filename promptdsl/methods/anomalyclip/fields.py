"""The registry's entry of AnomalyCLIP; its defaults are those of arXiv 2310.18961."""

from promptdsl.methods import Field, Method
from promptdsl.methods.shared import fields

METHOD = Method(
    "anomalyclip",
    "AnomalyCLIP",
    "arXiv 2310.18961",
    (
        fields.model("ViT-L-14-336-quickgelu", "openai"),
        fields.WEIGHTS,
        Field(
            "dpam_layer", "count", 20, "the V-V path covers the last this-many-minus-one blocks",
            minimum=2, maximum=64,
        ),
        Field("blocks", "blocks", (24,), "blocks whose V-V output makes the map", minimum=1),
        Field(
            "blur", "pixels", 4, "sigma of the Gaussian blur over the map", minimum=0, maximum=64,
            scores_only=True,
        ),
        fields.temperature(0.07),
        fields.position_embedding("bilinear"),
        fields.SEED,
        fields.image_size(518),
    ),
    "promptdsl.methods.anomalyclip.detector",
    uses_words=False,
    needs_weights=True,
    few_shot=False,
    paths=2,
    training="promptdsl.methods.anomalyclip.training",
    learned="promptdsl.methods.anomalyclip.learned",
)  # fmt: skip
