"""A first spec with comments that say what each part is for; written for people to go on with."""

from collections.abc import Iterable
from dataclasses import dataclass

from promptdsl.language.statements import quote

BUILTIN = ("promptdsl-mini",)
FULL = ("ViT-B-16-plus-240", "laion400m_e31")
DEFAULT_SHOTS = 4


@dataclass(frozen=True, slots=True)
class StarterDefect:
    """One defect: its name, its phrases, and patterns of pictures that show it."""

    name: str
    phrases: tuple[str, ...]
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Starter:
    """What a person has told about a part. Pictures are patterns relative to the spec."""

    name: str
    called: str
    defects: tuple[StarterDefect, ...]
    model: tuple[str, ...] = FULL
    good: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    shots: int = DEFAULT_SHOTS  # of the references; no more than there are


def write_starter(starter: Starter) -> str:
    """The text of the spec."""
    return f"""\
inspect 1  # the version of this language

# What the model reads is in quotes, {{object}} stands for the part, # begins a comment.
# Try it: promptdsl check, promptdsl prompts, promptdsl run
use "std/winclip" as std  # published words and photo templates

object {starter.name} {{
  called: {quote(starter.called)}  # how the part is called in the prompts

  # words for a good part
  normal {{
    include std.normal
    # "{{object}} with a clean surface"
  }}

  # words for each defect; more and more exact words help
{_defects(starter)}
  method winclip {{
{_method(starter)}  }}

  # tried from top to bottom, the first that holds decides; otherwise the part passes
  thresholds {{
    reject when score >= 0.5  # a first guess: calibrate it on your own pictures
    # review when score >= 0.4
    # reject when area above 0.70 >= 0.5%
  }}

{_samples(starter)}}}
"""


def _defects(starter: Starter) -> str:
    lines = []
    for defect in starter.defects:
        phrases = [f"    {quote(phrase)}" for phrase in defect.phrases]
        lines += [f"  defect {defect.name} {{", *phrases, "  }"]
    if all(defect.name != "other" for defect in starter.defects):
        lines.append("  defect other { include std.anomalous }  # any other damage")
    return _text(lines)


def _method(starter: Starter) -> str:
    lines = [f"    model: {_quoted(starter.model)}"]
    if starter.model == BUILTIN:
        lines[:0] = [
            "    # small and built in: for learning and demonstrations",
            f"    # for production: model: {_quoted(FULL)}",
        ]
    if starter.references:
        lines += [
            f"    references: {_quoted(starter.references)}  # good parts",
            f"    shots: {starter.shots}  # how many of them to compare with",
        ]
    else:
        lines += [
            "    # with a few pictures of good parts results get better:",
            '    # references: "references/*.png"',
            f"    # shots: {DEFAULT_SHOTS}",
        ]
    return _text(lines)


def _samples(starter: Starter) -> str:
    labelled = {"good": starter.good} | {one.name: one.pictures for one in starter.defects}
    labelled = {label: patterns for label, patterns in labelled.items() if patterns}
    if not labelled:
        return _text(
            [
                "  # pictures to test with, sorted into folders next to this file:",
                '  # samples good { images: "good/*.png" }',
                f'  # samples {starter.defects[0].name} {{ images: "defective/*.png" }}',
                '  # test "good parts pass" { on: good, expect reject at most 2% }',
            ]
        )
    return _text(
        [
            "  # labelled pictures, to test and calibrate with",
            *(f"  samples {name} {{ images: {_quoted(labelled[name])} }}" for name in labelled),
            "",
            "  # what these pictures must show; the shares are yours to choose",
            *map(_test, labelled),
        ]
    )


def _test(label: str) -> str:
    if label == "good":
        return '  test "good parts are not thrown away" { on: good, expect reject at most 2% }'
    title = quote(f"{label.replace('_', ' ')} is caught")
    return f"  test {title} {{ on: {label}, expect reject at least 95% }}"


def _quoted(texts: Iterable[str]) -> str:
    return ", ".join(map(quote, texts))


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
