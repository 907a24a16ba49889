"""Texts that no person would write, and what compiling one costs."""

import os
import random
from collections.abc import Callable

THOROUGH = int(os.environ.get("PROMPTDSL_FUZZ_ROUNDS", "0")) > 1000
MB = 999_000 if THOROUGH else 100_000  # of the 1 MB that a spec may have


def _objects(count: int) -> str:
    one = 'object o{0} {{ defect d {{ "bent {{object}}" }} }}\n'
    return "inspect 1\n" + "".join(one.format(index) for index in range(count))


def _noise(size: int, alphabet: str) -> bytes:
    dice = random.Random(size)
    return "".join(dice.choices(alphabet, k=size)).encode()


def _chain(count: int) -> str:
    links = [f'object o{i} extends o{i + 1} {{ called: "part" }}\n' for i in range(count)]
    return (
        "inspect 1\n" + "".join(links) + f'object o{count} {{ defect d {{ "bent {{object}}" }} }}'
    )


def _circle(count: int) -> str:
    links = [f"words w{i} {{ include w{(i + 1) % count} }}\n" for i in range(count)]
    return "inspect 1\n" + "".join(links)


def _doubling(levels: int) -> str:
    lists = [f"words w{i} {{ include w{i + 1}, include w{i + 1} }}\n" for i in range(levels)]
    last = f'words w{levels} {{ "bent {{object}}" }}\nobject o {{ defect d {{ include w0 }} }}\n'
    return "inspect 1\n" + "".join(lists) + last


def _product(phrases: int, templates: int) -> str:
    words = "".join(f'"bent{i} {{object}}"\n' for i in range(phrases))
    photos = "".join(f'"photo {i} of a {{object}}"\n' for i in range(templates))
    return f"inspect 1\nobject o {{\ndefect d {{\n{words}}}\ntemplates {{\n{photos}}}\n}}\n"


def _lines(line: str, count: int) -> str:
    return "".join(line.replace("@", str(index)) for index in range(count))


def _list_in_each_defect(phrases: int, defects: int) -> str:
    words = _lines('"bent@ {object}"\n', phrases)
    blocks = _lines("defect d@ { include w }\n", defects)
    return f"inspect 1\nwords w {{\n{words}}}\nobject a {{\n{blocks}}}\n"


def _children(before: str, line: str, lines: int, behind: str = "") -> str:
    parent = (
        f'object p {{\ndefect d {{ "bent {{object}}" }}\n{before}{_lines(line, lines)}{behind}}}\n'
    )
    return f"inspect 1\n{parent}{_lines('object c@ extends p { }' + chr(10), 1_900)}"


def _doubling_base(block: str, line: str, levels: int) -> str:
    first = f'object o0 {{ defect d {{ "bent {{object}}" }}\n{block} {{ {line} }} }}\n'
    twice = f"{block} {{ include base, include base }}"
    links = (f"object o{i} extends o{i - 1} {{ {twice} }}\n" for i in range(1, levels))
    return "inspect 1\n" + first + "".join(links)


def _long_text(called: str, template: str) -> str:
    words = _lines('"bent@ {object}"\n', 500)
    photos = _lines('"photo @ of a {object}"\n', 20)
    body = f'called: "{called}"\ndefect d {{\n{words}}}\ntemplates {{\n{photos}"{template}"\n}}\n'
    return f"inspect 1\nobject o {{\n{body}}}\n"


SMALL = 'inspect 1\nobject nut {\n  defect bent { "bent {object}" }\n}\n'
_LANGUAGE = [
    "object",
    "defect",
    "{",
    "}",
    '"',
    ",",
    "\n",
    "include",
    "test",
    "called:",
    "1",
    "#",
    " ",
]

TEXTS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "random bytes": lambda: random.Random(1).randbytes(200_000),
    "random ASCII": lambda: _noise(400_000, "abc{}\"#:,.\n \\%x0123<>='"),
    "random words": lambda: " ".join(random.Random(3).choices(_LANGUAGE, k=200_000)).encode(),
    "NULs": lambda: b"\0" * MB,
    "NULs in a spec": lambda: SMALL.replace(" ", "\0").encode(),
    "BOM": lambda: b"\xef\xbb\xbf" + SMALL.encode(),
    "UTF-16": lambda: SMALL.encode("utf-16"),
    "UTF-16 without a mark": lambda: SMALL.encode("utf-16-le"),
    "Latin-1": lambda: SMALL.replace("bent {", "b\u00e9nt {").encode("latin-1"),
    "lone surrogates": lambda: SMALL.replace("nut", "n\ud800t").encode("utf-8", "surrogatepass"),
    "CR only": lambda: SMALL.replace("\n", "\r").encode(),
    "CRLF": lambda: SMALL.replace("\n", "\r\n").encode(),
    "tabs and form feeds": lambda: SMALL.replace("  ", "\t\f\v").encode(),
    "other line ends": lambda: SMALL.replace("\n", "\u2028").encode(),
    "bidi controls": lambda: SMALL.replace("bent {", "\u202ebent\u2066 {").encode(),
    "zero-width letters": lambda: SMALL.replace("defect", "def\u200bect").encode(),
    "non-characters": lambda: ("\uffff\ufffe" * 1000 + SMALL).encode(),
    "10 MB": lambda: (SMALL * 200_000).encode()[:10_000_000],
    "1,000 levels of braces": lambda: ("inspect 1\n" + "object a {" * 1000 + "}" * 1000).encode(),
    "much of {": lambda: b"{" * MB,
    "much of }": lambda: b"}" * MB,
    "much of quotes": lambda: b'"' * MB,
    "much of quotes on lines": lambda: b'"\n' * (MB // 2),
    "much of backslashes": lambda: b'"' + b"\\" * (MB - 1),
    "much of colons": lambda: b":" * MB,
    "much of commas": lambda: b"," * MB,
    "much of #": lambda: b"#" * MB,
    "much of line ends": lambda: b"\n" * MB,
    "much of include a": lambda: b"inspect 1\n" + b"include a\n" * (MB // 10 - 2),
    "much of include a in a block": lambda: (
        b"inspect 1\nwords b {" + b"include a\n" * (MB // 10 - 9)
    ),
    "much of defect": lambda: b"defect\n" * (MB // 7),
    "much of object": lambda: b"object " * (MB // 7),
    "much of curly quotes": lambda: "\u201ca\u201d\n".encode() * (MB // 8),
    "much of digits": lambda: b"1" * MB,
    "much of %": lambda: b"1 " * (MB // 2),
    "one text": lambda: b'inspect 1\nwords a { "' + b"a " * (MB // 2 - 50) + b'{object}" }',
    "one name": lambda: b"inspect 1\nobject " + b"a" * (MB - 100) + b" { }",
    "one line": lambda: _objects(MB // 55).replace("\n", ",").encode()[: MB - 100],
    "one phrase line": lambda: (
        b"inspect 1\nwords a { " + b'"bent {object}", ' * (MB // 17) + b'"x {object}" }'
    ),
    "very many objects": lambda: _objects(MB // 55).encode(),
    "many placeholders": lambda: b'inspect 1\nwords a { "' + b"{object}" * (MB // 10) + b'" }',
    "many spaces": lambda: b"inspect 1\nwords a { " + b" " * (MB - 100) + b"}",
    "half placeholders": lambda: b'inspect 1\nwords a { "' + b"{ " * (MB // 2 - 50) + b'" }',
    "extends chain of 5,000": lambda: _chain(5000).encode(),
    "lists in a circle of 5,000": lambda: _circle(5000).encode(),
    "lists doubling 40 times": lambda: _doubling(40).encode(),
    "300 million prompts": lambda: _product(20_000, 15_000).encode(),
    "a list in each defect": lambda: _list_in_each_defect(6_000, 3_000).encode(),
    "a parent of many defects": lambda: _children(
        "", 'defect d@ { "x@ {object}" }\n', 8_000
    ).encode(),
    "a parent of many tests": lambda: _children(
        "", 'test "@" { on: good, expect pass at most 1% }\n', 6_000
    ).encode(),
    "a parent of many rules": lambda: _children(
        "thresholds {\n", "reject when score >= 0.5\n", 4_000, "}"
    ).encode(),
    "rules doubling 40 times": lambda: _doubling_base(
        "thresholds", "reject when score >= 0.5", 40
    ).encode(),
    "phrases doubling 40 times": lambda: _doubling_base("normal", '"good {object}"', 40).encode(),
    "an endless name": lambda: _long_text("part " * 30_000, "a {object}").encode(),
    "an endless template": lambda: _long_text("part", "a " * 60_000 + "{object}").encode(),
    "a phrase of a page, often": lambda: (
        'inspect 1\nwords w { "'
        + "part " * 20_000
        + '{object}" }\nobject a { defect d {\n'
        + "include w\n" * 9_000
        + '}\ntemplates { "a {object}", "the {object}" } }'
    ).encode(),
    "lists of a long list, unused": lambda: (
        "inspect 1\nwords w {\n"
        + _lines('"bent@ {object}"\n', 6_000)
        + "}\n"
        + _lines("words v@ { include w }\n", 4_000)
    ).encode(),
    "a chain of lists from its end": lambda: (
        'inspect 1\nwords w0 { "bent {object}" }\n'
        + "".join(f"words w{i} {{ include w{i - 1} }}\n" for i in range(1, 3_000))
        + "object a { defect b { include w2999 } }\n"
    ).encode(),
    "a chain of lists": lambda: (
        "inspect 1\n" + "".join(f"words w{i} {{ include w{i + 1} }}\n" for i in range(5000))
    ).encode(),
    "doubled objects": lambda: ("inspect 1\n" + "object a { }\n" * (MB // 14)).encode(),
    "doubled fields": lambda: (
        "inspect 1\nobject a { method winclip {\n" + "stride: 1\n" * (MB // 11) + "} }"
    ).encode(),
    "doubled tests": lambda: (
        "inspect 1\nobject a {\n"
        + 'test "t" { on: x, expect pass at most 1% }\n' * (MB // 55)
        + "}"
    ).encode(),
    "many rules": lambda: (
        'inspect 1\nobject a { defect b { "c {object}" }\nthresholds {\n'
        + "reject when score >= 0.5\n" * (MB // 26)
        + "} }"
    ).encode(),
    "misspelt words": lambda: (
        "inspect 1\nobject a {\n" + "defekt b { }\n" * (MB // 14) + "}"
    ).encode(),
    "unknown names": lambda: (
        "inspect 1\n"
        + "".join(f'words w{i} {{ "a {{object}}" }}\n' for i in range(MB // 66))
        + "object a { defect b {\n"
        + "".join(f"include v{i}\n" for i in range(MB // 66))
        + "} }"
    ).encode(),
    "many globs": lambda: (
        'inspect 1\nobject a { defect b { "c {object}" }\nmethod winclip { references: '
        + ", ".join(f'"x{i}/**/*.png"' for i in range(MB // 25))
        + " } }"
    ).encode(),
    "long numbers": lambda: (
        'inspect 1\nobject a { defect b { "c {object}" }\nmethod winclip { stride: '
        + "9" * 5000
        + "\nseed: 1."
        + "0" * 5000
        + "\nwindows: "
        + "9" * 5000
        + "x2 } }"
    ).encode(),
}
