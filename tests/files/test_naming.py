"""Numbers and places as people read them."""

import pytest

from promptdsl.files.naming import placed, signed


@pytest.mark.parametrize(
    ("change", "digits", "text"),
    [(0.01234, 3, "+0.012"), (-0.5, 2, "-0.50"), (-0.0004, 3, "0.000"), (0.0, 3, "0.000"),
     (0.0004, 3, "0.000"), (-0.0004, 4, "-0.0004"), (12.0, 0, "+12"), (-0.4, 0, "0")],
)  # fmt: skip
def test_a_change_that_rounds_to_nothing_has_no_sign(change: float, digits: int, text: str) -> None:
    assert signed(change, digits) == text


@pytest.mark.parametrize(
    ("place", "room", "text"),
    [("nut.inspect:13", 20, "nut.inspect:13"),
     ("line/nut.inspect:13", 20, "line/nut.inspect:13"),
     ("metal_nut/metal_nut.inspect:13", 20, "metal_nut/\nmetal_nut.inspect:13"),
     ("a/b/c/d/metal_nut.inspect:13", 20, "a/b/c/d/\nmetal_nut.inspect:13"),
     ("a_name_longer_than_all.inspect:1300", 20, "..._all.inspect:1300")],
)  # fmt: skip
def test_a_place_breaks_behind_a_folder_and_keeps_its_line(
    place: str, room: int, text: str
) -> None:
    assert placed(place, room) == text
    assert all(len(line) <= room for line in text.splitlines())
