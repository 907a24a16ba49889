"""How fast AnomalyCLIP and APRIL-GAN are at full size, with random weights.

`python tests/benchmarks/bench_methods.py` on the CPU, `--device cuda` on a card. ViT-L/14 at 518 px
(1,370 tokens). `plain` is AnomalyCLIP the public way: float32, two attentions written out with
their matrices of weights, two output projections, every token through every block; the last blocks'
V-V path as in the paper. Speeds are medians over rounds that take turns, so that a busy machine
slows all of them alike.

`--references 200` fills APRIL-GAN's memory with that many pictures' worth of random rows and
reports the time and the peak of memory of one search.
"""

import resource
import statistics
import time
from collections.abc import Callable

import click
import numpy as np
import torch
import torch.nn.functional as F

from promptdsl.clip.config import expected_shapes, read_config
from promptdsl.clip.model import ClipModel, assemble
from promptdsl.clip.tower import Block, VisionTower, activate_, picture_tokens
from promptdsl.clip.weights import state_from_tensors
from promptdsl.engine.device import Compute, choose_compute
from promptdsl.methods.anomalyclip.detector import AnomalyclipDetector
from promptdsl.methods.anomalyclip.detector import assemble_detector as anomalyclip
from promptdsl.methods.anomalyclip.settings import AnomalyclipSettings
from promptdsl.methods.april_gan.detector import assemble_detector as april_gan
from promptdsl.methods.april_gan.scoring import Adapters
from promptdsl.methods.april_gan.settings import AprilGanSettings
from promptdsl.methods.shared.nearest import nearest_distance
from promptdsl.methods.shared.words import Directions

SIDE = 518
VIT_L_14 = {
    "embed_dim": 768,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 336, "layers": 24, "width": 1024, "patch_size": 14},
    "text_cfg": {
        "context_length": 77, "vocab_size": 49408, "width": 768, "heads": 12, "layers": 12,
    },
}  # fmt: skip


def random_model() -> ClipModel:
    """ViT-L/14-336 with random weights; the text tower's are zero."""
    chance = torch.Generator().manual_seed(0)
    tensors = {}
    for name, size in expected_shapes(read_config(VIT_L_14, "ViT-L/14")).items():
        if len(size) == 1 and name.endswith("weight"):
            tensors[name] = torch.ones(size)
        elif name.endswith("bias") or not name.startswith("visual."):
            tensors[name] = torch.zeros(size)
        else:
            scale = 0.02 if "embedding" in name else size[-1] ** -0.5
            tensors[name] = torch.randn(size, generator=chance) * scale
    return assemble("ViT-L/14", VIT_L_14, state_from_tensors(tensors, "random"))


def dual_settings() -> AnomalyclipSettings:
    return AnomalyclipSettings(20, (24,), 4.0, 0.07, "bilinear", SIDE, None)


def stage_settings() -> AprilGanSettings:
    return AprilGanSettings((6, 12, 18, 24), 0.01, "normalized", "bicubic", SIDE, None, (), None, 0)


def stage_detector(model: ClipModel, compute: Compute) -> object:
    """APRIL-GAN with random words and layers."""
    unit = F.normalize(torch.randn(4, 768), dim=-1)
    words = Directions(unit[:1], unit[1:2], unit[2:], torch.arange(2), ("a", "b"))
    layers = Adapters(torch.randn(4, 768, 1024) / 32, torch.zeros(4, 768))
    return april_gan(model, stage_settings(), compute, words, layers)


@torch.inference_mode()
def plain(tower: VisionTower, first: int, pictures: torch.Tensor) -> torch.Tensor:
    """AnomalyCLIP's image tower the public way; gives local and global embeddings."""
    x = picture_tokens(tower, pictures)
    local = None
    for number, block in enumerate(tower.blocks, start=1):
        if number < first:
            x = x + attention(block, x, beside=False)[0]
        else:
            local = x if local is None else local
            usual, beside = attention(block, x, beside=True)
            x, local = x + usual, local + beside
        hidden = F.linear(block.norm_2(x), block.up.weight, block.up.bias)
        x = x + F.linear(activate_(block, hidden), block.down.weight, block.down.bias)
    patches = tower.norm_post(local) @ tower.projection
    return torch.cat([x[:, :1] @ tower.projection, patches[:, 1:]], dim=1)


def attention(block: Block, x: torch.Tensor, *, beside: bool) -> list[torch.Tensor]:
    batch, tokens, width = x.shape
    qkv = F.linear(block.norm_1(x), block.qkv.weight, block.qkv.bias)
    q, k, v = qkv.view(batch, tokens, 3, block.heads, -1).permute(2, 0, 3, 1, 4)
    found = []
    for left, right in ((q, k), (v, v)) if beside else ((q, k),):
        weights = (left @ right.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(dim=-1)
        mixed = (weights @ v).transpose(1, 2).reshape(batch, tokens, width)
        found.append(F.linear(mixed, block.out.weight, block.out.bias))
    return found


def seconds_of(ways: dict[str, Callable[[], object]], rounds: int, cuda: bool) -> dict[str, float]:
    """Median seconds of each way, in turns."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            if cuda:
                torch.cuda.synchronize()
            if turn:  # the first round warms up
                times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in times.items()}


def check_same(detector: AnomalyclipDetector, tower: VisionTower, first: int) -> float:
    """Smallest cosine between our local embeddings and the plain ones."""
    pictures = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    ours = detector.encode(pictures).tensors["block_24"]
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).to(ours.device)
    return float(F.cosine_similarity(plain(tower, first, pixels)[:, 1:], ours, dim=-1).min())


def search(references: int, device: torch.device, dtype: torch.dtype) -> None:
    """One picture of 1,369 patches against the memory of one stage."""
    memory = torch.empty(references * 1369, 1024, device=device, dtype=dtype)
    for rows in memory.split(1369):
        rows.copy_(F.normalize(torch.randn(1369, 1024), dim=-1))
    queries = torch.randn(1, 1369, 1024, device=device)
    begin = time.perf_counter()
    nearest_distance(queries, memory).sum().item()
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**30
    held = memory.numel() * memory.element_size() / 2**30
    click.echo(
        f"{references} references: {4 * held:.1f} GiB for four stages, {seconds:.2f} s a stage; "
        f"peak of this process with one stage {peak:.1f} GiB"
    )


@click.command(help=__doc__)
@click.option("--device", default="cpu", show_default=True)
@click.option("--batch", default=1, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--references", default=0, show_default=True)
@click.option("--only-references", is_flag=True)
def main(device: str, batch: int, rounds: int, references: int, only_references: bool) -> None:
    half = choose_compute(device, "bf16")
    click.echo(f"{half.note}; torch {torch.__version__}")
    if references:
        search(references, half.device, half.dtype)
    if only_references:
        return
    model, exact = random_model(), choose_compute(device, "fp32")
    settings, cuda = dual_settings(), half.device.type == "cuda"
    text = torch.randn(2, 768)
    rounded, full = (anomalyclip(model, settings, c, text) for c in (half, exact))
    first, tower = settings.first_block(24), full.encoder.tower
    click.echo(f"smallest cosine to plain: fp32 {check_same(full, tower, first):.6f}, "
               f"bf16 {check_same(rounded, tower, first):.6f}")  # fmt: skip
    pictures = np.random.default_rng(1).integers(0, 256, (batch, SIDE, SIDE, 3), np.uint8)
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).to(half.device)
    stages = stage_detector(model, half)
    ways: dict[str, Callable[[], object]] = {
        "plain fp32": lambda: plain(tower, first, pixels),
        "anomalyclip fp32": lambda: full.encode(pictures),
        "anomalyclip bf16": lambda: rounded.encode(pictures),
        "anomalyclip bf16, scores and maps": lambda: rounded.inspect(pictures),
        "april_gan bf16": lambda: stages.encode(pictures),
    }
    found = seconds_of(ways, rounds, cuda)
    for name, seconds in found.items():
        speed, against = batch / seconds, found["plain fp32"] / seconds
        click.echo(f"{name:<36} {seconds:8.3f} s {speed:9.2f} pictures/s {against:6.2f} x plain")
    flops = rounded.flops.needed * batch / found["anomalyclip bf16"] / 1e12
    click.echo(f"anomalyclip bf16: {flops:.2f} TFLOP/s of {rounded.flops.needed / 1e12:.2f} TFLOP")


if __name__ == "__main__":
    main()
