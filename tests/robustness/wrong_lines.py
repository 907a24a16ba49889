"""Wrong lines made by rule: every kind of line of the language, each spoiled in many ways.

A `Host` is a right line in the smallest spec that holds it. A `Family` is a kind of mistake that
people make: a keyboard with full-width signs, a paste out of a word processor, a unit that the
language does not have. `same` says what the author meant: the right line, word for word.
"""
# ruff: noqa: E501

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SLOT = "<line>"
HEAD = "inspect 1\n"
SCRATCH = '  defect scratch { "scratched {object}" }\n'
SHOP = 'use "std/winclip" as std\n'


def _object(*lines: str, head: str = HEAD) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"{head}object nut {{\n{SCRATCH}{body}}}\n"


def _inside(block: str, *more: str) -> str:
    return _object(f"{block} {{", *(f"  {line}" for line in (*more, SLOT)), "}")


@dataclass(frozen=True)
class Host:
    """A right line, and the spec around it with SLOT in its place."""

    name: str
    line: str
    around: str

    def text(self, line: str) -> str:
        """The spec with another line in that place."""
        return self.around.replace(SLOT, line)

    @property
    def number(self) -> int:
        """The number of the line, from 1."""
        return self.around[: self.around.index(SLOT)].count("\n") + 1


_SAMPLES = 'samples good { images: "good/*.png" }'
_CHILD = (
    _object()
    + f'object brass extends nut {{\n  defect bent {{ "bent {{object}}" }}\n  {SLOT}\n}}\n'
)
_ABOUT_LIP = ("thresholds { reject when score in lip >= 0.9 }",)


def _place(*before: str) -> str:
    """In a region that a line is about."""
    return _object("region lip {", *(f"  {line}" for line in (*before, SLOT)), "}", *_ABOUT_LIP)


def _about_lip() -> str:
    """In thresholds of an object with a region, a scale and a golden picture."""
    return _object(
        'picture { scale: 0.05 mm per px, locate { like: "good.png" } }',
        "region lip { ring: 50% 50%, 30% to 42% }",
        "thresholds {", "  reject when score in lip >= 0.9", f"  {SLOT}", "}",
    )  # fmt: skip


HOSTS = (
    Host("inspect", "inspect 1", f"{SLOT}\nobject nut {{\n{SCRATCH}}}\n"),
    Host("use", 'use "std/winclip" as std', _object("normal { include std.normal }", head=HEAD + SLOT + "\n")),
    Host("words", 'words bad { "damaged {object}", "broken {object}" }', _object("defect other { include bad }", head=HEAD + SLOT + "\n")),
    Host("templates list", 'templates shots { "a photo of the {object}." }', _object("templates { include shots }", head=HEAD + SLOT + "\n")),
    Host("object", 'object nut { defect bent { "bent {object}" } }', HEAD + SLOT + "\n"),
    Host("extends", "object brass extends nut { remove scratch }", HEAD + 'object nut { defect bent { "bent {object}" }, defect scratch { "scratched {object}" } }\n' + SLOT + "\n"),
    Host("called", 'called: "metal nut"', _object(SLOT)),
    Host("normal", 'normal { "flawless {object}", "clean {object}" }', _object(SLOT)),
    Host("defect", 'defect bent { "bent {object}", "{object} with a bend" }', _object(SLOT)),
    Host("templates", 'templates { "a photo of the {object}.", "the {object}." }', _object(SLOT)),
    Host("method", "method winclip { stride: 2, pooling: max }", _object(SLOT)),
    Host("thresholds", "thresholds { reject when score >= 0.62, review when score >= 0.48 }", _object(SLOT)),
    Host("samples", 'samples good { images: "good/*.png" }', _object(SLOT)),
    Host("test", 'test "good parts pass" { on: good, expect reject at most 2% }', _object(_SAMPLES, SLOT)),
    Host("remove", "remove scratch", _CHILD),
    Host("include", "include std.normal", _object("normal {", f"  {SLOT}", "}", head=HEAD + SHOP)),
    Host("include plain", "include fine", _object("normal {", f"  {SLOT}", "}", head=HEAD + 'words fine { "fine {object}" }\n')),
    Host("phrase", '"bent {object}", "{object} with a bend"', _inside("defect bent")),
    Host("template", '"a photo of the {object}."', _inside("templates")),
    Host("model", 'model: "ViT-B-16-plus-240", "laion400m_e31"', _inside("method winclip")),
    Host("windows", "windows: image, 2x2, 3x3", _inside("method winclip")),
    Host("stride", "stride: 2", _inside("method winclip")),
    Host("temperature", "temperature: 0.07", _inside("method winclip")),
    Host("pooling", "pooling: max", _inside("method winclip")),
    Host("image_size", "image_size: 240 px", _inside("method winclip")),
    Host("references", 'references: "ref/*.png"', _inside("method winclip")),
    Host("shots", "shots: 1", _inside("method winclip", 'references: "ref/*.png"')),
    Host("stages", "stages: 6, 12", _inside("method april_gan")),
    Host("reject", "reject when score >= 0.62", _inside("thresholds")),
    Host("review", "review when score >= 0.48", _inside("thresholds", "reject when score >= 0.62")),
    Host("auto", "reject when score >= auto", _inside("thresholds")),
    Host("area", "reject when area above 0.70 >= 0.5%", _inside("thresholds")),
    Host("picture", "picture { tiles: 480 px, overlap: 25% }", _object(SLOT)),
    Host("fit", "fit: pad", _inside("picture")),
    Host("tiles", "tiles: 480 px", _inside("picture")),
    Host("tiles by number", "tiles: 3x2", _inside("picture")),
    Host("overlap", "overlap: 25%", _inside("picture", "tiles: 480 px")),
    Host("intensity", "intensity: 0 to 4095", _inside("picture")),
    Host("scale", "scale: 0.05 mm per px", _inside("picture")),
    Host("part", 'part: "p_{part}_{view}.png"', _inside("picture")),
    Host("locate", 'locate { like: "good.png", turn: up to 15 deg }', _inside("picture")),
    Host("like", 'like: "good.png"', _object("picture { locate {", SLOT, "} }")),
    Host("turn", "turn: up to 15 deg", _object('picture { locate { like: "good.png"', SLOT, "} }")),
    Host("shift", "shift: up to 12.5%", _object('picture { locate { like: "good.png"', SLOT, "} }")),
    Host("region", "region lip { ring: 50% 50%, 30% to 42% }", _object(SLOT, *_ABOUT_LIP)),
    Host("ignore", 'ignore "serial number" { box: 10% 80% 30% 10% }', _object(SLOT)),
    Host("box", "box: 10% 20% 60% 40%", _place()),
    Host("box in pixels", "box: 10 px 20 px 60 px 40 px", _place()),
    Host("circle", "circle: 50% 50%, 30%", _place()),
    Host("ring", "ring: 50% 50%, 30% to 42%", _place()),
    Host("polygon", "polygon: 10% 10%, 90% 10%, 50% 80%", _place()),
    Host("mask", 'mask: "lip.png"', _place()),
    Host("except", "except { circle: 50% 50%, 10% }", _place("box: 0% 0% 90% 90%")),
    Host("remove region", "remove region lip", _object("region lip { circle: 50% 50%, 10% }", *_ABOUT_LIP) + f"object small extends nut {{\n  {SLOT}\n  thresholds {{ reject when score >= 0.62 }}\n}}\n"),
    Host("score in a region", "reject when score in lip >= 0.62", _about_lip()),
    Host("area in a region", "reject when area above 0.70 in lip >= 2 mm2", _about_lip()),
    Host("spot", "reject when spot above 0.70 >= 0.3 mm", _about_lip()),
    Host("spots", "reject when spots above 0.70 in lip >= 3", _about_lip()),
    Host("spots of a defect", "review when scratch above 0.60 >= 40 px2", _about_lip()),
    Host("located", "review when part not located", _about_lip()),
    Host("images", 'images: "good/*.png"', _inside("samples good")),
    Host("masks", 'masks: "mask/*.png"', _inside("samples scratch", 'images: "scratch/*.png"')),
    Host("on", "on: good", _object(_SAMPLES, 'test "good parts pass" {', f"  {SLOT}", "  expect reject at most 2%", "}")),
    Host("expect most", "expect reject at most 2%", _object(_SAMPLES, 'test "t" {', "  on: good", f"  {SLOT}", "}")),
    Host("expect least", "expect pass at least 95%", _object(_SAMPLES, 'test "t" {', "  on: good", f"  {SLOT}", "}")),
)  # fmt: skip


# Hosts whose numbers could be of px or of % where they have no unit.
PLACES = ("region", "ignore", "box", "circle", "ring", "polygon", "except")


@dataclass(frozen=True)
class Family:
    """A kind of mistake; `spoil` gives the wrong line, or the line itself where it cannot be made."""

    name: str
    spoil: Callable[[str], str]
    same: bool | None = True  # None: what comes of it is not said
    without: tuple[str, ...] = ()  # hosts whose line could then mean two things, or is right


@dataclass(frozen=True)
class Wrong:
    """One wrong line in its spec."""

    host: Host
    family: str
    line: str
    same: bool | None

    @property
    def text(self) -> str:
        return self.host.text(self.line)


TEXTS = re.compile(r'"[^"]*"')


def outside(line: str, change: Callable[[str], str]) -> str:
    """The line with what stands outside of quotes changed."""
    pieces, done = [], 0
    for match in TEXTS.finditer(line):
        pieces += [change(line[done : match.start()]), match.group()]
        done = match.end()
    return "".join([*pieces, change(line[done:])])


def _swap(old: str, new: str, everywhere: bool = False) -> Callable[[str], str]:
    if everywhere:
        return lambda line: line.replace(old, new)
    return lambda line: outside(line, lambda part: part.replace(old, new))


def _quotes(left: str, right: str) -> Callable[[str], str]:
    return lambda line: re.sub(r'"([^"]*)"', rf"{left}\1{right}", line)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _wide_all(line: str) -> str:
    return outside(line, lambda part: _wide(part).replace(" ", "\u3000"))


def _first_word(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda line: re.sub(r"[a-z]+", lambda match: change(match.group()), line, count=1)


def _once(pattern: str, new: str) -> Callable[[str], str]:
    return lambda line: re.sub(pattern, new, line, count=1)


FAMILIES = (
    Family("wide comma", _swap(",", "，")),
    Family("ideographic comma", _swap(",", "、")),
    Family("wide colon", _swap(":", "：")),
    Family("wide braces", _swap("{", "｛")),
    Family("wide closing brace", _swap("}", "｝")),
    Family("wide placeholder", lambda line: line.replace("{object}", "｛object｝")),
    Family("corner quotes", _quotes("「", "」")),
    Family("white corner quotes", _quotes("『", "』")),
    Family("wide quotes", _quotes("＂", "＂")),
    Family("prime quotes", _quotes("〝", "〞")),
    Family("wide closing quote", _quotes('"', "＂")),
    Family("typographic quotes", _quotes("“", "”")),
    Family("wide digits", lambda line: outside(line, lambda part: re.sub(r"\d", lambda m: _wide(m.group()), part))),
    Family("wide percent", _swap("%", "％")),
    Family("wide comparison", _swap(">=", "＞＝")),
    Family("slanted comparison", _swap(">=", "⩾")),
    Family("wide point", _swap(".", "．")),
    Family("ideographic space", _swap(" ", "\u3000")),
    Family("no-break space", _swap(" ", "\u00a0")),
    Family("wide letters", _first_word(_wide)),
    Family("all wide", _wide_all),
    Family("wide stop at the end", lambda line: line + "。"),
    Family("wide semicolon at the end", lambda line: line + "；"),
    Family("zero-width space before", lambda line: "\u200b" + line),
    Family("zero-width space inside", _first_word(lambda word: word[:2] + "\u200b" + word[2:])),
    Family("zero-width spaces between", _swap(" ", "\u200b \u200b")),
    Family("soft hyphen inside", _first_word(lambda word: word[:3] + "\u00ad" + word[3:])),
    Family("byte order mark", lambda line: "\ufeff" + line),
    Family("direction marks", lambda line: "\u202a" + line + "\u202c"),
    Family("cyrillic letter", _first_word(lambda word: word.translate(str.maketrans("aeopcx", "аеорсх")))),
    Family("bullet dash", lambda line: "– " + line),
    Family("bullet minus", lambda line: "- " + line),
    Family("bullet dot", lambda line: "• " + line),
    Family("bullet long dash", lambda line: "— " + line),
    Family("numbered", lambda line: "1. " + line),
    Family("dash for colon", _swap(":", " –")),
    Family("equals for colon", _swap(":", " =")),
    Family("no colon", _swap(":", "")),
    Family("colon before brace", lambda line: re.sub(r" \{(?!object)", ": {", line)),
    Family("equals before brace", lambda line: re.sub(r" \{(?!object)", " = {", line)),
    Family("square brackets", lambda line: re.sub(r"\{(?!object)(.*)\}$", r"[\1]", line)),
    Family("round brackets", lambda line: re.sub(r"\{(?!object)(.*)\}$", r"(\1)", line)),
    Family("square brackets in braces", lambda line: re.sub(r"\{(?!object) (.*) \}$", r"{ [\1] }", line)),
    Family("round brackets in braces", lambda line: re.sub(r"\{(?!object) (.*) \}$", r"{ (\1) }", line)),
    Family("values in brackets", lambda line: re.sub(r"^(\w+): (.*)$", r"\1: [\2]", line)),
    Family("values in braces", lambda line: re.sub(r"^(\w+): (.*)$", r"\1: {\2}", line)),
    Family("equals a list", lambda line: re.sub(r" \{(?!object) (.*) \}$", r" = [\1]", line)),
    Family("colon a list", lambda line: re.sub(r" \{(?!object) (.*) \}$", r": [\1]", line)),
    Family("semicolon at the end", lambda line: line + ";"),
    Family("semicolons for commas", _swap(",", ";")),
    Family("point at the end", lambda line: line + ".", without=("include plain",)),
    Family("comma at the end", lambda line: line + ","),
    Family("backslash at the end", lambda line: line + " \\"),
    Family("capital", _first_word(str.capitalize), without=("phrase", "template")),
    Family("upper case", _first_word(str.upper), without=("phrase", "template")),
    Family("upper case throughout", lambda line: outside(line, str.upper), without=("remove region",)),
    Family("single quotes", _quotes("'", "'")),
    Family("backticks", _quotes("`", "`")),
    Family("doubled quotes", _quotes('""', '""')),
    Family("escaped quotes", _quotes('\\\\"', '\\\\"')),
    Family("quote lost at the end", _once(r'"([^"]*)"(?=[^"]*$)', r'"\1'), without=("locate",)),
    Family("quote lost at the start", _once(r'"([^"]*)"', r'\1"'), without=("locate", "ignore")),
    Family("quotes lost", _quotes("", "")),
    Family("backslash before the quote", _quotes('"', '\\\\"')),
    Family("quoted names", lambda line: re.sub(r"^(use .* as |\w+ )(\w+)(?= \{|$)", r'\1"\2"', line)),
    Family("percent sign lost", _swap("%", ""), without=("area", *PLACES)),
    Family("percent in words", _swap("%", " percent")),
    Family("percent doubled", _swap("%", "%%")),
    Family("decimal comma", lambda line: outside(line, lambda part: re.sub(r"(\d)\.(\d)", r"\1,\2", part))),
    Family("x in another way", lambda line: outside(line, lambda part: re.sub(r"(\d)x(\d)", r"\1*\2", part))),
    Family("unit lost", _swap(" px", ""), without=("box in pixels", "spots of a defect")),
    Family("unit in words", _swap(" px", " pixels")),
    Family("dollar before", lambda line: "$" + line),
    Family("slashes behind", lambda line: line + " // as agreed"),
    Family("word behind", lambda line: line + " please", same=False),
    Family("twice", lambda line: f"{line}\n    {line}", same=None),
    Family("comment of SQL", lambda line: line + " -- as agreed"),
    Family("comment in brackets", lambda line: line + " (as agreed)", same=False),
)  # fmt: skip


def wrong_lines() -> Iterator[Wrong]:
    """Every host spoiled by every family that can spoil it."""
    for host in HOSTS:
        for family in FAMILIES:
            line = family.spoil(host.line)
            if line != host.line and host.name not in family.without:
                yield Wrong(host, family.name, line, family.same)
