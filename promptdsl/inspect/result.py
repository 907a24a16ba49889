"""What a program is told of one picture, and how a notebook shows it."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal, cast

from PIL import Image

from promptdsl.judge.places import Layout
from promptdsl.pictures.reading import Picture
from promptdsl.report.heatmap import at_size, overlay
from promptdsl.report.marks import Marks, marks_of, size_in_words
from promptdsl.results import FloatMap, PictureScore, Record, Spot

MOST_ROWS = 12  # spots that a notebook lists
Verdict = Literal["pass", "review", "reject"]
COLORS = {"pass": "#1a7f37", "review": "#9a6700", "reject": "#cf222e"}


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One picture's verdict, with all that a line of `results.jsonl` says.

    Scores and probabilities lie in [0, 1]; higher means more anomalous.
    """

    image: str  # the path as it was given; empty for a picture in memory
    object: str
    verdict: Verdict
    score: float
    rule: str | None  # the threshold line that decided, as written; None: no line held
    defect: str | None  # the likeliest defect
    defects: Mapping[str, float]  # defect -> probability against normal, in the order of the spec
    area: Mapping[str, float]  # "0.70" -> share of the picture at or above that score
    measures: Mapping[str, float]  # what other threshold lines measured, by name
    spots: tuple[Spot, ...]  # where the spec asks for places: the longest first
    spots_left_out: int  # how many smaller ones there are besides
    notes: tuple[str, ...]  # why the verdict may mean little, a sentence each
    size: tuple[int, int]  # (width, height) of the picture, upright
    part: str | None  # what the file's name says, where the spec has a pattern
    time: str  # when the verdict was made, UTC
    picture_sha256: str | None  # of the file's bytes; of the pixels of a picture in memory
    plan_hash: str
    residual: float | None  # of locating the part, in pixels
    unlocated: str | None  # why the part could not be located
    _map: FloatMap = field(repr=False)  # at the model's size
    _preview: Image.Image = field(repr=False)
    _marks: Marks | None = field(repr=False, default=None)

    @classmethod
    def of(
        cls,
        record: Record,
        picture: Picture,
        score: PictureScore,
        notes: tuple[str, ...] = (),
        layout: Layout | None = None,
    ) -> "Result":
        """The result that a record tells of."""
        assert record.score is not None
        size, shown = (picture.width, picture.height), picture.preview
        return cls(
            record.image,
            record.object,
            cast(Verdict, record.verdict),
            record.score,
            record.rule,
            record.defect,
            record.defects or {},
            record.area or {},
            record.measures or {},
            record.spots or (),
            record.spots_left_out or 0,
            notes,
            size,
            record.part,
            record.time or "",
            record.picture_sha256,
            record.plan_hash or "",
            record.residual,
            record.unlocated,
            score.map,
            shown,
            marks_of(score, record.spots or (), layout, size, shown.size),
        )

    @property
    def map(self) -> FloatMap:
        """The anomaly map, float32 (H, W) at the picture's own size; made anew at each call."""
        return at_size(self._map, self.size)

    def _repr_html_(self) -> str:
        """Picture, heat map, verdict, spots and defects, for notebooks; complete in itself."""
        contours = sorted(map(float, self.area))
        title = f"{self.object}: {self.verdict}, score {self.score:.3f}"
        part = f" part {self.part}," if self.part else ""
        lines = [self.rule or "no threshold line held", *self._unsure(), *self.notes]
        heat = overlay(self._preview, self._map, contours, self._marks)
        return (
            f'<figure style="margin:0"><figcaption><b style="color:{COLORS[self.verdict]}">'
            f"{escape(title)}</b>{escape(part)} {escape(self.image)}<br>"
            f"{'<br>'.join(map(escape, lines))}</figcaption>"
            f"{_embedded(self._preview, 'picture')} {_embedded(heat, 'heat map')}"
            f"{self._spots_table()}{_table(_defect_row(*one) for one in self.defects.items())}"
            "</figure>"
        )

    def _unsure(self) -> list[str]:
        return [f"part not located: {self.unlocated}"] if self.unlocated else []

    def _spots_table(self) -> str:
        """The longest spots, a row each."""
        rows = [
            (spot.defect or "spot", size_in_words(spot), _place_in_words(spot), f"{spot.peak:.3f}")
            for spot in self.spots[:MOST_ROWS]
        ]
        more = len(self.spots) + self.spots_left_out - len(rows)
        return _table(rows) + (f"<p>and {more:,} smaller spots</p>" if more > 0 else "")


def _place_in_words(spot: Spot) -> str:
    x, y, width, height = spot.box
    region = f" in {spot.region}" if spot.region else ""
    return f"at {x + width // 2}, {y + height // 2}{region}"


def _defect_row(name: str, share: float) -> tuple[str, str]:
    return name, f"{share:.3f}"


def _table(rows: Iterable[Sequence[str]]) -> str:
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _embedded(image: Image.Image, what: str) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{what}" src="data:image/jpeg;base64,{data}">'
