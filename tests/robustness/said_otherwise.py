"""Lines in other words than the language's: what each means, None where the author must choose."""

from typing import NamedTuple


class Said(NamedTuple):
    """A wrong line in the place of a host's line, and the right line that says the same."""

    host: str
    line: str
    means: str | None


_SCORE = "reject when score >= 0.62"
_AREA = "reject when area above 0.70 >= 0.5%"
_LEAST = "expect pass at least 95%"
_MOST = "expect reject at most 2%"

_RULES: dict[str, str | None] = {
    **dict.fromkeys(
        (
            "reject when score is above 0.62", "reject when score above 0.62",
            "reject when score over 0.62", "reject when score exceeds 0.62",
            "reject when score is greater than 0.62", "reject when score at least 0.62",
            "reject when score > 0.62", "reject when score = 0.62", "reject when score => 0.62",
            "reject when score >= 62", "reject when score >= 62%", "reject when score >= 0.62%",
            'reject when score >= "0.62"', "reject when score >= 0,62", "reject when score 0.62",
            "reject: score >= 0.62", "reject when: score >= 0.62", "reject if score >= 0.62",
            "reject score >= 0.62", "reject >= 0.62", "reject above 0.62", "reject at 0.62",
            "reject from 0.62", "reject 0.62", "reject: 0.62", "reject when the score >= 0.62",
            "reject when anomaly score >= 0.62", "reject when scor >= 0.62",
            "reject when probability >= 0.62", "reject when 0.62 <= score",
            "if score >= 0.62 then reject", "when score >= 0.62 reject", "if score >= 0.62: reject",
            "score >= 0.62 -> reject", "reject score when >= 0.62", "reject when score >= 6.2e-1",
        ),
        _SCORE,
    ),
    **dict.fromkeys(
        (
            "reject when area above 0.70 at least 0.5%", "reject when area above 0.70 is 0.5%",
            "reject when area >= 0.5% above 0.70", "reject when the area above 0.70 >= 0.5%",
            "reject when area above score 0.70 >= 0.5%", "reject when area over 0.70 >= 0.5%",
            "reject when area above 70% >= 0.5%", "reject when area above 0.70 > 0.5%",
            "reject when area above 0.70 >= 0.005", "reject when area above 0.70 >= 0.5 percent",
        ),
        _AREA,
    ),
    "reject when area above 0.70 >= 2": "reject when area above 0.70 >= 2%",
    **dict.fromkeys(
        (
            "reject when score >= 0.62 or area above 0.70 >= 1%",
            "reject when either score >= 0.62 or area above 0.70 >= 1%",
            "reject when score >= 0.62 and reject when area above 0.70 >= 1%",
        ),
        "reject when score >= 0.62, reject when area above 0.70 >= 1%",
    ),
    **dict.fromkeys(
        (
            "reject when area above 0.70 >= 2 mm2", "reject when area above 0.70 >= 2 mm",
            "reject when area above 0.70 >= 50", "reject when area above 0.70 >= 0.5",
            "reject when area >= 50 px", "reject when area >= 2%", "reject when area above 0.70",
            "reject when length >= 5 mm", "reject when width > 20 px", "reject when score >= 5 mm",
            "reject when score between 0.48 and 0.62", "reject when score from 0.48 to 0.62",
            "reject when score >= 0.62 and area above 0.70 >= 1%",
            "reject when score >= 0.62 unless area above 0.70 >= 1%",
            "reject when score >= 0.62 or score >= 0.7", "reject when not score >= 0.62",
            "reject when score < 0.2", "reject when score below 0.2", "reject when score <= 0.2",
            "reject when scratch >= 0.5", "reject when defect scratch >= 0.5",
            "reject when score of scratch >= 0.5", "reject when scratch score >= 0.5",
            "reject when area of scratch above 0.70 >= 0.5%", "reject when scratch",
            "reject when defect", "reject when 3 defects", "reject when count >= 3",
            "reject when score", "reject when", "reject", "reject all", "score >= 0.62",
            "pass when score < 0.48", "otherwise review", "else reject",
            "reject when score >= high", "review when score between 0.48 and 0.62",
            "reject when area above 1.2 >= 1%",
            "roi: 10 10 20 20", "threshold: 0.62", "tolerance: 0.5 mm",
        ),
        None,
    ),
}  # fmt: skip
_CLAIMS: dict[str, str | None] = {
    **dict.fromkeys(
        (
            "expect pass >= 95%", "expect pass > 95%", "expect pass minimum 95%",
            "expect pass min 95%", "expect pass at minimum 95%", "expect pass not less than 95%",
            "expect pass at least 95", "expect pass at least 0.95",
            "expect pass at least 95 percent", "expect at least 95% pass",
            "expect passed at least 95%", "expect ok at least 95%", "expect: pass at least 95%",
            "pass at least 95%", "expect to pass at least 95%", "expect pass atleast 95%",
            "expect pass at least 19 of 20", "should pass at least 95%",
            "expects pass at least 95%", "expected pass at least 95%", "expect pass at least 95%%",
        ),
        _LEAST,
    ),
    **dict.fromkeys(
        (
            "expect reject <= 2%", "expect reject max 2%", "expect reject no more than 2%",
            "expect reject up to 2%", "expect reject less than 2%", "expect fail at most 2%",
            "reject at most 2%", "expect reject at most 0.02",
        ),
        _MOST,
    ),
    "expect never reject": "expect reject at most 0%",
    "expect always reject": "expect reject at least 100%",
    "expect reject 0%": "expect reject at most 0%",
    **dict.fromkeys(
        (
            "expect reject 95%", "expect reject = 95%", "expect 95% reject", "expect minimum 95%",
            "minimum 95%", "at least 95%", "expect reject at least 1", "expect reject",
            "expect recall >= 95%", "expect auroc at least 0.9", "expect reject at 95%",
            "expect score >= 0.5", "expect good at least 95%",
        ),
        None,
    ),
}  # fmt: skip
_LABELS: dict[str, str | None] = {
    **dict.fromkeys(
        ("on: good parts", "on: the good", "on: normal", "on: ok", "on: Good", "on: godo",
         "on good", "on = good", "on – good", "on: samples good"),
        "on: good",
    ),
    **dict.fromkeys(("on: good, scratch", "on: good and scratch", "on:"), None),
}  # fmt: skip
_INCLUDES: dict[str, str | None] = {
    **dict.fromkeys(
        ("include std normal", "include std:normal", "include std/normal", "include std::normal",
         "include std_normal", "include std-normal", "include normal from std", "std normal",
         "include std normal words", 'include "std.normal"', "includes std.normal",
         "include: std.normal", "std.normal", "import std.normal"),
        "include std.normal",
    ),
    **dict.fromkeys(("include std.", "include std", "include", "include all"), None),
}  # fmt: skip
_OBJECT: dict[str, str | None] = dict.fromkeys(
    ("roi: 10, 10, 200, 200", "rotation: 90", "resize: 512 px", "threshold: 0.5", "camera: top",
     "device: cuda", "units: mm", "tolerance: 0.5 mm", "severity: high", "weight: 2", "count: 4",
     "language: de", 'description: "the nut of line 3"', "batch_size: 8", "roi { 10, 10 }"),
    None,
)  # fmt: skip
_VALUES: tuple[tuple[str, str, str | None], ...] = (
    ("windows", "windows: image and 2x2, 3x3", "windows: image, 2x2, 3x3"),
    ("windows", "windows: image and 2x2 and 3x3", "windows: image, 2x2, 3x3"),
    ("stages", "stages: 6 and 12", "stages: 6, 12"),
    ("stages", "stages: 6, 9 and 12", "stages: 6, 9, 12"),
    ("stages", "stages: 6 to 12", None),
    ("stages", "stages: 6-12", None),
    ("called", 'called: "metal nut" / "nut"', None),
    ("temperature", "temperature: 7e-2", "temperature: 0.07"),
    ("temperature", "temperature: 7E-02", "temperature: 0.07"),
    ("image_size", "image_size: 240.5 px", None),
    ("images", 'images: "good/*.png" and "more/*.png"', 'images: "good/*.png", "more/*.png"'),
    ("images", 'images: "good/*.png" + "more/*.png"', 'images: "good/*.png", "more/*.png"'),
    ("tiles", "tiles: 480", "tiles: 480 px"),
    ("tiles", "tiles: 480x480 px", "tiles: 480 px"),
    ("tiles", "tiles: 4", None),
    ("tiles", "tiles: 480 px, 3x2", None),
    ("fit", "fit: padding", "fit: pad"),
    ("fit", 'fit: "pad"', "fit: pad"),
    ("overlap", "overlap: 0.25", "overlap: 25%"),
    ("overlap", "overlap: 100%", None),
    ("scale", "scale: 20 px per mm", "scale: 0.05 mm per px"),
    ("scale", "scale: 50 um per px", "scale: 0.05 mm per px"),
    ("scale", "scale: 0.05 mm/px", "scale: 0.05 mm per px"),
    ("scale", "scale: 0,05 mm per px", "scale: 0.05 mm per px"),
    ("scale", "scale: 0.05", "scale: 0.05 mm per px"),
    ("scale", "scale: 20", None),
    ("intensity", "intensity: 0-4095", "intensity: 0 to 4095"),
    ("intensity", "intensity: 0, 4095", "intensity: 0 to 4095"),
    ("intensity", "intensity: 4095 to 0", "intensity: 0 to 4095"),
    ("intensity", "intensity: 12 bit", "intensity: 0 to 4095"),
    ("turn", "turn: 15", "turn: up to 15 deg"),
    ("turn", "turn: ±15°", "turn: up to 15 deg"),
    ("turn", "turn: up to 15 degrees", "turn: up to 15 deg"),
    ("turn", "turn: up to 200 deg", None),
    ("shift", "shift: 12.5%", "shift: up to 12.5%"),
    ("shift", "shift: up to 0.125", "shift: up to 12.5%"),
    ("shift", "shift: 40 px", None),
    ("box", "box: 10%, 20%, 60%, 40%", "box: 10% 20% 60% 40%"),
    ("box", "rect: 10% 20% 60% 40%", "box: 10% 20% 60% 40%"),
    ("box", "box 10% 20% 60% 40%", "box: 10% 20% 60% 40%"),
    ("box", "box: 10% 20 60 40", "box: 10% 20% 60% 40%"),
    ("box", "box: 10% 20% 60 px 40 px", None),
    ("box in pixels", "box: 10 20 60 40 px", "box: 10 px 20 px 60 px 40 px"),
    ("circle", "circle: 50% 50% 30%", "circle: 50% 50%, 30%"),
    ("ring", "ring: 50% 50%, 42% to 30%", "ring: 50% 50%, 30% to 42%"),
    ("ring", "ring: 50% 50%, 30%-42%", "ring: 50% 50%, 30% to 42%"),
    ("polygon", "polygon: 10% 10% 90% 10% 50% 80%", "polygon: 10% 10%, 90% 10%, 50% 80%"),
    ("polygon", "polygon: 10% 10%, 90% 10%", None),
    ("score in a region", "reject when score >= 0.62 in lip", "reject when score in lip >= 0.62"),
    ("area in a region", "reject when area in lip above 0.70 >= 2 mm2",
     "reject when area above 0.70 in lip >= 2 mm2"),
    ("area in a region", "reject when area above 0.70 in lip >= 0.02 cm2",
     "reject when area above 0.70 in lip >= 2 mm2"),
    ("area in a region", "reject when area above 0.70 in lip >= 2 mm²",
     "reject when area above 0.70 in lip >= 2 mm2"),
    ("area in a region", "reject when area above 0.70 in lip >= 2 mm", None),
    ("spot", "reject when spot above 0.70 at least 0.3 mm",
     "reject when spot above 0.70 >= 0.3 mm"),
    ("spot", "reject when spot >= 0.3 mm above 0.70", "reject when spot above 0.70 >= 0.3 mm"),
    ("spot", "reject when spot above 0.70 >= 300 um", "reject when spot above 0.70 >= 0.3 mm"),
    ("spot", "reject when spto above 0.70 >= 0.3 mm", "reject when spot above 0.70 >= 0.3 mm"),
    ("spot", "reject when spot above 0.70 >= 3", None),
    ("spot", "reject when spot above 0.70 <= 3 mm", None),
    ("spot", "reject when scratch >= 3 mm", None),
    ("spots", "reject when spots in lip above 0.70 >= 3",
     "reject when spots above 0.70 in lip >= 3"),
    ("spots", "reject when spots of scratch above 0.70 in lip >= 3",
     "reject when scratch above 0.70 in lip >= 3"),
    ("spots", "reject when spots above 0.70 in lip >= 3 mm", None),
    ("located", "review when part is not located", "review when part not located"),
    ("located", "review when not located", "review when part not located"),
    ("defect", 'anomaly bent { "bent {object}" }', 'defect bent { "bent {object}" }'),
    ("defect", 'fault bent { "bent {object}" }', 'defect bent { "bent {object}" }'),
    ("defect", 'defect bent (major) { "bent {object}" }', None),
    ("defect", 'defect bent [] { "bent {object}" }', None),
    ("extends", "object brass inherits nut { remove scratch }",
     "object brass extends nut { remove scratch }"),
    ("extends", "object brass from nut { remove scratch }",
     "object brass extends nut { remove scratch }"),
)  # fmt: skip

SAID = (
    *(Said(*each) for each in _VALUES),
    *(Said("reject", line, means) for line, means in _RULES.items()),
    *(Said("expect least", line, means) for line, means in _CLAIMS.items()),
    *(Said("on", line, means) for line, means in _LABELS.items()),
    *(Said("include", line, means) for line, means in _INCLUDES.items()),
    *(Said("called", line, means) for line, means in _OBJECT.items()),
    Said("review", "review when score between 0.48 and 0.62", "review when score >= 0.48"),
    Said("review", "review when 0.48 <= score < 0.62", "review when score >= 0.48"),
    Said("review", "review when score from 0.48 to 0.62", "review when score >= 0.48"),
    Said("review", "review when score is between 48% and 62%", "review when score >= 0.48"),
    Said("review", "review when score 0.48 – 0.62", "review when score >= 0.48"),
    Said("review", "otherwise pass", ""),
    Said("review", "else pass", ""),
)
