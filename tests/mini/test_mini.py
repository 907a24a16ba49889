"""Training the built-in model: it learns, it resumes, and what it ships is whole."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch

from promptdsl.builtin_words import known_defects, known_objects, unknown_words
from promptdsl.clip.builtin import (
    builtin_config,
    builtin_folder,
    expand_token_rows,
    load_builtin_state_dict,
)
from tools.mini.batches import STATES, Batch
from tools.mini.model import embed_patches, encode_texts, encode_tokens
from tools.mini.train import (
    Recipe,
    Trainer,
    batches_from,
    export,
    resume,
    save,
    start,
    train_step,
)
from tools.mini.words import TEMPLATES_APRIL, TEMPLATES_WINCLIP, own_words
from tools.pictures import DEFECTS, LEFT_OUT, TRAINED

TINY: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 48, "layers": 1, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
RECIPE = Recipe(pairs=8, prompts=1, rate=4e-3, warmup=5, steps=30, workers=0)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, and no waiting for a second core that others use."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    trainer = start(RECIPE, TINY)
    return [batch for batch, _ in zip(batches_from(trainer, TINY), range(8), strict=False)]


def trained(trainer: Trainer, batches: list[Batch], steps: int) -> list[float]:
    return [
        train_step(trainer, batches[trainer.step % len(batches)])["total"] for _ in range(steps)
    ]


def test_training_lowers_the_loss(batches: list[Batch]) -> None:
    totals = trained(start(RECIPE, TINY), batches, 24)
    assert sum(totals[-5:]) < 0.93 * sum(totals[:5])


def test_resuming_gives_the_same_weights(batches: list[Batch], tmp_path: Path) -> None:
    whole = start(RECIPE, TINY)
    trained(whole, batches, 6)
    part = start(RECIPE, TINY)
    trained(part, batches, 3)
    save(part, tmp_path / "checkpoint.pt")
    again = start(replace(RECIPE), TINY)
    resume(again, tmp_path / "checkpoint.pt")
    assert again.step == 3
    trained(again, batches, 3)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name]), name


def test_a_batch_depends_on_its_step_alone() -> None:
    trainer = start(RECIPE, TINY)
    first = next(iter(batches_from(trainer, TINY)))
    second = next(iter(batches_from(trainer, TINY)))
    assert torch.equal(first.pictures_B3HW, second.pictures_B3HW)
    assert torch.equal(first.texts_NT, second.texts_NT)


def test_training_sees_no_object_that_is_left_out() -> None:
    assert not {name for name, _ in STATES} & set(LEFT_OUT)
    for name in LEFT_OUT:
        assert unknown_words(name) == [name]


def test_exported_model_is_the_trained_one(batches: list[Batch], tmp_path: Path) -> None:
    trainer = start(RECIPE, TINY)
    trained(trainer, batches, 2)
    export(trainer, tmp_path)
    from safetensors.torch import load_file

    state = expand_token_rows(load_file(tmp_path / "weights.safetensors"), 49408)
    plain = open_clip.CLIP(**TINY)
    plain.load_state_dict({name: value.float() for name, value in state.items()})
    plain.eval()
    texts = open_clip.SimpleTokenizer()(["a photo of a scratched gear.", "an ukulele with rust"])
    with torch.inference_mode():
        rows = trainer.words.compact(texts)
        ours = encode_texts(trainer.model, rows)
        assert torch.allclose(ours, plain.encode_text(texts, normalize=True), atol=5e-3)
        pixels = torch.randn(2, 3, 48, 48)
        seen = encode_tokens(trainer.model.visual, embed_patches(trainer.model.visual, pixels))[
            :, 0
        ]
        assert torch.allclose(seen, plain.encode_image(pixels, normalize=True), atol=5e-3)


def test_built_in_model_loads_into_open_clip() -> None:
    config = builtin_config()
    model = open_clip.CLIP(**{key: config[key] for key in ("embed_dim", "vision_cfg", "text_cfg")})
    model.load_state_dict(load_builtin_state_dict())
    assert model.token_embedding.weight.shape[0] == 49408


def test_built_in_model_is_small() -> None:
    total = sum(path.stat().st_size for path in builtin_folder().iterdir())
    assert total <= 10 * 2**20


def test_unknown_words_are_named_once_and_in_order() -> None:
    assert unknown_words("a photo of a scratched {object} without a zipper, Zipper or ukulele") == [
        "zipper",
        "or",
        "ukulele",
    ]
    assert unknown_words("{unheard}") == []
    assert unknown_words("Scratched METAL nut.") == []


def test_every_word_of_its_own_is_known_and_trained() -> None:
    state = load_builtin_state_dict()["token_embedding.weight"]
    tokenizer = open_clip.SimpleTokenizer()
    texts = [template.format("gear") for template in (*TEMPLATES_WINCLIP, *TEMPLATES_APRIL)]
    texts += [phrase.format(name) for name, kind in STATES for phrase in own_words(name, kind)]
    for text in texts:
        assert unknown_words(text) == []
        tokens = tokenizer.encode(text)
        assert state[tokens].abs().sum(1).min() > 0, text


def test_it_knows_its_objects_and_defects() -> None:
    assert known_objects() == TRAINED
    assert known_defects("gear") == DEFECTS["gear"]
    assert set(known_defects()) == {defect for name in TRAINED for defect in DEFECTS[name]}


def test_words_need_no_torch() -> None:
    code = (
        "import sys; from promptdsl.builtin_words import unknown_words; "
        "unknown_words('gear'); print('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_configuration_is_open_clips_own() -> None:
    config = json.loads((builtin_folder() / "config.json").read_text("utf-8"))
    assert set(config) == {"embed_dim", "vision_cfg", "text_cfg"}
    assert config["vision_cfg"]["image_size"] // config["vision_cfg"]["patch_size"] == 15
