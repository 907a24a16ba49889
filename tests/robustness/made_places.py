"""Random pictures, regions, ignored places and rules about them: right ones and every slip.

`right_spec` makes specs without errors; `any_spec` makes numbers, units, words and shapes of any
kind: crossing polygons, corners outside, two points, huge numbers, masks and scales that are none.
"""
# ruff: noqa: E501

import math
import random
import re

_UNITS = ("%", "%", "%", " px", " px", "", " mm", " cm", " %", "px", " pixels", " deg", "‰")
_WILD = (
    "0", "-0", "1e9", "99999999999999999999999999", "-7", "+5", ".5", "5.", "0.0001", "100", "101",
    "1000000", "1000001", "1_000", "NaN", "inf", "x", "½", "0x10", "1,5", "--3", "0" * 400, "9" * 400,
)  # fmt: skip
_MASKS = (
    '"lip.png"', '"none.png"', "lip.png", '""', '"a" "b"', '"../../x.png"', '"/etc/passwd"', '"."',
    '"*.png"', '"lip.txt"', '"\\\\\\\\host\\\\x.png"', "12", '"\u0000.png"', '"' + "x" * 300 + '.png"',
)  # fmt: skip
_KINDS = ("box", "circle", "ring", "polygon", "mask")
_PICTURE = (
    "fit: {w}", "tiles: {n} px", "tiles: {n}x{n}", "tiles: {n}", "overlap: {n}%", "overlap: {n}",
    "scale: {n} mm per px", "scale: {n}", "scale: {n} px per mm", "intensity: {n} to {n}",
    "intensity: {n}", 'part: "{{part}}_{{{w}}}.png"', "part: {w}", "locate {{ like: {m} }}",
    "locate {{ like: {m}, turn: up to {n} deg, shift: up to {n}%, scale: up to {n}% }}",
    "locate {{ turn: {n}, shift: {n} px, {w}: {n} }}", "include base", "{w}: {n}", "locate", "{w}",
    "locate {{", "tiles:", "scale: {n} {w} per {w}",
)  # fmt: skip
_RULES = (
    "score in {r} >= {n}", "area above {l} in {r} >= {n}{u}", "spot above {l} >= {n}{u}",
    "spots above {l} in {r} >= {n}", "tear above {l} >= {n}{u}", "{w} above {l} in {r} >= {n}{u}",
    "part not located", "spot above {l} in {r} >= auto{u}", "area above {l} >= auto {w}",
    "spot {w} {l} {w} {r} {w} {n}{u}", "area in {r} above {l} >= {n}{u}", "spot above {l} <= {n}{u}",
    "{w} not located", "score in {r}", "spot above {l}", "in {r} >= {n}", "spot above {l} >= {n} {n}",
)  # fmt: skip
_PIECE = re.compile(r"\d+(?:\.\d+)?|[a-z]+|%|[{}:,]|>=")
_WORDS = (
    "squeeze", "pad", "crop", "tear", "spot", "spots", "score", "area", "lip", "in", "to", "up",
    "per", "px", "mm", "view", "part", "picture", "region", "except", "locate", "{", "}", ",", ":",
    '"', "#", "ß", "box", "mask", ">=", "\u200b", "region:", "ignore",
)  # fmt: skip


def _number(dice: random.Random) -> str:
    if dice.random() < 0.15:
        return dice.choice(_WILD)
    if dice.random() < 0.4:
        return str(dice.randint(-5, 130))
    return f"{dice.uniform(-20, 130):.{dice.randint(0, 4)}f}"


def _length(dice: random.Random) -> str:
    return _number(dice) + dice.choice(_UNITS)


def any_shape(dice: random.Random) -> str:
    """One line of a region, mostly wrong."""
    kind = dice.choice((*_KINDS, *_KINDS, "rect", "except", "bx", "region"))
    if kind == "mask" and dice.random() < 0.8:
        return f"mask: {dice.choice(_MASKS)}"
    unit = dice.choice(("%", " px", None))
    count = {"box": 4, "circle": 3, "ring": 4}.get(kind, 2 * dice.randint(1, 9))
    count += dice.choice((0, 0, 0, 0, -1, 1, 20))
    numbers = [_number(dice) + unit if unit else _length(dice) for _ in range(max(0, count))]
    return f"{kind}: " + "".join(
        number + dice.choice((" ", " ", ", ", ", ", " to ", "-", "\n  ", " x "))
        for number in numbers
    )


def _block(dice: random.Random, head: str) -> str:
    lines = [any_shape(dice) for _ in range(dice.randint(0, 4))]
    if dice.random() < 0.4:
        lines.append(f"except {{ {any_shape(dice)} }}")
    if dice.random() < 0.1:
        lines.append(dice.choice(_WORDS))
    joint = dice.choice((", ", "\n    ", "\n"))
    closing = "" if dice.random() < 0.03 else "}"
    return f"  {head} {{ {joint.join(lines)} {closing}\n"


def _filled(dice: random.Random, form: str) -> str:
    return form.format(
        n=_number(dice), w=dice.choice(_WORDS), m=dice.choice(_MASKS), u=dice.choice(_UNITS),
        r=dice.choice(("lip", "print", "lpi", "r1", *_WORDS)), l=dice.choice(("0.7", _number(dice))),
    )  # fmt: skip


def any_spec(seed: int) -> str:
    """A spec about places, mostly wrong; the same for the same number."""
    dice = random.Random(seed)
    body = ""
    if dice.random() < 0.5:
        lines = [_filled(dice, dice.choice(_PICTURE)) for _ in range(dice.randint(0, 4))]
        body += f"  picture {{ {dice.choice((', ', chr(10))).join(lines)} }}\n"
    for name in ("lip", "print", dice.choice(("r1", "lip", "R", '"x"', "", "test"))):
        if dice.random() < 0.7:
            body += _block(dice, f"region {name}")
    if dice.random() < 0.4:
        body += _block(dice, f"ignore {dice.choice(_MASKS)}")
    rules = [
        f"{dice.choice(('reject', 'review'))} when {_filled(dice, dice.choice(_RULES))}"
        for _ in range(dice.randint(0, 4))
    ]
    if rules:
        body += "  thresholds { " + dice.choice((", ", "\n    ")).join(rules) + " }\n"
    child = ""
    if dice.random() < 0.3:
        lines = dice.choice(("remove lip", "remove region print", 'remove ignore "lip.png"', ""))
        child = f"object b extends a {{\n  {lines}\n{_block(dice, 'region lip')}}}\n"
    references = dice.choice(("", '  method winclip { references: "lip.png" }\n'))
    return f'inspect 1\nobject a {{\n  defect tear {{ "torn {{object}}" }}\n{references}{body}}}\n{child}'


# right ones


def _inside(dice: random.Random, most: float, least: float = 1.0) -> float:
    return round(dice.uniform(least, most), dice.randint(0, 3))


def right_shape(dice: random.Random, mask: str | None = None) -> str:
    """One line of a region that lies in a picture, in percent."""
    kind = dice.choice(_KINDS if mask else _KINDS[:4])
    if kind == "mask":
        return f'mask: "{mask}"'
    if kind == "box":
        left, top = _inside(dice, 60), _inside(dice, 60)
        return f"box: {left:g}% {top:g}% {_inside(dice, 38, 15):g}% {_inside(dice, 38, 15):g}%"
    if kind == "polygon":  # the corners of a star around one point never cross
        x, y = dice.uniform(40, 60), dice.uniform(40, 60)
        slopes = sorted(dice.sample(range(360), dice.randint(3, 12)))
        if max(b - a for a, b in zip(slopes, [*slopes[1:], slopes[0] + 360], strict=True)) >= 170:
            slopes = [10, 130, 250]
        points = [_on_star(x, y, slope, dice.uniform(15, 30)) for slope in slopes]
        return "polygon: " + ", ".join(f"{a:.3f}% {b:.3f}%" for a, b in points)
    x, y = dice.uniform(35, 65), dice.uniform(35, 65)
    outer = round(dice.uniform(15, 30), 2)  # more than the least that the model sees
    inner = round(dice.uniform(0, outer / 2), 2)
    if kind == "circle":
        return f"circle: {x:.2f}% {y:.2f}%, {outer:g}%"
    return f"ring: {x:.2f}% {y:.2f}%, {inner:g}% to {outer:g}%"


def _on_star(x: float, y: float, slope: int, reach: float) -> tuple[float, float]:
    angle = math.radians(slope)
    return x + reach * math.cos(angle), y + reach * math.sin(angle)


def right_spec(seed: int) -> str:
    """A spec about places without a mistake; the same for the same number."""
    dice = random.Random(seed)
    names = dice.sample(
        ["lip", "print", "seam", "picture", "region", "in", "hole"], dice.randint(1, 4)
    )
    regions, rules = "", []
    for name in names:
        shapes = [right_shape(dice, "lip.png") for _ in range(dice.randint(1, 4))]
        if dice.random() < 0.4:
            corner = dice.choice(("box: 0% 0% 2% 2%", "circle: 100% 100%, 3%"))
            shapes.append(f"except {{ {corner} }}")
        regions += f"  region {name} {{ {dice.choice((', ', chr(10) + '    ')).join(shapes)} }}\n"
        rules.append(_right_rule(dice, name))
    if dice.random() < 0.5:
        regions += '  ignore "the \\"clamp\\"" { box: 0% 0% 3% 3% }\n'
    lines = ["scale: 0.05 mm per px"]
    lines += dice.sample(
        ["fit: pad", f"tiles: {dice.randint(200, 900)} px", "intensity: 0 to 4095",
         'part: "{part}_{view}.png"',
         'locate { like: "lip.png", turn: up to 12.5 deg, scale: up to 3% }'],
        dice.randint(0, 5),
    )  # fmt: skip
    rules = "\n    ".join([*rules, "review when score >= 0.5"])
    return (
        'inspect 1\nobject a {\n  defect tear { "torn {object}" }\n'
        f"  picture {{ {', '.join(lines)} }}\n{regions}  thresholds {{\n    {rules}\n  }}\n}}\n"
    )


def nearly_right_spec(seed: int) -> str:
    """A right spec with one to three of its words and numbers changed for others."""
    dice, text = random.Random(seed), right_spec(seed)
    for _ in range(dice.randint(1, 3)):
        found = dice.choice(list(_PIECE.finditer(text, 60)))
        new = dice.choice(
            (_number(dice), dice.choice(_WORDS), dice.choice(_UNITS), "", found[0] * 2)
        )
        text = text[: found.start()] + new + text[found.end() :]
    return text


def made_spec(seed: int) -> str:
    """A spec about places of any kind: wild, nearly right, or right."""
    kinds = (any_spec, any_spec, nearly_right_spec, nearly_right_spec, right_spec)
    return kinds[seed % len(kinds)](seed)


def _right_rule(dice: random.Random, region: str) -> str:
    level = f"0.{dice.randint(1, 98):02d}"
    subject, limits = dice.choice(
        (
            ("score", ("0.9", "auto")), ("area", ("0.5%", "2.5 mm2", "40 px", "40 px2", "auto mm2")),
            ("spot", ("0.3 mm", "5 px", "2 mm2", "4 px2", "0.1%", "auto", "auto px")),
            ("spots", ("3", "auto")), ("tear", ("0.3 mm", "3", "auto", "0.2 mm2")),
        )
    )  # fmt: skip
    above = "" if subject == "score" else f" above {level}"
    return f"reject when {subject}{above} in {region} >= {dice.choice(limits)}"
