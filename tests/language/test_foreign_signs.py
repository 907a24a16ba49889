"""Signs of other keyboards, characters that nobody sees, and lines of other formats."""

import time

import pytest

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.recovery.foreign_signs import with_plain_signs
from promptdsl.language.recovery.other_notations import blank_pasted, other_format
from promptdsl.language.recovery.signs import latin, plain, readable
from promptdsl.language.tokens import HIDDEN
from promptdsl.pipeline import compile_text
from promptdsl.source import SourceFile
from tests.robustness.corpus import corpus


def folded(text: str) -> tuple[str, list[str]]:
    """The text that the further passes see, and the codes of what was told."""
    report = Report()
    found = with_plain_signs(SourceFile("s", text), report).text
    assert len(found) == len(text), "offsets must stay true"
    return found.replace(HIDDEN, ""), [item.code for item in report]


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        (
            "defect a ｛ 「b {object}」， ＂c {object}＂ ｝",
            'defect a { "b {object}", "c {object}" }',
        ),
        ("windows： image、 ２x２", "windows: image, 2x2"),
        ("reject when score ＞＝ ０．６２。", "reject when score >= 0.62 "),
        ("reject when score >= ٠٫٥", "reject when score >= 0.5"),
        ("оbject nut", "object nut"),
        ('defect a { "b ｛object｝" }', 'defect a { "b {object}" }'),
        ('"a {object}＂， "b {object}”', '"a {object}", "b {object}"'),
        ("＃ nothing here： is told", "# nothing here： is told"),
    ],
)
def test_signs_outside_of_texts_are_folded_and_told_once(written: str, seen: str) -> None:
    assert folded(written) == (seen, ["I130"])


@pytest.mark.parametrize(
    "text",
    [
        'test "良品は合格、捨てない：％" { on: good }',
        'called: "Größe 5 µm × 3 mm²"',
        'defect a { "погнутый {object}", "有划痕的{object}，很深" }',
        'defect a { "می\u200cخورد {object}", "👩\u200d🔧 {object}" }',
        "# ein Kommentar： ｛「\u200b",
        "reject when score ≥ 0.5",
        "windows: 2×2",
        'defect a { "x» {object} „y“, z", "5” {object}" }',
    ],
)
def test_texts_and_comments_of_any_language_stay(text: str) -> None:
    assert folded(text) == (text, [])


def test_what_nobody_sees_is_left_out_of_words() -> None:
    assert folded("\u200bob\u00adject nut\u2060 {") == (" object nut  {", ["I131"])
    assert folded("defect\u200bbent {") == ("defect bent {", ["I131"])
    assert folded('images: "good\u200b/*.png"') == ('images: "good\u200b/*.png"', ["I132"])


def test_words_of_one_script_stay() -> None:
    assert latin("scrаtch") == "scratch" and latin("ｂｅｎｔ") == "bent"
    assert latin("погнутый") is None and latin("Größe") is None
    assert readable("ben\u00adt scrаtch") == "bent scratch"
    assert plain("：") == ":" and plain("²") is None and plain("ä") is None


def test_no_valid_spec_looks_like_another_format() -> None:
    for spec in corpus():
        assert other_format(spec.text) is None, spec.name
        assert blank_pasted(SourceFile("s", spec.text), spec.text, Report()) == spec.text, spec.name


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("table", "object,defect,phrase\nnut,scratch,scratched nut\n"),
        ("table", "Teil;Fehler\nMutter;Kratzer\n"),
        ("table", "object\tdefect\nnut\tscratch\n"),
        ("table", "inspect 1\nobject,defect,phrase\nnut,scratch,scratched nut\n"),
        ("YAML", "object: nut\nnormal:\n  - flawless {object}\nthreshold: 0.5\n"),
        ("YAML", "inspect: 1\nobject: nut\nnormal:\n  - flawless {object}\n"),
        ("JSON", '{\n  "object": "nut",\n  "defects": ["scratched"]\n}\n'),
        ("JSON", '[{"object": "nut"}]'),
        ("INI", "[object]\nname = nut\nthreshold = 0.5\n"),
        ("XML", '<?xml version="1.0"?>\n<object/>\n'),
        ("program", "import os\nWORDS = ['scratched']\n"),
    ],
)
def test_a_file_of_another_kind_costs_one_message(kind: str, text: str) -> None:
    (told,) = compile_text(text).report
    assert told.code == "I135" and kind in told.message


MANY = 5_000
OBJECT = 'inspect 1\nobject a {{ defect b {{ "b {{object}}" }}\n{}\n}}'


@pytest.mark.parametrize(
    "text",
    [
        "「" * 4 * MANY,
        "a\u200b" * 4 * MANY,
        "，" * 4 * MANY,
        "。" * 4 * MANY,
        '"\u200ba"\n' * MANY,
        'defect b { "a\\",' * MANY,
        'defect b { ""a"",' * MANY,
        "defect a [ " * MANY + "] " * MANY,
        "[ " * 4 * MANY,
        "– reject ｗhen「x\n" * MANY,
        "thresholds {\n" + "review when score between 0.4 and 0.6\n" * MANY + "}",
        "thresholds { " + "reject when b of " * MANY + "}",
        "a,b,{object}\n" * MANY,
        "a,{object}\n" * MANY,
        "a:\n" * MANY,
        '"a": {\n' * MANY,
        "normal {\n" + "include std normal\n" * MANY + "}",
        'test "t" {\n' + "expect reject >= 95%\n" * MANY + "}",
    ],
    ids=lambda text: text[:20],
)
def test_many_mistakes_take_time_in_proportion(text: str) -> None:
    started = time.process_time()
    assert compile_text(OBJECT.format(text)).report.errors
    assert time.process_time() - started < 10.0
