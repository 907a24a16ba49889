"""The packed engine and the evaluation's plain scoring agree on the built-in model."""

from pathlib import Path

import numpy as np
import pytest
import torch

from promptdsl.methods import BUILTIN_MODEL, METHODS, Setting
from promptdsl.plan.model import MethodPlan, ObjectPlan, Origin, Prompt
from promptdsl.scoring.detector import build_detector
from tools.mini.evaluate import (
    SHOTS,
    WINCLIP_DAMAGED,
    load,
    looked,
    product_pictures,
    scored,
)
from tools.mini.words import PUBLISHED_NORMAL, TEMPLATES_WINCLIP
from tools.pictures import Product
from tools.pictures.folders import write_picture

HERE = Origin(file="part.inspect", line=1, column=1, end_line=1, end_column=2)
OBJECT = "bottle cap"


def prompts(label: str, phrases: tuple[str, ...]) -> list[Prompt]:
    """The whole ensemble of one label."""
    return [
        Prompt.model_validate(
            {
                "text": template.format(phrase.format(OBJECT)),
                "label": label,
                "defect": "damage" if label == "anomalous" else None,
                "phrase": phrase,
                "template": template,
                "phrase_origin": HERE,
                "template_origin": HERE,
            }
        )
        for phrase in phrases
        for template in TEMPLATES_WINCLIP
    ]


def plan(**changes: Setting) -> ObjectPlan:
    """A spec's plan for the built-in model with the words of `std/winclip`."""
    settings = {field.name: field.default for field in METHODS["winclip"].fields[1:]} | changes
    method = MethodPlan(
        name="winclip",
        model=(BUILTIN_MODEL,),
        model_kind="builtin",
        settings=settings,
        origin=HERE,
    )
    return ObjectPlan(
        name="cap",
        called=OBJECT,
        prompts=(*prompts("normal", PUBLISHED_NORMAL), *prompts("anomalous", WINCLIP_DAMAGED)),
        method=method,
        thresholds=(),
        default_thresholds=True,
        samples=(),
        tests=(),
        origin=HERE,
    )


def test_engine_and_evaluation_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero-shot and 4-shot scores and maps, in float32."""
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path / "cache"))
    samples = product_pictures(Product(OBJECT, 300), 120, good=1, each=1)[: SHOTS + 4]
    for number, sample in enumerate(samples[:SHOTS]):
        write_picture(tmp_path / f"good_{number}.png", sample.image)
    pictures = np.stack([sample.image for sample in samples[SHOTS:]])
    model = load()
    with torch.inference_mode():
        wanted = scored(model, samples, looked(model, samples), OBJECT)
    few = plan(references=("good_*.png",), shots=SHOTS)
    for asked, score, pixels in (
        (plan(), wanted.score, wanted.pixels),
        (few, wanted.score_4, wanted.pixels_4),
    ):
        engine = build_detector(asked, spec_folder=tmp_path, device="cpu", precision="fp32")
        found = engine.inspect(pictures)
        assert np.allclose([one.score for one in found], score, atol=2e-4)
        maps = np.stack([one.map for one in found])
        assert np.abs(maps - pixels[:, 0]).max() < 5e-4
