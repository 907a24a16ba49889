"""How good the built-in model is on pictures it has never seen.

`python -m tools.mini.evaluate`

Zero-shot WinCLIP with the words of `std/winclip`, then WinCLIP+ with 4 good pictures of the same
product. Every product has a seed that training cannot draw. Apart from the engine on purpose:
plain open_clip, float32, one window size after the other, so that the two check each other.

Shapes: B pictures, W windows, P patches, D joint width, C width.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor

from tools.pictures import DEFECTS, LEFT_OUT, TRAINED, Product, Sample, draw

from .losses import MEAN, STD, TEMPERATURE
from .model import embed_patches, encode_texts, encode_tokens, run_block
from .words import PUBLISHED_DAMAGED, PUBLISHED_NORMAL, TEMPLATES_WINCLIP, own_words

WINDOWS = (2, 3)
WINCLIP_DAMAGED = tuple(phrase for phrase in PUBLISHED_DAMAGED if not phrase.startswith("broken"))
SHOTS = 4
HEAD = ("object", "words", "image", "pixel", "naming", "0-shot", "4-shot", "4-shot px")
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """Normalised features of pictures."""

    image_BD: Tensor
    windows: tuple[Tensor, ...]  # per size (B, W, D)
    patches_BPC: Tensor


@dataclass(frozen=True, slots=True)
class Figures:
    """One line of the table; AUROC and shares in 0..1."""

    object: str
    words: str
    image_auroc: float
    pixel_auroc: float
    naming: float
    image_auroc_same_product: float  # zero-shot, mean over single products
    image_auroc_4_shot: float
    pixel_auroc_4_shot: float
    pictures: int


def load(folder: Path | None = None) -> Any:
    """The model in open_clip's own class: the shipped one, or a training's output."""
    from safetensors.torch import load_file

    from promptdsl.clip.builtin import builtin_config, expand_token_rows, load_builtin_state_dict

    config = builtin_config()
    if folder is None:
        state = load_builtin_state_dict()
    else:
        packed = load_file(folder / "weights.safetensors")
        state = expand_token_rows(packed, config["text_cfg"]["vocab_size"])
    model = open_clip.CLIP(**{key: config[key] for key in ("embed_dim", "vision_cfg", "text_cfg")})
    model.load_state_dict(state)
    return model.float().eval()


@cache
def prototype(model: Any, phrases: tuple[str, ...], name: str) -> Tensor:
    """Mean of the normalised prompt embeddings, normalised: (D,)."""
    prompts = [
        template.format(phrase.format(name)) for phrase in phrases for template in TEMPLATES_WINCLIP
    ]
    tokens = open_clip.SimpleTokenizer()(prompts)
    longest = int(tokens.argmax(-1).max()) + 1
    with torch.inference_mode():
        embedded = encode_texts(model, tokens[:, :longest])
    return F.normalize(embedded.mean(0), dim=0)


def window_patches(side: int, size: int) -> Tensor:
    """Patch numbers (W, size * size) of every window at stride 1."""
    row, column = torch.meshgrid(
        torch.arange(side - size + 1), torch.arange(side - size + 1), indexing="ij"
    )
    inner = (torch.arange(size)[:, None] * side + torch.arange(size)[None]).reshape(-1)
    return (row * side + column).reshape(-1, 1) + inner


@torch.inference_mode()
def look(model: Any, images: Sequence[npt.NDArray[np.uint8]], bf16: bool = False) -> Seen:
    """Whole pictures, every window and the patch tokens."""
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        return encoded(model, images)


def encoded(model: Any, images: Sequence[npt.NDArray[np.uint8]]) -> Seen:
    """The features, at the precision of the caller."""
    visual, side = model.visual, model.visual.grid_size[0]
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
    tokens = embed_patches(visual, (pixels - MEAN) / STD)
    x = visual.ln_pre(tokens)
    for block in visual.transformer.resblocks:
        x = run_block(block, x, None)
    x = visual.ln_post(x)
    windows = []
    for size in WINDOWS:
        place = window_patches(side, size) + 1
        cut = tokens[:, place.reshape(-1)].reshape(-1, size * size, tokens.shape[-1])
        first = tokens[:, :1].repeat_interleave(len(place), 0)
        seen = encode_tokens(visual, torch.cat([first, cut], 1), only_class=True)
        windows.append(seen.reshape(len(images), len(place), -1))
    return Seen(
        F.normalize((x[:, 0] @ visual.proj).float(), dim=-1),
        tuple(windows),
        F.normalize(x[:, 1:].float(), dim=-1),
    )


def probability(seen: Tensor, normal: Tensor, damaged: Tensor) -> Tensor:
    """Softmax of the two cosines at T = 0.07: the share of damaged."""
    return torch.sigmoid((seen @ (damaged - normal)) / TEMPERATURE)


def harmonic(scores_BW: Tensor, side: int, size: int) -> Tensor:
    """(B, G, G): per patch the harmonic mean of the scores of the windows over it."""
    place = window_patches(side, size).reshape(-1)
    inverse = (1 / scores_BW.clamp(min=1e-6)).repeat_interleave(size * size, 1)
    total = torch.zeros(len(scores_BW), side * side).index_add_(1, place, inverse)
    count = torch.zeros(side * side).index_add_(0, place, torch.ones(len(place)))
    return (count / total).reshape(-1, side, side)


def zero_shot(seen: Seen, normal: Tensor, damaged: Tensor) -> tuple[Tensor, Tensor]:
    """Image scores (B,) and maps (B, G, G)."""
    side = round(seen.patches_BPC.shape[1] ** 0.5)
    score = probability(seen.image_BD, normal, damaged)
    maps = [score[:, None, None].expand(-1, side, side)]
    for size, windows in zip(WINDOWS, seen.windows, strict=True):
        maps.append(harmonic(probability(windows, normal, damaged), side, size))
    return score, 1 / torch.stack([1 / part.clamp(min=1e-6) for part in maps]).mean(0)


def distance(query_BWD: Tensor, memory: Tensor) -> Tensor:
    """Half of (1 - cosine) to the nearest reference: (B, W)."""
    return (1 - (query_BWD @ memory.T).amax(-1)) / 2


def few_shot(seen: Seen, memory: Seen, score: Tensor, maps: Tensor) -> tuple[Tensor, Tensor]:
    """Scores and maps of WinCLIP+ from the zero-shot ones."""
    side = maps.shape[-1]
    parts = [distance(seen.patches_BPC, memory.patches_BPC.flatten(0, 1)).reshape(-1, side, side)]
    for size, windows, kept in zip(WINDOWS, seen.windows, memory.windows, strict=True):
        parts.append(harmonic(distance(windows, kept.flatten(0, 1)), side, size))
    away = torch.stack(parts).mean(0)
    return (score + away.amax((1, 2))) / 2, (maps + away) / 2


def auroc(scores: Values, damaged: npt.NDArray[np.bool_]) -> float:
    """Chance that a damaged one scores above a good one; ties count half."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place.reshape(-1)]
    bad = int(damaged.sum())
    return float((rank[damaged].sum() - bad * (bad + 1) / 2) / (bad * (len(scores) - bad)))


def product_pictures(product: Product, size: int, good: int, each: int) -> list[Sample]:
    """4 references, `good` good pictures, then `each` of every defect."""
    kinds = [None] * (SHOTS + good) + [defect for defect in product.defects for _ in range(each)]
    return [draw(product, number, kind, size) for number, kind in enumerate(kinds)]


def joined(parts: list[Seen]) -> Seen:
    """Features of several batches as one."""
    windows = tuple(torch.cat([part.windows[i] for part in parts]) for i in range(len(WINDOWS)))
    return Seen(
        torch.cat([part.image_BD for part in parts]),
        windows,
        torch.cat([p.patches_BPC for p in parts]),
    )


def looked(model: Any, samples: Sequence[Sample], bf16: bool = False) -> Seen:
    """Features of pictures, 8 at a time."""
    images = [sample.image for sample in samples]
    return joined([look(model, images[i : i + 8], bf16) for i in range(0, len(images), 8)])


@dataclass(frozen=True, slots=True)
class Scored:
    """All of one product but its references."""

    score: Values
    score_4: Values
    pixels: Values
    pixels_4: Values
    damaged: npt.NDArray[np.bool_]
    masks: npt.NDArray[np.bool_]
    named: npt.NDArray[np.bool_]  # of the damaged ones: the right defect is the likeliest


def upsampled(maps: Tensor, size: int) -> Values:
    """Maps at the picture's size."""
    large = F.interpolate(maps[:, None], (size, size), mode="bilinear", align_corners=False)
    return large.double().numpy()


def scored(model: Any, samples: list[Sample], seen: Seen, name: str) -> Scored:
    """Score one product's pictures with words about `name`."""
    size, rest = samples[0].image.shape[0], samples[SHOTS:]
    normal, damaged = (
        prototype(model, words, name) for words in (PUBLISHED_NORMAL, WINCLIP_DAMAGED)
    )
    memory = Seen(
        seen.image_BD[:SHOTS], tuple(w[:SHOTS] for w in seen.windows), seen.patches_BPC[:SHOTS]
    )
    query = Seen(
        seen.image_BD[SHOTS:], tuple(w[SHOTS:] for w in seen.windows), seen.patches_BPC[SHOTS:]
    )
    score, maps = zero_shot(query, normal, damaged)
    score_4, maps_4 = few_shot(query, memory, score, maps)
    kinds = DEFECTS[rest[0].object]
    own = torch.stack([prototype(model, own_words(rest[0].object, kind), name) for kind in kinds])
    guess = (query.image_BD @ own.T).argmax(1).tolist()
    named = [kinds[g] == s.defect for g, s in zip(guess, rest, strict=True) if s.defect is not None]
    return Scored(
        score.double().numpy(),
        score_4.double().numpy(),
        upsampled(maps, size),
        upsampled(maps_4, size),
        np.array([sample.defect is not None for sample in rest]),
        np.stack([sample.mask for sample in rest]),
        np.array(named),
    )


def figures_of(name: str, words: str, parts: list[Scored]) -> Figures:
    """The table's line from all products of an object."""

    def pooled(field: str) -> Any:
        return np.concatenate([getattr(part, field).reshape(-1) for part in parts])

    return Figures(
        name, words,
        auroc(pooled("score"), pooled("damaged")),
        auroc(pooled("pixels"), pooled("masks")),
        float(pooled("named").mean()),
        float(np.mean([auroc(part.score, part.damaged) for part in parts])),
        float(np.mean([auroc(part.score_4, part.damaged) for part in parts])),
        auroc(pooled("pixels_4"), pooled("masks")),
        len(pooled("score")),
    )  # fmt: skip


def evaluate(
    model: Any,
    names: Sequence[str],
    products: int,
    good: int,
    each: int,
    first_seed: int,
    bf16: bool = False,
) -> list[Figures]:
    """A line for each object; one left out of training is judged by its name and as "object"."""
    size, lines = model.visual.image_size[0], []
    for name in names:
        calls = (name, "object") if name in LEFT_OUT else (name,)
        found: dict[str, list[Scored]] = {call: [] for call in calls}
        for seed in range(first_seed, first_seed + products):
            samples = product_pictures(Product(name, seed), size, good, each)
            seen = looked(model, samples, bf16)
            for call in calls:
                found[call].append(scored(model, samples, seen, call))
        lines += [figures_of(name, call, parts) for call, parts in found.items()]
    return lines


def mean_of(lines: Sequence[Figures]) -> dict[str, float]:
    """Averages over the objects of the training."""
    trained = [line for line in lines if line.object in TRAINED]
    fields = [f for f in Figures.__slots__ if f not in ("object", "words", "pictures")]
    return {field: float(np.mean([getattr(line, field) for line in trained])) for field in fields}


def table(lines: Sequence[Figures]) -> str:
    """The figures for a terminal."""
    head = "{:<15}{:<15}{:>7}{:>7}{:>8}{:>8}{:>8}{:>10}".format(*HEAD)
    rows = [
        f"{line.object:<15}{line.words:<15}{line.image_auroc:7.3f}{line.pixel_auroc:7.3f}{line.naming:8.2f}"
        f"{line.image_auroc_same_product:8.3f}{line.image_auroc_4_shot:8.3f}{line.pixel_auroc_4_shot:10.3f}"
        for line in lines
    ]
    mean = list(mean_of(lines).values())
    last = "{:<30}{:7.3f}{:7.3f}{:8.2f}{:8.3f}{:8.3f}{:10.3f}".format("mean of trained", *mean)
    return "\n".join([head, *rows, last])


@click.command(help=__doc__)
@click.option(
    "--folder", type=click.Path(path_type=Path), help="A training's output; else the shipped model."
)
@click.option("--products", default=3, show_default=True, help="Products of each object.")
@click.option("--good", default=10, show_default=True, help="Good pictures of a product.")
@click.option("--each", default=2, show_default=True, help="Pictures of each defect of a product.")
@click.option("--seed", default=100, show_default=True, help="Seed of the first product.")
@click.option(
    "--objects", default="all", show_default=True, help="Names with commas between, or all."
)
@click.option("--threads", default=2, show_default=True)
@click.option(
    "--bf16", is_flag=True, help="Encode pictures in bfloat16: faster where the CPU has it."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write the figures as JSON.")
def main(
    folder: Path | None, products: int, good: int, each: int, seed: int, objects: str, threads: int,
    bf16: bool, out: Path | None,
) -> None:  # fmt: skip
    """Print the table and write the figures."""
    torch.set_num_threads(threads)
    names = tuple(DEFECTS) if objects == "all" else tuple(objects.split(","))
    unknown = [name for name in names if name not in DEFECTS]
    if unknown:
        raise click.UsageError(f"no object {unknown[0]!r}; there are: {', '.join(DEFECTS)}")
    begin = time.monotonic()
    lines = evaluate(load(folder), names, products, good, each, seed, bf16)
    click.echo(table(lines))
    if out is not None:
        report = {
            "command": f"python -m tools.mini.evaluate --products {products} --good {good} "
            f"--each {each} --seed {seed}" + " --bf16" * bf16,
            "mean": mean_of(lines),
            "objects": [asdict(line) for line in lines],
            "seconds": round(time.monotonic() - begin, 1),
        }
        out.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
