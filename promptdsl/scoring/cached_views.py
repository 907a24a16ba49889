"""Scoring labelled pictures that are seen in views: each view is encoded once, its features kept.

Features of a view are kept under the hash of the picture's bytes and of what of it the view shows,
so that neither all features of a large picture nor all its maps are ever held: its views come some
at a time, and each variant of a score is put together in one map.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from promptdsl.errors import EnvironmentProblem, SpecProblem
from promptdsl.pictures.opening import PictureError, picture_size
from promptdsl.pictures.reading import Picture
from promptdsl.results import PictureScore
from promptdsl.scoring.batching import batch_size, in_batches
from promptdsl.scoring.cached_scoring import (
    SCORE_AT_ONCE,
    Encoded,
    Scoring,
    _hash_all,
    encode_files,
)
from promptdsl.scoring.decoding import open_whole, pieces_ahead
from promptdsl.scoring.features import Features, join_features
from promptdsl.scoring.pieces import Opened, Piece, next_pieces, stacked, with_seen
from promptdsl.scoring.stitching import Stitcher
from promptdsl.scoring.views import Cut, View

Tell = Callable[[int], None]
Score = Callable[[Features], Iterable[Sequence[PictureScore]]]  # of each variant, of each picture


@dataclass(frozen=True, slots=True)
class ScoredFile:
    """One of the asked pictures, by its place in the question; or why it gave no score."""

    place: int
    sha256: str | None  # of the bytes that were scored
    scores: tuple[PictureScore, ...] = ()  # one for each variant
    error: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def score(self) -> PictureScore | None:
        """The only variant's score."""
        return self.scores[0] if self.scores else None


@dataclass(frozen=True, slots=True)
class EncodedViews:
    """Some views, of one picture or of several that follow one another; or one that gave none."""

    places: tuple[int, ...]  # of the picture of each view
    sha256: tuple[str | None, ...]
    cuts: tuple[Cut, ...]
    views: tuple[View, ...]
    features: Features | None
    error: str | None = None
    notes: tuple[tuple[str, ...], ...] = ()


def score_files(
    scoring: Scoring, files: Sequence[Path], tell: Tell | None = None, score: Score | None = None
) -> Iterator[ScoredFile]:
    """Scores of whole pictures, in whatever order; `score` gives several variants of each.

    `tell` hears how many pictures were done.
    """
    by = score or (lambda features: [scoring.detector.score(features)])
    if scoring.viewing.is_plain:
        yield from _plain(scoring, files, tell, by)
        return
    open_ones: dict[int, list[Stitcher]] = {}
    for encoded in encode_views(scoring, files):
        if encoded.features is None:
            yield ScoredFile(encoded.places[0], encoded.sha256[0], (), encoded.error)
            if tell is not None:
                tell(1)
            continue
        for number, scores in enumerate(by(encoded.features)):
            for place, cut, view, one in zip(
                encoded.places, encoded.cuts, encoded.views, scores, strict=True
            ):
                stitchers = open_ones.setdefault(place, [])
                if number == len(stitchers):
                    stitchers.append(Stitcher(cut))
                stitchers[number].add(view, one)
        for row, place in enumerate(encoded.places):
            stitchers = open_ones.get(place, [])
            if stitchers and all(stitcher.complete for stitcher in stitchers):
                del open_ones[place]
                notes = encoded.notes[row] if encoded.notes else ()
                found = tuple(stitcher.finished() for stitcher in stitchers)
                yield ScoredFile(place, encoded.sha256[row], found, notes=notes)
                if tell is not None:
                    tell(1)


def _plain(
    scoring: Scoring, files: Sequence[Path], tell: Tell | None, by: Score
) -> Iterator[ScoredFile]:
    for encoded in encode_files(scoring, files, tell):
        if encoded.features is None:
            yield ScoredFile(encoded.places[0], encoded.sha256[0], (), encoded.error)
            continue
        variants = list(by(encoded.features))
        for row, (place, sha256) in enumerate(zip(encoded.places, encoded.sha256, strict=True)):
            size = _size(files[place]) if scoring.sized else None
            found = tuple(replace(scores[row], size=size) for scores in variants)
            notes = encoded.notes[row] if encoded.notes else ()
            yield ScoredFile(place, sha256, found, notes=notes)


def _size(file: Path) -> tuple[int, int] | None:
    try:
        return picture_size(file)
    except PictureError:
        return None  # it was replaced since it was scored


def encode_any(
    scoring: Scoring, files: Sequence[Path], tell: Tell | None = None
) -> Iterator[Encoded | EncodedViews]:
    """Features of all files, whole or in views; `tell` hears how many pictures were done."""
    if scoring.viewing.is_plain:
        yield from encode_files(scoring, files, tell)
        return
    done: set[int] = set()
    for encoded in encode_views(scoring, files):
        fresh = set(encoded.places) - done
        done |= fresh
        if tell is not None:
            tell(len(fresh))
        yield encoded


@dataclass(frozen=True, slots=True)
class WorstView:
    """A picture's score, and the features of the view that gave it."""

    score: PictureScore
    features: Features
    view: View | None = None  # None: the whole picture, squeezed
    cut: Cut | None = None

    def placed(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """A box of the view (left, top, right, bottom in shares) in shares of the picture."""
        if self.view is None or self.cut is None:
            return box
        found = []
        for place, share in enumerate(box):
            axis = place % 2
            low, high = self.view.inside[axis], self.view.inside[axis + 2]
            start, end = self.view.box[axis], self.view.box[axis + 2]
            inside = (share * self.cut.model[1 - axis] - low) / (high - low)
            found.append((start + min(max(inside, 0.0), 1.0) * (end - start)) / self.cut.size[axis])
        return found[0], found[1], found[2], found[3]


def score_worst(scoring: Scoring, file: Path) -> WorstView:
    """Score one picture. EnvironmentProblem for one that gives no score."""
    stitcher: Stitcher | None = None
    worst: Features | None = None
    cut: Cut | None = None
    for encoded in encode_any(scoring, [file]):
        if encoded.features is None:
            raise EnvironmentProblem(f"{file}: {encoded.error}")
        if isinstance(encoded, Encoded):
            score = scoring.detector.score(encoded.features)[0]
            size = _size(file) if scoring.sized else None
            return WorstView(replace(score, size=size), encoded.features)
        cut = encoded.cuts[0]
        stitcher = stitcher or Stitcher(cut)
        for row, score in enumerate(scoring.detector.score(encoded.features)):
            stitcher.add(encoded.views[row], score)
            if stitcher.worst is encoded.views[row]:
                worst = encoded.features[row : row + 1]
    if stitcher is None or worst is None:
        raise EnvironmentProblem(f"{file}: it could not be encoded")
    return WorstView(stitcher.finished(), worst, stitcher.worst, cut)


def encode_views(scoring: Scoring, files: Sequence[Path]) -> Iterator[EncodedViews]:
    """Views of all files: those in the cache first, then the others as they are encoded."""
    hashes = _hash_all(files)
    left: list[int] = []
    return chain(_known(scoring, files, hashes, left), _missing(scoring, files, hashes, left))


def _known(
    scoring: Scoring, files: Sequence[Path], hashes: Sequence[str | None], left: list[int]
) -> Iterator[EncodedViews]:
    """Pictures of which all views are in the cache; the others' places are added to `left`."""
    for place, sha256 in enumerate(hashes):
        cut = _kept_cut(scoring, files[place], sha256)
        if cut is None or sha256 is None:
            left.append(place)
            continue
        for start in range(0, len(cut.views), SCORE_AT_ONCE):
            views = cut.views[start : start + SCORE_AT_ONCE]
            parts = [_from_cache(scoring, files[place], sha256, view) for view in views]
            features = with_seen(join_features(parts), scoring.viewing, views)
            count = len(views)
            yield EncodedViews((place,) * count, (sha256,) * count, (cut,) * count, views, features)


def _kept_cut(scoring: Scoring, file: Path, sha256: str | None) -> Cut | None:
    """How a picture is cut, where all its views are in the cache."""
    if sha256 is None or scoring.cache is None or scoring.viewing.locator is not None:
        return None  # a picture that is to be located has to be seen
    try:
        cut = scoring.viewing.cut(picture_size(file))
    except (PictureError, SpecProblem):
        return None  # opening it says why
    keys = (view_key(sha256, view) for view in cut.views)
    cache, encoding = scoring.cache, scoring.encoding
    return cut if all(cache.has(key, encoding) for key in keys) else None


def _from_cache(scoring: Scoring, file: Path, sha256: str, view: View) -> Features:
    assert scoring.cache is not None
    tensors = scoring.cache.get(view_key(sha256, view), scoring.encoding)
    if tensors is not None:
        return Features(tensors)
    _, image = open_whole(str(file), scoring.viewing)  # what was kept is damaged, or gone by now
    return scoring.encode(scoring.viewing.pixels(image, view)[None])


def view_key(sha256: str, view: View) -> str:
    """The name of a view of a picture in the cache."""
    return f"{sha256} {view.key}"


def _missing(
    scoring: Scoring, files: Sequence[Path], hashes: Sequence[str | None], places: Sequence[int]
) -> Iterator[EncodedViews]:
    batch = batch_size(None, str(scoring.detector.compute.device))
    images = (str(files[place]) for place in places)
    pieces = pieces_ahead(images, scoring.viewing, lambda: 2 * batch.size + 2)
    numbers: dict[Opened, int] = {}
    with closing(pieces):
        while some := next_pieces(pieces, batch.size):
            for piece in some:
                if piece.of not in numbers:
                    numbers[piece.of] = places[len(numbers)]
            good = [piece for piece in some if piece.is_picture]
            if good:
                parts = in_batches(
                    lambda part: scoring.encode(stacked(part)), good, batch, timed=True
                )
                yield _kept(scoring, good, [numbers[p.of] for p in good], join_features(parts))
            for piece in some:
                if not isinstance(piece.of.picture, Picture):
                    place = numbers[piece.of]
                    error = str(piece.of.picture)
                    yield EncodedViews((place,), (hashes[place],), (), (), None, error)


def _kept(
    scoring: Scoring, pieces: Sequence[Piece], places: Sequence[int], features: Features
) -> EncodedViews:
    """The views, and their features in the cache."""
    hashes, notes, cuts, views = [], [], [], []
    for row, piece in enumerate(pieces):
        picture, stitcher, view = piece.of.picture, piece.of.stitcher, piece.view
        assert isinstance(picture, Picture) and stitcher is not None and view is not None
        # What is to be said of a picture must be said every time: such a one is not kept.
        keeps = scoring.cache is not None and stitcher.cut.lies is None
        if keeps and scoring.cache and picture.sha256 is not None and not picture.notes:
            one = features[row : row + 1].tensors
            scoring.cache.put(view_key(picture.sha256, view), scoring.encoding, one)
        hashes.append(picture.sha256)
        notes.append(picture.notes)
        cuts.append(stitcher.cut)
        views.append(view)
    seen = with_seen(features, scoring.viewing, views)
    return EncodedViews(
        tuple(places), tuple(hashes), tuple(cuts), tuple(views), seen, notes=tuple(notes)
    )
