"""Random regions, ignored places and lines: finite measures, or one sentence with place and fix."""

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from promptdsl.errors import SpecProblem
from promptdsl.judge.places import layout_of
from promptdsl.judge.verdict import decide
from promptdsl.plan.model import Length, Shape

from .made import area, picture, placed, region, score_in, scored, spot

lengths = st.builds(
    Length,
    st.one_of(st.floats(-5, 120), st.integers(0, 100).map(float), st.floats(-1e9, 1e9)),
    st.sampled_from(["px", "%", "%"]),
)
drawn = st.builds(
    lambda kind, some: Shape(kind=kind, lengths=tuple(some)),
    st.sampled_from(["box", "circle", "ring", "polygon"]),
    st.lists(lengths, min_size=3, max_size=8),
)
masks = st.just(Shape(kind="mask", lengths=(), path="m.png"))
shapes = st.lists(st.one_of(drawn, masks), min_size=1, max_size=3).map(tuple)
regions = st.builds(
    lambda some, without: region("lip", *some, without=without),
    shapes,
    st.one_of(st.just(()), shapes),
)
rules = st.lists(
    st.sampled_from(
        [
            score_in("lip", 0.5), area(0.5, 0.1, "%", "lip"), area(0.5, 3, "mm2"),
            spot(0.5, 2, "mm", "lip"), spot(0.4, 2, ""), spot(0.6, 9, "px2", defect="dent"),
            spot(0.5, 0.1, "%", "lip"), area(0.6, 2, "px2", "lip"),
        ]
    ),
    min_size=1, max_size=4,
)  # fmt: skip
sizes = st.tuples(st.integers(1, 60), st.integers(1, 50))


@settings(max_examples=150, deadline=None)
@given(regions, st.one_of(st.none(), regions), rules, sizes, st.integers(0, 10**6), st.booleans())
def test_any_places_give_numbers_or_a_sentence(
    lip: Any, ignored: Any, lines: Any, size: tuple[int, int], seed: int, cut: bool
) -> None:
    random = np.random.default_rng(seed)
    item = placed(
        *lines, regions=(lip,), ignored=() if ignored is None else (ignored,),
        picture=picture(scale=0.1),
    )  # fmt: skip
    layout = layout_of(item, {"m.png": random.random((size[1] * 2, size[0] * 2)) > 0.5})
    found = random.random((6, 8)).astype(np.float32)
    seen = random.random((6, 8)) > 0.3 if cut else None
    kinds = random.random((2, 3, 4)).astype(np.float32)
    try:
        decision = decide(scored(found, 0.4, size=size, seen=seen, kinds=kinds), lines, layout)
    except SpecProblem as problem:
        told = problem
    else:
        assert all(math.isfinite(value) and value >= 0 for value in decision.measures.values())
        for one in decision.spots:
            x, y, width, height = one.box
            assert 0 <= x < x + width <= size[0] and 0 <= y < y + height <= size[1]
            assert one.extent >= math.sqrt(2) - 1e-9 and 1 <= one.area <= width * height
        return
    assert told.help
    assert "\n" not in told.sentence
