"""Which words of the library are offered to which group."""

from pathlib import Path

from promptdsl.builtin_words import unknown_words
from promptdsl.evaluate.words.candidates import FLAWLESS, candidates
from promptdsl.language.state_lists import state_lists

from .scoring import object_in

SPEC = """\
inspect 1
object nut {{
  normal {{ "clean {{object}}" }}
  defect scratch {{ "scratched {{object}}" }}
  defect surface_damage {{ "{{object}} with a crack" }}
  defect odd {{ "peculiar {{object}}" }}
  method winclip {{ model: {model} }}
}}
"""


def offered(folder: Path, model: str) -> dict[str, list[str]]:
    path = folder / "nut.inspect"
    path.write_text(SPEC.format(model=model), "utf-8")
    found: dict[str, list[str]] = {}
    for candidate in candidates(object_in(path)[0]):
        found.setdefault(candidate.group, []).append(candidate.phrase)
    return found


def test_groups_are_offered_what_they_are_about(tmp_path: Path) -> None:
    found = offered(tmp_path, '"ViT-B-32", "openai"')
    lists = state_lists()
    assert found["scratch"] == [p for p in lists["scratch"] if p != "scratched {object}"]
    assert found["surface_damage"] == [p for p in lists["crack"] if p != "{object} with a crack"]
    assert found["normal"] == [p for p in lists[FLAWLESS] if p != "clean {object}"]
    assert "odd" not in found


def test_the_builtin_model_is_offered_words_that_it_knows(tmp_path: Path) -> None:
    found = offered(tmp_path, '"promptdsl-mini"')
    assert found["scratch"]
    assert not [p for phrases in found.values() for p in phrases if unknown_words(p)]
    assert sum(map(len, found.values())) < sum(
        map(len, offered(tmp_path, '"ViT-B-32", "openai"').values())
    )
