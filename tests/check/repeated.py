"""Every kind of statement, right and wrong, repeated in a spec whose `use` line is broken."""

from collections.abc import Callable

Made = Callable[[int], str]
HEAD = 'inspect 1\nuse "std/winclip" as std\nuse lost as\nuse "missing" as gone\n'
BEGIN = 'object part {\n  called: "part"\n  defect bad { "bad {object}" }\n'


def _lines(line: str, count: int) -> str:
    return "".join(line.replace("@", str(index)) + "\n" for index in range(count))


def top(line: str) -> Made:
    """At the top of the file; `@` becomes the number of the line."""
    return lambda count: HEAD + _lines(line, count)


def inside(line: str) -> Made:
    """In an object."""
    return lambda count: f"{HEAD}{BEGIN}{_lines(line, count)}}}\n"


def block(head: str, line: str) -> Made:
    """In a block of an object."""
    return lambda count: f"{HEAD}{BEGIN}{head} {{\n{_lines(line, count)}}}\n}}\n"


def values(head: str, value: str) -> Made:
    """In one long list of values."""
    return lambda count: (
        f"{HEAD}{BEGIN}{head}: "
        + ", ".join(value.replace("@", str(index + 1)) for index in range(count))
        + "\n}\n}\n"
    )


def after(first: str, line: str, last: str = "") -> Made:
    """Statements behind another one at the top of the file."""
    return lambda count: f"{HEAD}{first}\n{_lines(line, count)}{last}\n"


def _removed(count: int) -> str:
    defects = _lines(
        'defect d@ { "d@ {object}" }\ntest "t@" { on: d@, expect reject at least 9% }', count
    )
    removed = _lines("remove d@", count)
    return f"{HEAD}object all {{\n{defects}}}\nobject none extends all {{\n{removed}}}\n"


def _used_and_unknown(count: int) -> str:
    uses = _lines('use "std/winclip" as s@', count)
    return f"{HEAD}{uses}{BEGIN}defect d {{\n{_lines('include t@.normal', count)}}}\n}}\n"


def _rising(count: int) -> str:
    rules = "".join(
        f"reject when area above 0.{index:05d} >= {90 - index / 100:.2f}%\n"
        for index in range(1, count)
    )
    return f"{HEAD}{BEGIN}thresholds {{\n{rules}}}\n}}\n"


def _excepted(count: int) -> str:
    boxes, out = _lines("box: 1% 1% 5% 5%", count // 2), _lines("box: 2% 2% 3% 3%", count // 2)
    return f"{HEAD}{BEGIN}region r {{\n{boxes}except {{\n{out}}}\n}}\n}}\n"


DEFECT = '{ defect bad { "bad {object}" } }'
LABELLED = (
    'defect d@ { "d@ {object}" }\nsamples d@ { images: "q.png", masks: "m.png" }\n'
    'test "t@" { on: d@, expect reject at least 9% }'
)
KINDS: dict[str, Made] = {
    "inspect": top("inspect 1"),
    "use std": top('use "std/winclip" as s@'),
    "use missing": top('use "missing@" as m@'),
    "use twice": top('use "missing" as m'),
    "use broken": top("use missing@ as"),
    "use std missing": top('use "std/winklip@" as w@'),
    "use outside": top('use "../x@" as w@'),
    "words": top('words w@ { "a@ {object}" }'),
    "words twice": top('words w { "a@ {object}" }'),
    "words including words": after('words w0 { "a {object}" }', "words w1@ { include w0 }"),
    "words including nothing": top("words w@ { include x@ }"),
    "words including a lost file": top("words w@ { include x@.y }"),
    "words of the other side": after(
        "words w { include std.normal }",
        "words v@ { include w }",
        f"{BEGIN}defect d {{ include v1\n}} }}",
    ),
    "templates": top('templates t@ { "a photo of a {object}@" }'),
    "object": top(f"object o@ {DEFECT}"),
    "object twice": top(f"object o {DEFECT}"),
    "object without defect": top("object o@ { }"),
    "object without name": top(f"object {DEFECT}"),
    "object never closed": top("object o@ {"),
    "object extending": after(f"object p {DEFECT}", "object o@ extends p { }"),
    "object extending nothing": top(f"object o@ extends p@ {DEFECT}"),
    "object extending a lost file": top(f"object o@ extends p@.q {DEFECT}"),
    "object with include base": after(
        f"object p {DEFECT}", "object o@ extends p { defect bad { include base } }"
    ),
    "object with a wrong model": top(
        'object o@ { defect bad { "bad {object}" }\nmethod winclip { model: "ViT-@" } }'
    ),
    "object with wrong settings": top(
        'object o@ { defect a { "a {object}" }\nmethod winclip { shots: 0, image_size: 17 px } }'
    ),
    "objekt": top(f"objekt o@ {DEFECT}"),
    "strange word": top("hello world @"),
    "text at the top": top('"hello@"'),
    "brace too many": top("}"),
    "brace never closed": top("x {"),
    "quote never closed": top('words w@ { "abc }'),
    "called": inside('called: "x@"'),
    "normal": inside('normal { "a {object} @" }'),
    "defect": inside('defect d@ { "bad@ {object}" }'),
    "defect twice": inside('defect bad { "bad@ {object}" }'),
    "defect empty": inside("defect d@ { }"),
    "defect with one phrase": inside('defect d@ { "bad {object}" }'),
    "defect without placeholder": inside('defect d@ { "bad@" }'),
    "defect with a lost list": inside("defect d@ { include lost.x@ }"),
    "defect with a lost file": inside("defect d@ { include lost@.x }"),
    "defect with a misspelt list": inside("defect d@ { include std.anomalus@ }"),
    "defect with good words": inside("defect d@ { include std.normal }"),
    "remove": inside("remove d@"),
    "remove of a parent's": _removed,
    "method": inside("method winclip { stride: 1 }"),
    "method unknown": inside("method winklip@ { stride: 1 }"),
    "samples": inside('samples s@ { images: "x@/*.png" }'),
    "samples of defects": inside(LABELLED),
    "test": inside('test "t@" { on: good, expect reject at least 95% }'),
    "test broken": inside('test "t@" { on: good, expect }'),
    "reserved": inside("sequence r@ { }"),
    "picture": inside("picture { tiles: 480 px }"),
    "picture line": block("picture", "tiles: 480 px"),
    "picture line unknown": block("picture", "tyles@: 480"),
    "picture line without a unit": block("picture", "overlap: 0.@"),
    "locate": block("picture", 'locate { like: "x@.png", turn: 5 }'),
    "region": inside("region r@ { box: 1% 1% 5% 5% }"),
    "region twice": inside("region r { box: 1% 1% 5% 5% }"),
    "region empty": inside("region r@ { }"),
    "region all excepted": inside("region r@ { box: 1% 1% 5% 5%, except { box: 0% 0% 9% 9% } }"),
    "region with a missing mask": inside('region r@ { mask: "x@.png" }'),
    "region never closed": inside("region r@ {"),
    "region without braces": inside("region r@"),
    "regions, all ignored": lambda count: inside(
        'region r@ { box: 1% 1% 5% 5% }\nignore "i@" { box: 0% 0% 9% 9% }'
    )(count // 2),
    "ignore": inside('ignore "i@" { box: 1% 1% 5% 5% }'),
    "ignore without why": inside("ignore i@ { box: 1% 1% 5% 5% }"),
    "box": block("region r", "box: 1% 1% 5% 5%"),
    "box without a unit": block("region r", "box: 1 1 5 @"),
    "except": block("region r", "except { box: 1% 1% 5% 5% }"),
    "box excepted": _excepted,
    "polygon": values("region r { polygon", "1% 0.@%"),
    "polygon of a comb": values("region r { polygon", "@ px 1 px, @ px 90 px"),
    "shape unknown": block("region r", "blob@: 1% 1%"),
    "remove of a region": lambda count: (
        f"{HEAD}object all {{\n{_lines('region r@ { box: 1% 1% 5% 5% }', count)}}}\n"
        f"object none extends all {{\n{_lines('remove region r@', count)}}}\n"
    ),
    "region with include base": after(
        "object p { region r { box: 1% 1% 5% 5% } }",
        "object o@ extends p { region r { include base } }",
    ),
    "phrase in an object": inside('"bad@ {object}"'),
    "phrase": block("normal", '"good@ {object}"'),
    "phrase twice": block("normal", '"good {object}"'),
    "include": block("normal", "include std.normal"),
    "include of a lost file": block("normal", "include lost@.x"),
    "include of one lost file": block("normal", "include lost.x"),
    "include of a missing file": block("normal", "include gone.x@"),
    "include unknown": block("normal", "include x@"),
    "include base": block("normal", "include base"),
    "include incomplete": block("normal", "include"),
    "bare phrase": block("normal", "good@ part"),
    "quote in a block": block("normal", '"good@ {object}'),
    "template": block("templates", '"a photo@ of a {object}"'),
    "template with an": block("templates", '"an {object} @"'),
    "field": block("method winclip", "stride: @"),
    "field unknown": block("method winclip", "stryde@: 1"),
    "field of another method": block("method winclip", "dpam_layer: 1"),
    "windows": values("method winclip { windows", "@x2"),
    "references": values("method winclip { references", '"x@.png"'),
    "blocks": values("method anomalyclip { blocks", "@"),
    "rule": block("thresholds", "reject when score >= 0.5"),
    "rules, each with an effect": _rising,
    "rule auto": block("thresholds", "reject when area above 0.@ >= auto"),
    "rule in a region": block("thresholds", "reject when score in r@ >= 0.@"),
    "rule about a spot": block("thresholds", "reject when spot above 0.5 >= @ px"),
    "rule about a spot without a unit": block("thresholds", "reject when spot above 0.5 >= @"),
    "rule about an unknown defect": block("thresholds", "reject when d@ above 0.5 >= 3 mm"),
    "rule in another order": block("thresholds", "reject when area in r above 0.@ >= 3%"),
    "rule about a part": block("thresholds", "review when part not located"),
    "rule misspelt": block("thresholds", "reject when skore@ >= 0.5"),
    "rule with a comma": block("thresholds", "reject when score >= 0,5"),
    "files used and not": _used_and_unknown,
}
