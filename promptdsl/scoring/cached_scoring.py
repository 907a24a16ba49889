"""Scoring labelled pictures many times over: encode each once, keep its features, score from those.

`open_scoring` gives a detector that loads its image tower when a picture has to be encoded;
`encode_files` streams features, from the cache where it has them. Features are kept under the hash
of the very bytes that were decoded, so a file that is replaced in between does no harm.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import cast

import torch
from PIL import __version__ as pillow_version

from promptdsl.engine.device import Compute, workers
from promptdsl.errors import EnvironmentProblem
from promptdsl.files.hashing import hash_file, hash_stream
from promptdsl.files.opening import open_regular
from promptdsl.methods import find_method
from promptdsl.pictures.gate import NOT_INSPECTED
from promptdsl.pictures.opening import MAX_BYTES, PictureError
from promptdsl.pictures.reading import Picture
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.batching import BatchSize, batch_size, in_batches
from promptdsl.scoring.decoding import pieces_ahead
from promptdsl.scoring.detector import (
    ComparesWithReferences,
    Detector,
    Placed,
    Progress,
    engine_notes,
    feature_identity,
    feature_names,
    find_builders,
    seen_through,
    with_references,
)
from promptdsl.scoring.feature_cache import Encoding, FeatureCache, encoding_key
from promptdsl.scoring.features import Features, Pictures, join_features
from promptdsl.scoring.pieces import stacked
from promptdsl.scoring.places import read_places
from promptdsl.scoring.views import Viewing, viewing_of

PREPROCESSING = 2  # raise it when pictures are decoded or resized differently
SCORE_AT_ONCE = 16
HASHING_THREADS = 4


@dataclass(slots=True)
class Scoring:
    """One object's detector, and where the features of its pictures are kept."""

    detector: Detector
    encoding: Encoding
    cache: FeatureCache | None
    encoded: int = 0  # pictures, or views of them, that went through the image tower
    viewing: Viewing = field(default=cast(Viewing, None))  # squeezed whole
    sized: bool = False  # pictures' own sizes count, so they must be known

    def __post_init__(self) -> None:
        if self.viewing is None:
            self.viewing = Viewing(None, None, self.detector.size, None)

    @property
    def engine_notes(self) -> tuple[str, ...]:
        """What the engine did without, as far as pictures had to be encoded."""
        return engine_notes(self.detector) if self.encoded else ()

    def encode(self, pictures: Pictures) -> Features:
        """Features of (B, H, W, 3) pictures, on the CPU."""
        found = self.detector.encode(pictures).to("cpu").tensors
        self.encoded += len(pictures)
        wanted = self.encoding.names or found.keys()
        return Features({name: rows for name, rows in found.items() if name in wanted})


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
    builders = find_builders(plan.method.name, plan.name)
    bare = builders.build(plan, spec_folder, compute, progress)
    key = cache_key(plan, spec_folder, compute, feature_identity(bare))
    places = read_places(plan, spec_folder)
    viewing = viewing_of(plan, bare, places.layout, places.golden)
    if not viewing.is_plain:
        bare = seen_through(bare, viewing)
    encoding = Encoding(key, feature_names(bare))
    scoring = Scoring(bare, encoding, cache, viewing=viewing, sized=not places.layout.is_plain)
    scoring.detector = with_references(bare, _encode_references(scoring, progress))
    return scoring


def cache_key(plan: ObjectPlan, spec_folder: Path, compute: Compute, model: str) -> str:
    """A hash of all that decides the features of a picture besides the picture itself."""
    method, known = plan.method, find_method(plan.method.name)
    without = {field.name for field in known.fields if field.scores_only} if known else set()
    settings = sorted((k, v) for k, v in method.settings.items() if k not in without)
    learned = method.settings.get("weights") if "weights" not in without else None
    file_hash = hash_file(spec_folder / learned) if isinstance(learned, str) else None
    place = (compute.device.type, compute.precision)
    libraries = (PREPROCESSING, pillow_version, torch.__version__)
    shown = [plan.picture.intensity] if plan.picture and plan.picture.intensity else []
    return encoding_key([*libraries, method.name, model, settings, file_hash, place, *shown])


def encode_files(
    scoring: Scoring, files: Sequence[Path], tell: Callable[[int], None] | None = None
) -> Iterator[Encoded]:
    """Features of all files: those in the cache first, then the others as they are encoded.

    `tell` hears how many pictures were done. Pictures that cannot be read come as errors.
    """
    hashes = _hash_all(files)
    left: list[int] = []
    for encoded in chain(
        _known(scoring, hashes, left), _encode_missing(scoring, files, hashes, left)
    ):
        if tell is not None:
            tell(len(encoded.places))
        yield encoded


def _known(scoring: Scoring, hashes: Sequence[str | None], left: list[int]) -> Iterator[Encoded]:
    """Pictures out of the cache, some at a time; the others' places are added to `left`."""
    found: list[tuple[int, Features]] = []
    for place, sha256 in enumerate(hashes):
        known = _from_cache(scoring, sha256)
        if known is None:
            left.append(place)
        else:
            found.append((place, known))
        if found and (len(found) == SCORE_AT_ONCE or place == len(hashes) - 1):
            places = tuple(place for place, _ in found)
            features = join_features([features for _, features in found])
            yield Encoded(places, tuple(hashes[place] for place in places), features)
            found = []


def _from_cache(scoring: Scoring, sha256: str | None) -> Features | None:
    if sha256 is None or scoring.cache is None:
        return None
    tensors = scoring.cache.get(sha256, scoring.encoding)
    return None if tensors is None else Features(tensors)


def _encode_missing(
    scoring: Scoring, files: Sequence[Path], hashes: Sequence[str | None], places: Sequence[int]
) -> Iterator[Encoded]:
    batch = batch_size(None, str(scoring.detector.compute.device))
    images = (str(files[place]) for place in places)
    pictures = (
        piece.of.picture
        for piece in pieces_ahead(images, scoring.viewing, lambda: 2 * batch.size + 2)
    )
    waiting: list[tuple[int, Picture]] = []
    with closing(pictures):
        for place, picture in zip(places, pictures, strict=True):
            if isinstance(picture, PictureError):
                yield Encoded((place,), (hashes[place],), None, str(picture))
                continue
            waiting.append((place, picture))
            if len(waiting) >= batch.size:
                yield _encode_and_keep(scoring, waiting, batch)
                waiting = []
        if waiting:
            yield _encode_and_keep(scoring, waiting, batch)


def _encode_and_keep(
    scoring: Scoring, waiting: Sequence[tuple[int, Picture]], batch: BatchSize
) -> Encoded:
    parts = in_batches(
        lambda part: scoring.encode(stacked(part)), [p for _, p in waiting], batch, timed=True
    )
    features = join_features(parts)
    for row, (_, picture) in enumerate(waiting):
        # What is to be said of a picture must be said every time: such a one is not kept.
        if scoring.cache is not None and picture.sha256 is not None and not picture.notes:
            one = features[row : row + 1].tensors
            scoring.cache.put(picture.sha256, scoring.encoding, one)
    places = tuple(place for place, _ in waiting)
    hashes, notes = zip(*((picture.sha256, picture.notes) for _, picture in waiting), strict=True)
    return Encoded(places, hashes, features, notes=notes)


def _encode_references(scoring: Scoring, progress: Progress | None) -> Iterator[Placed]:
    """Features of the references; each of them must be readable."""
    assert isinstance(scoring.detector, ComparesWithReferences)
    from promptdsl.scoring.cached_views import encode_views  # which builds on this module

    files = scoring.detector.reference_files
    done: set[int] = set()
    encode = encode_files if scoring.viewing.is_plain else encode_views
    for encoded in encode(scoring, files):
        if encoded.features is None:
            name, why = files[encoded.places[0]], (encoded.error or "").removeprefix(NOT_INSPECTED)
            raise EnvironmentProblem(f"the reference {name} cannot be used: {why}")
        yield encoded.places, encoded.features
        done.update(encoded.places)
        if progress is not None:
            progress("references", len(done), len(files))


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
