"""What differs of pictures and places between two versions is named."""

from promptdsl.evaluate.words.diff import field_changes

from ..judge.made import picture, placed, region, shape

LIP = region("lip", shape("ring", "50%", "50%", "30%", "42%"), without=(shape("box", 0, 0, 9, 9),))


def test_places_that_differ_are_named() -> None:
    before = placed(regions=(LIP,), picture=picture(fit="pad", tile=480))
    after = placed(
        ignored=(region("serial number", shape("mask", "serial.png")),),
        picture=picture(fit="pad", tiles=(3, 2), scale=0.05),
    )
    changes = field_changes(before, after, (before.thresholds, after.thresholds))
    assert [(row["name"], row["before"], row["after"]) for row in changes] == [
        ("picture tiles", "480 px", "3x2"),
        ("region lip", "ring: 50% 50%, 30% to 42%; except box: 0 px 0 px 9 px 9 px", None),
        ("picture scale", None, "0.05 mm per px"),
        ('ignore "serial number"', None, 'mask: "serial.png"'),
    ]
