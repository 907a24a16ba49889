"""Random specs as values, and a printer of its own that writes them in any layout."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.robustness.made_places import right_shape

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in RESERVED_NAMES
)
RESERVED_NAMES = set(
    "inspect use words templates object normal defect method thresholds samples test remove include"
    " reject review expect base good std".split()
)
_LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="{}\uffff")
FREE = st.text(_LETTERS, max_size=12)
_WHY = FREE.filter(str.strip)


@dataclass(frozen=True)
class MadeList:
    """A named list: kind, name, and lines; a line is a phrase or the name of an earlier list."""

    kind: str
    name: str
    lines: tuple[tuple[str, str], ...]  # ("text" | "include", value)


@dataclass(frozen=True)
class MadeObject:
    """An object; None is "not written"."""

    name: str
    parent: str | None
    called: str | None
    normal: tuple[tuple[str, str], ...] | None
    defects: dict[str, tuple[tuple[str, str], ...]]
    templates: tuple[tuple[str, str], ...] | None
    method: tuple[str, dict[str, str]] | None
    rules: tuple[str, ...] | None
    samples: dict[str, tuple[str, ...]]
    tests: dict[str, str]
    removed: tuple[str, ...] = ()
    picture: tuple[str, ...] = ()
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)  # head of the block -> lines


@dataclass(frozen=True)
class MadeSpec:
    """A whole file."""

    standard: bool  # uses the standard library as `std`
    lists: tuple[MadeList, ...]
    objects: tuple[MadeObject, ...]


PHRASES = st.builds(lambda a, b: f"{a}{{object}}{b}", FREE, FREE)


def _lines(included: list[str]) -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    texts = PHRASES.map(lambda text: ("text", text))
    either = (
        texts if not included else texts | st.sampled_from(included).map(lambda n: ("include", n))
    )
    return st.lists(either, min_size=1, max_size=4).map(tuple)


_NUMBER = st.integers(1, 999).map(lambda n: f"{n / 1000:.3f}")
_PERCENT = st.integers(1, 99).map(lambda n: f"{n / 2:g}%")
FIELDS: dict[str, st.SearchStrategy[str]] = {
    "windows": st.sampled_from(["image, 2x2, 3x3", "image", "2x2", "3x2, image", "4x4, 5x5"]),
    "stride": st.integers(1, 9).map(str),
    "temperature": _NUMBER,
    "averaging": st.sampled_from(["normalized", "plain"]),
    "pooling": st.sampled_from(["mean", "defects", "max"]),
    "fuse": st.sampled_from(["harmonic", "mean", "max"]),
    "seed": st.integers(0, 2**31 - 1).map(str),
    "image_size": st.sampled_from(["240 px", "480 px", "224px"]),
    "model": st.sampled_from(['"promptdsl-mini"', '"ViT-B-16-plus-240", "laion400m_e31"']),
}


@st.composite
def _method(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    chosen = draw(st.lists(st.sampled_from(sorted(FIELDS)), unique=True, max_size=5))
    fields = {name: draw(FIELDS[name]) for name in chosen}
    if fields.get("model", "").startswith('"promptdsl'):  # of other patches
        fields = {"model": fields["model"]}
    elif fields.get("image_size") == "224px":
        fields["image_size"] = "256 px"
    return "winclip", fields


_PICTURE = st.sampled_from(
    ["fit: pad", "fit: crop", "tiles: 480 px", "tiles: 3x2", "overlap: 12.5%", "overlap: 0%",
     "intensity: 0 to 4095", "intensity: -1.5 to 2.5", "scale: 0.05 mm per px",
     'part: "{part}_{view}.png"',
     'locate { like: "good.png", turn: up to 12.5 deg, scale: up to 3% }',
     'locate { like: "good.png" }']
)  # fmt: skip


@st.composite
def _places(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Regions and ignored places."""
    dice = random.Random(draw(st.integers(0, 2**32)))
    heads = [f"region {name}" for name in draw(st.lists(NAMES, unique=True, max_size=3))]
    heads += [f"ignore {quoted(why)}" for why in draw(st.lists(_WHY, unique=True, max_size=1))]
    found = {}
    for head in heads:
        lines = [right_shape(dice, "lip.png") for _ in range(dice.randint(1, 3))]
        if head.startswith("ignore"):
            lines = ["box: 97% 97% 3% 3%", "circle: 2% 2%, 1.5%"]  # which leaves every region some
        found[head] = (*lines, *dice.choice([(), (), ("except { box: 0% 0% 1% 1% }",)]))
    return found


@st.composite
def _rules(draw: st.DrawFn, regions: tuple[str, ...]) -> tuple[str, ...]:
    high, low = sorted(draw(st.lists(st.integers(1, 999), min_size=2, max_size=2, unique=True)))[
        ::-1
    ]
    rules = [f"reject when score >= {high / 1000}"]
    if draw(st.booleans()):
        rules.append(f"reject when area above {draw(_NUMBER)} >= {draw(_PERCENT)}")
    for region in regions:
        level, size = draw(_NUMBER), draw(st.sampled_from(["3 px", "2 px2", "0.5%", "auto"]))
        what = draw(st.sampled_from([f"spot above {level} in {region} >= {size}",
                                     f"score in {region} >= {level}",
                                     f"spots above {level} in {region} >= 4"]))  # fmt: skip
        rules.append(f"review when {what}")
    if draw(st.booleans()):
        rules.append(f"review when score >= {low / 1000}")
    if regions:
        return tuple(rules)
    return tuple(rules) if draw(st.integers(0, 4)) else ("reject when score >= auto",)


@st.composite
def _object(draw: st.DrawFn, name: str, before: list[MadeObject], lists: tuple[MadeList, ...],
            standard: bool) -> MadeObject:  # fmt: skip
    words = [each.name for each in lists if each.kind == "words"] + ["std.normal"] * standard
    photos = [each.name for each in lists if each.kind == "templates"] + ["std.photos"] * standard
    parent = draw(st.sampled_from(before)) if before and draw(st.booleans()) else None
    defects = draw(st.dictionaries(NAMES, _lines(words), min_size=1, max_size=3))
    inherited = [d for d in parent.defects if d not in defects] if parent else []
    labels = ["good", *defects]
    samples = {
        label: (f"{label}/*.png",)
        + (("masks/*.png",) if label != "good" and draw(st.booleans()) else ())
        for label in draw(st.lists(st.sampled_from(labels), unique=True, max_size=2))
    }
    tests = {}
    for label in samples:
        share = f"{draw(st.sampled_from(['at least', 'at most']))} {draw(_PERCENT)}"
        verdict = draw(st.sampled_from(["pass", "review", "reject"]))
        tests[f"about {label} {draw(st.integers(0, 99))}"] = f"{label}|expect {verdict} {share}"
    places = draw(_places())
    return MadeObject(
        name,
        parent.name if parent else None,
        draw(st.none() | FREE.filter(str.strip)),
        draw(st.none() | _lines(words)),
        defects,
        draw(st.none() | _lines(photos)),
        draw(st.none() | _method()),
        draw(st.none() | _rules(tuple(head.split()[1] for head in places if head[0] == "r"))),
        samples,
        tests,
        tuple(inherited[:1]) if draw(st.booleans()) else (),
        draw(st.lists(_PICTURE, unique_by=lambda line: line.split(":")[0], max_size=4).map(tuple)),
        places,
    )


@st.composite
def made_specs(draw: st.DrawFn) -> MadeSpec:
    """A valid spec."""
    standard = draw(st.booleans())
    lists: list[MadeList] = []
    for name in draw(st.lists(NAMES, unique=True, max_size=3)):
        kind = draw(st.sampled_from(["words", "templates"]))
        included = [each.name for each in lists if each.kind == kind]
        lists.append(MadeList(kind, name, draw(_lines(included))))
    objects: list[MadeObject] = []
    for name in draw(st.lists(NAMES, unique=True, min_size=1, max_size=3)):
        objects.append(draw(_object(name, objects, tuple(lists), standard)))
    return MadeSpec(standard, tuple(lists), tuple(objects))


# printing

Node = tuple[str, "list[Node] | None"]  # a line and the lines of its block


def quoted(text: str) -> str:
    """A text as a spec writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _line(line: tuple[str, str]) -> Node:
    return (quoted(line[1]) if line[0] == "text" else f"include {line[1]}"), None


def _node(line: str) -> Node:
    """A line of one block deeper: `locate { like: "a.png", turn: up to 5 deg }`."""
    head, brace, rest = line.partition(" { ")
    if not brace or ":" in head:
        return line, None
    return head, [(each, None) for each in rest.removesuffix(" }").split(", ")]


def _block(head: str, lines: tuple[tuple[str, str], ...]) -> Node:
    return head, [_line(line) for line in lines]


def _object_node(made: MadeObject) -> Node:
    inside: list[Node] = []
    if made.called is not None:
        inside.append((f"called: {quoted(made.called)}", None))
    inside += [(f"remove {name}", None) for name in made.removed]
    if made.normal is not None:
        inside.append(_block("normal", made.normal))
    inside += [_block(f"defect {name}", lines) for name, lines in made.defects.items()]
    if made.templates is not None:
        inside.append(_block("templates", made.templates))
    if made.method is not None:
        fields: list[Node] = [(f"{name}: {value}", None) for name, value in made.method[1].items()]
        inside.append((f"method {made.method[0]}", fields))
    if made.rules is not None:
        inside.append(("thresholds", [(rule, None) for rule in made.rules]))
    if made.picture:
        inside.append(("picture", [_node(line) for line in made.picture]))
    inside += [(head, [_node(line) for line in lines]) for head, lines in made.places.items()]
    for label, paths in made.samples.items():
        named = zip(("images", "masks"), paths, strict=False)
        inside.append((f"samples {label}", [(f'{name}: "{path}"', None) for name, path in named]))
    for title, claim in made.tests.items():
        on, expect = claim.split("|")
        inside.append((f'test "{title}"', [(f"on: {on}", None), (expect, None)]))
    parent = f" extends {made.parent}" if made.parent else ""
    return f"object {made.name}{parent}", inside


def nodes(made: MadeSpec) -> list[Node]:
    """A spec as lines and blocks."""
    found: list[Node] = [("inspect 1", None)]
    if made.standard:
        found.append(('use "std/winclip" as std', None))
    found += [_block(f"{each.kind} {each.name}", each.lines) for each in made.lists]
    return found + [_object_node(each) for each in made.objects]


def plain(found: list[Node], depth: int = 0) -> str:
    """One line each, indented."""
    pad, out = "  " * depth, ""
    for head, block in found:
        if block is None:
            out += f"{pad}{head}\n"
        else:
            out += f"{pad}{head} {{\n{plain(block, depth + 1)}{pad}}}\n"
    return out


def laid_out(found: list[Node], choose: Callable[[list[str]], str], top: bool = True) -> str:
    """Any layout: commas or newlines, comments, CRLF, tabs, blocks on one line."""
    out = ""
    for index, (head, block) in enumerate(found):
        if index:
            first = top and index == 1  # the header keeps its line
            out += choose(
                ["\n", "\r\n", "\n\n\t", " # c {\n", '\n# " } c\r\n  ']
                + [", ", " ,\n"] * (not first)
            )
        out += head.replace(" ", choose([" ", "  ", "\t"])) if '"' not in head else head
        if block is not None:
            out += choose(["{", " {", "\t{ ", " {\n", "\n{\r\n", " { # c\n\t"])
            out += laid_out(block, choose, top=False)
            out += choose(["}", " }", "\n}", " # }\n  }", ",\n}"])
    return out
