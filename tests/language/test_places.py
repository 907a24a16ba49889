"""Pictures, regions, ignored places and rules about them: what a Spec and a Plan hold of them."""

import json
from pathlib import Path

import pytest

from promptdsl.language.geometry import crossing, doubled_area
from promptdsl.language.picture_words import LOCATE_FIELDS, PICTURE_FIELDS, SHAPES
from promptdsl.pipeline import Compilation, compile_text
from promptdsl.plan.build import plan_json
from promptdsl.spec import AreaLimit, LocatedLimit, ObjectSpec, ScoreLimit, SpotLimit
from tests.robustness.corpus import PretendedPictures

HEAD = 'inspect 1\nobject part {\n  defect tear { "torn {object}" }\n'


def compiled(body: str, after: str = "") -> Compilation:
    """A spec whose one object holds that; pictures exist."""
    text = f"{HEAD}{body}\n}}\n{after}"
    return compile_text(text, "part.inspect", folder=Path("/"), loader=PretendedPictures())


def objects(body: str, after: str = "") -> tuple[ObjectSpec, ...]:
    """The objects of a spec without errors."""
    compilation = compiled(body, after)
    assert compilation.ok and compilation.spec is not None, str(compilation)
    return compilation.spec.objects


def test_every_line_of_a_picture() -> None:
    (item,) = objects(
        "picture { fit: crop, tiles: 3x2, overlap: 12.5%, intensity: -1.5 to 4095, scale: 0.05 mm"
        ' per px, part: "{part}_*.png"\n'
        'locate { like: "a.png", turn: up to 12.5 deg, shift: up to 4% } }'
    )
    picture = item.picture
    assert picture is not None and picture.locate is not None
    assert (picture.fit, picture.tile, picture.tiles, picture.overlap) == (
        "crop",
        None,
        (3, 2),
        0.125,
    )
    assert (picture.intensity, picture.scale, picture.part) == (
        (-1.5, 4095.0),
        0.05,
        "{part}_*.png",
    )
    assert picture.locate.like == "a.png"
    assert (picture.locate.turn, picture.locate.shift, picture.locate.scale) == (12.5, 0.04, 0.05)


def test_a_picture_has_defaults() -> None:
    (item,) = objects("picture { tiles: 480 px }")
    picture = item.picture
    assert picture is not None
    assert (picture.fit, picture.tile, picture.tiles, picture.overlap) == (
        "squeeze",
        480,
        None,
        0.25,
    )
    assert (picture.intensity, picture.scale, picture.locate, picture.part) == (None,) * 4


def test_shapes_keep_their_numbers_and_units() -> None:
    (item,) = objects(
        "region lip { box: 10% 20% 30.5% 40%, ring: 50 px 60 px, 0 px to 7px\n"
        'polygon: 0% 0%, 9% 0%, 9% 9%\nmask: "m.png", except { circle: 5% 5%, 1% } }\n'
        'ignore "a \\"b\\"" { box: 1% 1% 2% 2% }\nthresholds { reject when score in lip >= 0.6 }'
    )
    (lip,), (ignored,) = item.regions, item.ignored
    assert [(s.kind, s.path) for s in lip.shapes] == [
        ("box", None), ("ring", None), ("polygon", None), ("mask", "m.png"),
    ]  # fmt: skip
    assert [(length.value, length.unit) for length in lip.shapes[0].lengths] == [
        (10, "%"), (20, "%"), (30.5, "%"), (40, "%"),
    ]  # fmt: skip
    assert [length.value for length in lip.shapes[1].lengths] == [50, 60, 0, 7]
    assert {length.unit for length in lip.shapes[1].lengths} == {"px"}
    assert [shape.kind for shape in lip.without] == ["circle"]
    assert (ignored.name, len(ignored.shapes)) == ('a "b"', 1)


LIMITS: tuple[tuple[str, object], ...] = (
    ("score in lip >= 0.62", (ScoreLimit, 0.62, "lip")),
    ("area above 0.7 >= 0.5%", (AreaLimit, 0.005, "%", None)),
    ("area above 0.7 in lip >= 2.5 mm2", (AreaLimit, 2.5, "mm2", "lip")),
    ("area above 0.7 >= 40 px", (AreaLimit, 40, "px2", None)),
    ("area above 0.7 >= auto mm2", (AreaLimit, None, "mm2", None)),
    ("spot above 0.7 >= 0.3 mm", (SpotLimit, 0.3, "mm", None, "extent", None)),
    ("spot above 0.7 in lip >= 5 px", (SpotLimit, 5, "px", "lip", "extent", None)),
    ("spot above 0.7 >= 2 mm2", (SpotLimit, 2, "mm2", None, "area", None)),
    ("spot above 0.7 >= 0.5%", (SpotLimit, 0.005, "%", None, "area", None)),
    ("spot above 0.7 >= auto", (SpotLimit, None, "mm", None, "extent", None)),
    ("spot above 0.7 >= auto px", (SpotLimit, None, "px", None, "extent", None)),
    ("spots above 0.7 >= 3", (SpotLimit, 3, "", None, "number", None)),
    ("spots above 0.7 in lip >= auto", (SpotLimit, None, "", "lip", "number", None)),
    ("tear above 0.6 >= 0.2 mm2", (SpotLimit, 0.2, "mm2", None, "area", "tear")),
    ("tear above 0.6 >= 2", (SpotLimit, 2, "", None, "number", "tear")),
    ("part not located", (LocatedLimit,)),
)


@pytest.mark.parametrize(("line", "meant"), LIMITS, ids=[line for line, _ in LIMITS])
def test_threshold_lines(line: str, meant: object) -> None:
    (item,) = objects(
        'picture { scale: 0.05 mm per px, locate { like: "a.png" } }\n'
        f"region lip {{ ring: 50% 50%, 20% to 40% }}\nthresholds {{ review when {line} }}"
    )
    (limit,) = item.limits
    region = None if isinstance(limit, LocatedLimit) else limit.region and limit.region.value
    found: tuple[object, ...] = (type(limit),)
    if isinstance(limit, ScoreLimit):
        found += (limit.at, region)
    elif isinstance(limit, AreaLimit):
        found += (limit.share, limit.unit, region)
    elif isinstance(limit, SpotLimit):
        found += (limit.at, limit.unit, region, limit.of, limit.defect and limit.defect.value)
    assert found == meant
    assert limit.text == f"review when {line}"


def test_auto_alone_counts_pixels_without_a_scale() -> None:
    (item,) = objects("thresholds { reject when spot above 0.7 >= auto }")
    (limit,) = item.limits
    assert isinstance(limit, SpotLimit) and (limit.of, limit.unit) == ("extent", "px")


def test_a_child_replaces_adds_and_removes() -> None:
    parent = (
        "picture { tiles: 480 px, fit: pad }\nregion a { box: 1% 1% 30% 30% }\n"
        "region b { box: 1% 1% 40% 40%, except { box: 1% 1% 2% 2% } }\n"
        'ignore "c" { box: 9% 9% 2% 2% }\n'
        "thresholds { reject when score in a >= 0.9, reject when score in b >= 0.8 }"
    )
    child = (
        "object child extends part {\n  picture { include base, tiles: 2x2 }\n  remove a\n"
        '  region b { circle: 50% 50%, 20%, include base }\n  remove ignore "c"\n'
        "  thresholds { reject when score in b >= 0.7 }\n}\n"
        "object plain extends part { picture { fit: crop }, remove region b\n"
        "  thresholds { reject when score in a >= 0.5 } }\n"
    )
    first, second, third = objects(parent, child)
    assert second.picture is not None and third.picture is not None
    assert (second.picture.fit, second.picture.tiles, second.picture.tile) == ("pad", (2, 2), None)
    assert (third.picture.fit, third.picture.tile) == ("crop", None)
    assert [region.name for region in second.regions] == ["b"]
    assert [shape.kind for shape in second.regions[0].shapes] == ["box", "circle"]
    assert [shape.kind for shape in second.regions[0].without] == ["box"]
    assert (second.ignored, len(first.ignored), len(third.ignored)) == ((), 1, 1)
    assert [region.name for region in third.regions] == ["a"]


def test_remove_takes_the_defect_where_a_region_has_its_name() -> None:
    body = "region tear { box: 1% 1% 40% 40% }\nthresholds { reject when score in tear >= 0.9 }"
    both = 'object b extends part { remove tear, defect hole { "{object} with a hole" } }\n'
    named = (
        "object c extends part { remove region tear, thresholds { reject when score >= 0.5 } }\n"
    )
    _, second, third = objects(body, both + named)
    assert ([d.name for d in second.defects], len(second.regions)) == (["hole"], 1)
    assert ([d.name for d in third.defects], len(third.regions)) == (["tear"], 0)


def test_a_plan_holds_them_and_others_keep_their_bytes() -> None:
    with_places = json.loads(plan_json(compiled('ignore "x" { box: 1% 1% 2% 2% }').plan()))
    (item,) = with_places["objects"]
    assert item["ignored"][0]["shapes"] == [
        {"kind": "box", "lengths": [[1.0, "%"], [1.0, "%"], [2.0, "%"], [2.0, "%"]], "path": None}
    ]
    (plain,) = json.loads(plan_json(compiled("").plan()))["objects"]
    assert not {"picture", "regions", "ignored"} & plain.keys()


def test_words_of_blocks_stay_names() -> None:
    text = (
        'inspect 1\nobject picture {\n  defect region { "{object} with a region" }\n'
        '  defect ignore { "ignored {object}" }\n  samples region { images: "r.png" }\n}\n'
        "object locate extends picture { remove ignore }\n"
    )
    compilation = compile_text(text, "p.inspect", folder=Path("/"), loader=PretendedPictures())
    assert compilation.ok and compilation.spec is not None, str(compilation)
    first, second = compilation.spec.objects
    assert [defect.name for defect in first.defects] == ["region", "ignore"]
    assert [defect.name for defect in second.defects] == ["region"]


def test_every_field_and_shape_says_what_it_is() -> None:
    fields = [*PICTURE_FIELDS, *LOCATE_FIELDS]
    docs = [field.doc for field in fields] + [shape.doc for shape in SHAPES.values()]
    assert all(len(doc) > 30 and not doc.endswith(".") for doc in docs)
    for field in PICTURE_FIELDS:
        objects(
            f"picture {{ tiles: 2x2, {field.name}: {field.example} }}".replace(
                "tiles: 2x2, tiles", "tiles"
            )
        )
    for field in LOCATE_FIELDS[1:]:
        objects(f'picture {{ locate {{ like: "a.png", {field.name}: {field.example} }} }}')
    for shape in SHAPES.values():
        objects(f"region r {{ {shape.example} }}\nthresholds {{ reject when score in r >= 0.9 }}")


def test_outlines_that_cross() -> None:
    bow = [(0.0, 0.0), (9.0, 9.0), (9.0, 0.0), (0.0, 9.0)]
    assert crossing(bow) == (0, 2)
    assert crossing([(0, 0), (9, 0), (9, 9), (0, 9)]) is None
    assert crossing([(0, 0), (4, 0), (4, 4), (4, 0), (9, 0), (9, 9)]) is None  # it only touches
    assert doubled_area([(0, 0), (9, 0), (9, 9), (0, 9)]) == 162
    assert doubled_area([(0, 0), (1, 1), (2, 2)]) == 0
