"""Scoring labelled pictures many times over: encode each once, keep its features, score from those.

`open_scoring` gives what scores an object without its image tower (WinCLIP; other methods load
theirs); `encode_files` streams features, from the cache where it has them. Features are kept under
the hash of the very bytes that were decoded, so a file that is replaced in between does no harm.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import __version__ as pillow_version

from promptdsl.engine.device import Compute, workers
from promptdsl.errors import EnvironmentProblem
from promptdsl.files.hashing import hash_file, hash_stream
from promptdsl.files.opening import open_regular
from promptdsl.methods.winclip.scorer import (
    WinclipScorer,
    compare_with_references,
    open_winclip_scorer,
    wanted_tensors,
)
from promptdsl.pictures.gate import NOT_INSPECTED
from promptdsl.pictures.opening import MAX_BYTES, PictureError
from promptdsl.pictures.reading import Picture
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import PictureScore
from promptdsl.scoring.batching import BatchSize, batch_size, is_out_of_memory
from promptdsl.scoring.decoding import decode_ahead
from promptdsl.scoring.detector import Pictures, Progress, build_detector, engine_notes
from promptdsl.scoring.feature_cache import Encoding, FeatureCache, encoding_key
from promptdsl.scoring.features import Features, join_features

PREPROCESSING = 2  # raise it when pictures are decoded or resized differently
SCORE_AT_ONCE = 16
HASHING_THREADS = 4
# Settings that change scores alone; windows and references decide which tensors are read.
_SCORES_ONLY = {
    "winclip": frozenset(
        "windows references shots seed temperature averaging pooling fuse image_score".split()
    ),
}


class Scorer(Protocol):
    """The cheap half of a detector."""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the maps."""
        ...

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the spec."""
        ...

    @property
    def weights_sha256(self) -> str:
        """Hash of the model's weights."""
        ...

    def score(self, features: Features) -> list[PictureScore]:
        """Scores of pictures that have been encoded."""
        ...


class Encoder(Protocol):
    """The costly half of a detector."""

    def encode(self, pictures: Pictures) -> Features:
        """Features of (B, H, W, 3) pictures."""
        ...


@dataclass(slots=True)
class Scoring:
    """One object, ready to encode and to score."""

    scorer: Scorer
    compute: Compute
    encoding: Encoding
    cache: FeatureCache | None
    load_encoder: Callable[[], Encoder]
    encoded: int = 0  # pictures that went through the image tower
    _encoder: Encoder | None = field(default=None)

    @property
    def engine_notes(self) -> tuple[str, ...]:
        """What the engine did without, as far as pictures had to be encoded."""
        return engine_notes(self._encoder)

    def encode(self, pictures: Pictures) -> Features:
        """Features of (B, H, W, 3) pictures, on the CPU; the first call loads the tower."""
        if self._encoder is None:
            self._encoder = self.load_encoder()
        features = self._encoder.encode(pictures).to("cpu")
        self.encoded += len(features)
        names = self.encoding.names
        return Features({n: t for n, t in features.tensors.items() if names is None or n in names})


@dataclass(frozen=True, slots=True)
class Encoded:
    """Some of the asked pictures, by their places in the question; or one that gave none.

    `sha256` is that of the bytes that the features are of.
    """

    places: tuple[int, ...]
    sha256: tuple[str | None, ...]
    features: Features | None
    error: str | None = None
    notes: tuple[tuple[str, ...], ...] = ()  # of each; pictures from the cache have none


def open_scoring(
    plan: ObjectPlan,
    spec_folder: Path,
    compute: Compute,
    cache: FeatureCache | None,
    progress: Progress | None = None,
) -> Scoring:
    """All that scoring an object takes. Raises what building its detector raises."""
    if plan.method.name != "winclip":
        return _with_whole_detector(plan, spec_folder, compute, cache, progress)
    bare = open_winclip_scorer(plan, spec_folder, compute, progress)
    key = cache_key(plan, spec_folder, compute, bare.model.identity)
    encoding = Encoding(key, wanted_tensors(bare.settings))
    scoring = Scoring(bare, compute, encoding, cache, bare.encoder)

    def encode(files: Sequence[Path]) -> Features:
        return _encode_references(scoring, files, progress)

    scoring.scorer = compare_with_references(bare, spec_folder, encode)
    return scoring


def winclip_scorer(scoring: Scoring) -> WinclipScorer | None:
    """The scorer whose words can be replaced; None under a method without such words."""
    return scoring.scorer if isinstance(scoring.scorer, WinclipScorer) else None


def _with_whole_detector(
    plan: ObjectPlan,
    spec_folder: Path,
    compute: Compute,
    cache: FeatureCache | None,
    progress: Progress | None,
) -> Scoring:
    detector = build_detector(
        plan,
        spec_folder=spec_folder,
        device=compute.device.type,
        precision=compute.precision,
        progress=progress,
    )
    key = cache_key(plan, spec_folder, compute, detector.weights_sha256)
    return Scoring(detector, compute, Encoding(key, None), cache, lambda: detector)


def cache_key(plan: ObjectPlan, spec_folder: Path, compute: Compute, model: str) -> str:
    """A hash of all that decides the features of a picture besides the picture itself."""
    method = plan.method
    without = _SCORES_ONLY.get(method.name, frozenset())
    settings = sorted((k, v) for k, v in method.settings.items() if k not in without)
    learned = method.settings.get("weights")
    file_hash = hash_file(spec_folder / learned) if isinstance(learned, str) else None
    place = (compute.device.type, compute.precision)
    libraries = (PREPROCESSING, pillow_version, torch.__version__)
    return encoding_key([*libraries, method.name, model, settings, file_hash, place])


def encode_files(
    scoring: Scoring,
    files: Sequence[Path],
    tell: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Iterator[Encoded]:
    """Features of all files: those in the cache first, then the others as they are encoded.

    `tell` hears how many pictures were done. Pictures that cannot be read come as errors.
    """
    hashes = _hash_all(files)
    left: list[int] = []
    found: list[tuple[int, Features]] = []
    for place, sha256 in enumerate(hashes):
        known = _from_cache(scoring, sha256)
        if known is None:
            left.append(place)
        else:
            found.append((place, known))
        if len(found) == SCORE_AT_ONCE:
            yield _joined(found, hashes, tell)
            found = []
        if stop is not None and stop():
            return
    if found:
        yield _joined(found, hashes, tell)
    yield from _encode_missing(scoring, files, hashes, left, tell, stop)


def _joined(
    found: Sequence[tuple[int, Features]],
    hashes: Sequence[str | None],
    tell: Callable[[int], None] | None,
) -> Encoded:
    if tell is not None:
        tell(len(found))
    places = tuple(place for place, _ in found)
    features = join_features([features for _, features in found])
    return Encoded(places, tuple(hashes[place] for place in places), features)


def _from_cache(scoring: Scoring, sha256: str | None) -> Features | None:
    if sha256 is None or scoring.cache is None:
        return None
    tensors = scoring.cache.get(sha256, scoring.encoding)
    return None if tensors is None else Features(tensors)


def _encode_missing(
    scoring: Scoring,
    files: Sequence[Path],
    hashes: Sequence[str | None],
    places: Sequence[int],
    tell: Callable[[int], None] | None,
    stop: Callable[[], bool] | None,
) -> Iterator[Encoded]:
    batch = batch_size(None, str(scoring.compute.device))
    pictures = decode_ahead(
        (str(files[place]) for place in places), scoring.scorer.size, lambda: 2 * batch.size + 2
    )
    waiting: list[tuple[int, Picture]] = []
    try:
        for place, picture in zip(places, pictures, strict=True):
            if stop is not None and stop():
                return
            if isinstance(picture, PictureError):
                yield Encoded((place,), (hashes[place],), None, str(picture))
                if tell is not None:
                    tell(1)
                continue
            waiting.append((place, picture))
            if len(waiting) >= batch.size:
                yield _encode_and_keep(scoring, waiting, batch, tell)
                waiting = []
        if waiting:
            yield _encode_and_keep(scoring, waiting, batch, tell)
    finally:
        pictures.close()


def _encode_and_keep(
    scoring: Scoring,
    waiting: Sequence[tuple[int, Picture]],
    batch: BatchSize,
    tell: Callable[[int], None] | None,
) -> Encoded:
    features = _encode(scoring, [picture for _, picture in waiting], batch)
    for row, (_, picture) in enumerate(waiting):
        # What is to be said of a picture must be said every time: such a one is not kept.
        if scoring.cache is not None and picture.sha256 is not None and not picture.notes:
            one = {name: tensor[row : row + 1] for name, tensor in features.tensors.items()}
            scoring.cache.put(picture.sha256, scoring.encoding, one)
    if tell is not None:
        tell(len(waiting))
    places = tuple(place for place, _ in waiting)
    hashes, notes = zip(*((picture.sha256, picture.notes) for _, picture in waiting), strict=True)
    return Encoded(places, hashes, features, notes=notes)


def _encode(scoring: Scoring, pictures: Sequence[Picture], batch: BatchSize) -> Features:
    """Features in the order of the pictures; out of memory halves the batch."""
    parts: list[Features] = []
    done = 0
    while done < len(pictures):
        part = np.stack([p.pixels for p in pictures[done : done + batch.size]])
        start = time.perf_counter()
        try:
            features = scoring.encode(part)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise EnvironmentProblem(f"the device failed: {str(error)[:200]}") from error
            batch.halve()
            continue
        batch.took(len(part), time.perf_counter() - start)
        parts.append(features)
        done += len(part)
    return join_features(parts)


def _encode_references(
    scoring: Scoring, files: Sequence[Path], progress: Progress | None
) -> Features:
    """Features of the references, in their order; each of them must be readable."""
    parts: dict[int, Features] = {}
    for encoded in encode_files(scoring, files):
        if encoded.features is None:
            name, why = files[encoded.places[0]], (encoded.error or "").removeprefix(NOT_INSPECTED)
            raise EnvironmentProblem(f"the reference {name} cannot be used: {why}")
        for row, place in enumerate(encoded.places):
            parts[place] = encoded.features[row : row + 1]
        if progress is not None:
            progress("references", len(parts), len(files))
    return join_features([parts[place] for place in range(len(files))])


def _hash_all(files: Sequence[Path]) -> list[str | None]:
    """SHA-256 of each file's bytes; None for one that cannot be read."""
    with ThreadPoolExecutor(workers(HASHING_THREADS), thread_name_prefix="hash") as pool:
        return list(pool.map(hash_picture, files))


def hash_picture(path: Path) -> str | None:
    """SHA-256 of a picture's bytes as they are now; None for what can be no picture."""
    try:
        with open_regular(path) as file:
            too_large = os.fstat(file.fileno()).st_size > MAX_BYTES
            return None if too_large else hash_stream(file)
    except (OSError, ValueError):
        return None
