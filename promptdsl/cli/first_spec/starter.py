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
    parts = [
        _head(),
        [f"object {starter.name} {{"],
        _words(starter),
        _method(starter),
        _thresholds(),
        _samples(starter),
        ["}"],
    ]
    return "\n".join(line for part in parts for line in part) + "\n"


def _head() -> list[str]:
    return [
        "inspect 1  # the version of this language",
        "",
        "# What the model reads is in quotes, {object} stands for the part, # begins a comment.",
        "# Try it: promptdsl check, promptdsl prompts, promptdsl run",
        'use "std/winclip" as std  # published words and photo templates',
        "",
    ]


def _words(starter: Starter) -> Iterable[str]:
    yield f"  called: {quote(starter.called)}  # how the part is called in the prompts"
    yield ""
    yield "  # words for a good part"
    yield "  normal {"
    yield "    include std.normal"
    yield '    # "{object} with a clean surface"'
    yield "  }"
    yield ""
    yield "  # words for each defect; more and more exact words help"
    for defect in starter.defects:
        yield f"  defect {defect.name} {{"
        yield from (f"    {quote(phrase)}" for phrase in defect.phrases)
        yield "  }"
    if all(defect.name != "other" for defect in starter.defects):
        yield "  defect other { include std.anomalous }  # any other damage"
    yield ""


def _method(starter: Starter) -> Iterable[str]:
    yield "  method winclip {"
    if starter.model == BUILTIN:
        yield "    # small and built in: for learning and demonstrations"
        yield f"    # for production: model: {', '.join(map(quote, FULL))}"
    yield f"    model: {', '.join(map(quote, starter.model))}"
    if starter.references:
        yield f"    references: {', '.join(map(quote, starter.references))}  # good parts"
        yield f"    shots: {starter.shots}  # how many of them to compare with"
    else:
        yield "    # with a few pictures of good parts results get better:"
        yield '    # references: "references/*.png"'
        yield f"    # shots: {DEFAULT_SHOTS}"
    yield "  }"
    yield ""


def _thresholds() -> list[str]:
    return [
        "  # tried from top to bottom, the first that holds decides; otherwise the part passes",
        "  thresholds {",
        "    reject when score >= 0.5  # a first guess: calibrate it on your own pictures",
        "    # review when score >= 0.4",
        "    # reject when area above 0.70 >= 0.5%",
        "  }",
    ]


def _samples(starter: Starter) -> Iterable[str]:
    labelled = [("good", starter.good)] if starter.good else []
    labelled += [(defect.name, defect.pictures) for defect in starter.defects if defect.pictures]
    yield ""
    if not labelled:
        yield "  # pictures to test with, sorted into folders next to this file:"
        yield '  # samples good { images: "good/*.png" }'
        yield f'  # samples {starter.defects[0].name} {{ images: "defective/*.png" }}'
        yield '  # test "good parts pass" { on: good, expect reject at most 2% }'
        return
    yield "  # labelled pictures, to test and calibrate with"
    for label, patterns in labelled:
        yield f"  samples {label} {{ images: {', '.join(map(quote, patterns))} }}"
    yield ""
    yield "  # what these pictures must show; the shares are yours to choose"
    for label, _ in labelled:
        if label == "good":
            yield '  test "good parts are not thrown away" { on: good, expect reject at most 2% }'
        else:
            title = quote(f"{label.replace('_', ' ')} is caught")
            yield f"  test {title} {{ on: {label}, expect reject at least 95% }}"
