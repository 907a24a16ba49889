"""What a model makes of a name and of phrases: articles, joined words, other languages."""

import pytest

from promptdsl.check.faults.another_language import MANY_LANGUAGES, foreign_words
from promptdsl.check.known_models import open_clip_facts
from promptdsl.pipeline import Compilation, compile_text

SPEC = """inspect 1
object part {{
  called: "{called}"
  normal {{ "{{object}}" }}
  defect bad {{ "{phrase}" }}
  templates {{ "a photo of the {{object}}." }}
  method winclip {{ model: {model} }}
}}
"""
ENGLISH = '"ViT-B-16-plus-240", "laion400m_e31"'


def compiled(
    called: str = "metal nut", phrase: str = "bent {object}", model: str = ENGLISH
) -> Compilation:
    return compile_text(SPEC.format(called=called, phrase=phrase, model=model), "nut.inspect")


def mended(compilation: Compilation, code: str) -> str:
    """The text with the one fix of that code."""
    (item,) = [item for item in compilation.report if item.code == code]
    assert item.fix is not None and item.severity == "warning"
    text, fix = compilation.sources["nut.inspect"].text, item.fix
    return text[: fix.span.start] + fix.replacement + text[fix.span.end :]


@pytest.mark.parametrize(
    ("called", "code", "better"),
    [
        ("a metal nut", "I212", "metal nut"),
        ("the metal nut", "I212", "metal nut"),
        ("An oil_filter", "I212", "oil filter"),
        ("metal_nut", "I213", "metal nut"),
        ("pcb_4__side", "I213", "pcb 4 side"),
    ],
)
def test_a_name_is_mended(called: str, code: str, better: str) -> None:
    compilation = compiled(called)
    assert [item.code for item in compilation.report] == [code]
    fixed = mended(compilation, code)
    assert f'called: "{better}"' in fixed
    assert not list(compile_text(fixed, "nut.inspect").report)


@pytest.mark.parametrize("called", ["anode", "theatre seat", "a-frame", "the", "A4 sheet", "_"])
def test_a_name_without_article(called: str) -> None:
    assert not {"I212", "I213"} & {item.code for item in compiled(called).report}


def test_joined_words_of_a_phrase_are_mended() -> None:
    fixed = mended(compiled(phrase="bent_up {object}_with a hole"), "I213")
    assert '"bent up {object} with a hole"' in fixed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{object} mit Kratzer", ["mit", "Kratzer"]),
        ("beschädigte {object}", ["beschädigte"]),
        ("\u6709\u5212\u75d5\u7684{object}", ["\u6709\u5212\u75d5\u7684"]),
        ("\u50b7\u306e\u3042\u308b{object}", ["\u50b7\u306e\u3042\u308b"]),
        ("\u0438\u0437\u043d\u043e\u0441 {object}", ["\u0438\u0437\u043d\u043e\u0441"]),
        ("{object} avec une rayure", ["avec", "une", "rayure"]),
        ("{object} zonder krassen", ["zonder", "krassen"]),
        ("{object} con un gra\u0303o", ["gr\u00e3o"]),
        ("{object} with a na\u00efve fa\u00e7ade", []),
        ("\u00d8 5 {object}, 3 \u00b5m off, 20 \u00b0C, M\u2264 2 \u03a9", []),
        ("die cut {object} with rust and rot, gut und", ["und"]),
        ("a MIT photo of the {object} on a DES tray", []),
        ("{object} with damaged teeth, dented rim and a fissure", []),
    ],
)  # fmt: skip
def test_words_of_another_language(text: str, words: list[str]) -> None:
    assert foreign_words(text) == words


def test_the_libraries_are_english() -> None:
    from promptdsl.resources import standard_library

    for path in standard_library().rglob("*.inspect"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not foreign_words(line.partition("#")[0]), (path.name, line)


def test_an_english_model_is_warned_of_once() -> None:
    report = compiled("Mutter", "zerkratzte {object}, verbogen").report
    (item,) = [item for item in report if item.code == "I214"]
    assert "zerkratzte, verbogen" in item.message and "ViT-B-16-plus-240" in item.message


@pytest.mark.parametrize(
    "model",
    [
        MANY_LANGUAGES, '"promptdsl-mini"', '"xlm-roberta-base-ViT-B-32", "x"',
        '"ViT-B-16-SigLIP-i18n-256", "webli"',
    ],
)  # fmt: skip
def test_other_models_are_not(model: str) -> None:
    found = compiled("Mutter", "zerkratzte {object}", model).report
    assert "I214" not in {item.code for item in found}


def test_the_model_that_is_offered_can_serve() -> None:
    name, tag = MANY_LANGUAGES.replace('"', "").split(", ")
    facts = open_clip_facts(name)
    assert facts is not None and facts.tags[tag] == facts.quick_gelu


def test_unknown_words_are_one_message() -> None:
    phrases = '", "'.join(f"qz{index}x {{object}}" for index in range(30))
    found = compiled("gasket", phrases, '"promptdsl-mini"').report
    (item,) = [item for item in found if item.code == "I210"]
    assert item.message.startswith(
        "promptdsl-mini has never seen 31 words of this spec: gasket, qz"
    )
    assert item.message.endswith(" and 19 more")
