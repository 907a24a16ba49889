"""Every set of phrases taken out of every layout of a block: what is left is a spec, and tidy."""

import re
from itertools import combinations

import pytest

from promptdsl.evaluate.words.patch import Rewording, reword
from promptdsl.evaluate.words.units import groups_of
from promptdsl.pipeline import compile_text
from promptdsl.spec import ObjectSpec

A, B, C, D = (f'"{letter} {{object}}"' for letter in "abcd")
NEW = "new {object}"
LAYOUTS = {
    "one line": f"{{ {A}, {B}, {C}, {D} }}",
    "tight": f"{{{A},{B},{C},{D}}}",
    "comma at the end": f"{{ {A}, {B}, {C}, {D}, }}",
    "spaces before commas": f"{{ {A} , {B} ,{C}\t,\t{D} }}",
    "lines": f"{{\n    {A}\n    {B}\n    {C}\n    {D}\n  }}",
    "lines with commas": f"{{\n    {A},\n    {B},\n    {C},\n    {D},\n  }}",
    "two on a line": f"{{\n    {A}, {B}\n    {C}, {D}\n  }}",
    "two on a line with commas": f"{{\n    {A}, {B},\n    {C}, {D},\n  }}",
    "beside the braces": f"{{ {A},\n    {B}\n    {C}, {D} }}",
    "commas in front": f"{{ {A}\n    , {B}\n    , {C}\n    , {D}\n  }}",
    "with comments": f"{{ # 1\n    {A}  # 2\n    {B}, {C} # 3\n    # 4\n    {D} # 5\n  }} # 6",
    "comments at the braces": f'{{ {A}, {B} # 1, "x"\n    # 2\n    {C}, # 3\n    {D} }} # 4',
    "an include": f"{{ include m, {A}, {B} }}",
    "an include on its line": f"{{\n    include m # 1\n    {A}, {B}\n  }}",
    "an include behind": f"{{ {A}, include m }}",
    "an include between": f"{{\n    {A}, include m, {B} # 1\n  }}",
}


def spec(group: str, layout: str) -> str:
    head = "normal" if group == "normal" else f"defect {group}"
    rest = "normal" if group != "normal" else "defect dent"
    return (
        'inspect 1\nwords m { "m {object}", "n {object}" }\nobject nut {\n'
        f'  {head} {layout}\n  {rest} {{ "x {{object}}" }}\n'
        '  method winclip { model: "promptdsl-mini" }\n}\n'
    )


def compiled(text: str) -> ObjectSpec:
    result = compile_text(text, "nut.inspect")
    assert result.ok and result.spec is not None, [e.message for e in result.report.errors] + [text]
    return result.spec.objects[0]


def comments_that_stay(text: str, gone: list[str]) -> list[str]:
    """Comments on lines where more stands than phrases that go."""
    found = []
    for line in text.splitlines():
        code, sign, comment = re.fullmatch(r'((?:"[^"]*"|[^#"])*)(#?)(.*)', line).groups()  # type: ignore[union-attr]
        rest = code
        for phrase in gone:
            rest = rest.replace(f'"{phrase}"', "")
        if sign and (rest.strip(" ,\t") or not code.strip()):
            found.append(comment)
    return found


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("group", ["normal", "scratch"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_set_of_phrases_can_go(layout: str, group: str, newline: str) -> None:
    text = spec(group, LAYOUTS[layout]).replace("\n", newline)
    item = compiled(text)
    old = [phrase.text for phrase in groups_of(item)[group]]
    sets = [s for size in range(len(old) + 1) for s in combinations(range(len(old)), size)]
    for removed in sets:
        for added in ((), (NEW,)):
            left = [phrase for n, phrase in enumerate(old) if n not in removed]
            if not left and not added:
                continue
            edited = reword(text, item, {group: Rewording(frozenset(removed), added)})
            assert [p.text for p in groups_of(compiled(edited))[group]] == [*left, *added]
            gone = [] if "include" in layout else [old[n] for n in removed]
            for comment in comments_that_stay(text, gone):
                assert comment in edited
            assert newline == "\n" or "\n" not in edited.replace("\r\n", "")


@pytest.mark.parametrize(
    ("block", "removed", "left"),
    [
        (f"{{ {A}, {B}, {C} }}", [2], f"{{ {A}, {B} }}"),
        (f"{{ {A}, {B}, {C} }}", [1, 2], f"{{ {A} }}"),
        (f"{{ {A}, {B}, {C} }}", [0, 1], f"{{ {C} }}"),
        (f"{{ {A}, {B}, {C} }}", [1], f"{{ {A}, {C} }}"),
        (f"{{{A},{B}}}", [1], f"{{{A}}}"),
        (f"{{{A},{B}}}", [0], f"{{{B}}}"),
        (f"{{ {A} , {B} }}", [0], f"{{ {B} }}"),
        (f"{{ {A} , {B} }}", [1], f"{{ {A} }}"),
        (f"{{\n    {A}, {B}\n    {C}\n  }}", [1], f"{{\n    {A}\n    {C}\n  }}"),
        (f"{{\n    {A}, {B}  # why\n  }}", [1], f"{{\n    {A}  # why\n  }}"),
        (f"{{\n    {A},\n    {B},\n  }}", [0], f"{{\n    {B},\n  }}"),
        (f"{{\n    {A}, {B}, # why\n    {C}\n  }}", [0, 1], f"{{\n    {C}\n  }}"),
    ],
)
def test_what_goes_takes_its_comma_and_its_space(block: str, removed: list[int], left: str) -> None:
    text = spec("scratch", block)
    edited = reword(text, compiled(text), {"scratch": Rewording(frozenset(removed))})
    assert edited == spec("scratch", left)
