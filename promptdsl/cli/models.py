"""`promptdsl models`: which models a spec may name, which are here, how to bring the others."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from promptdsl.cli.models_import import WithImport
from promptdsl.cli.shared.options import format_option
from promptdsl.cli.shown.terminal import say, write_json
from promptdsl.methods import DEFAULT_MODEL

if TYPE_CHECKING:
    from promptdsl.clip.catalogue import Offered

EPILOG = """\b
Examples:
  promptdsl models
  promptdsl models ViT-L-14 --cached
  promptdsl models --fetch ViT-B-16-plus-240 laion400m_e31
  promptdsl models import epoch_15.pth   (learned weights: see its --help)

\b
To a machine without internet:
  1. where there is internet: promptdsl models --fetch NAME TAG
  2. copy the folder that it prints to the same place on the other machine
  or put an open_clip config JSON and a weights file next to the spec:
     model: "model.json", "model.safetensors"
"""


@click.command("models", cls=WithImport, epilog=EPILOG)
@click.argument("words", nargs=-1, metavar="[WORDS...]")
@click.option("--cached", is_flag=True, help="Only those whose weights are on this machine.")
@click.option("--fetch", nargs=2, metavar="NAME TAG", help="Download weights into the cache.")
@format_option(help=None)
def command(words: tuple[str, ...], cached: bool, fetch: tuple[str, str] | None, form: str) -> None:
    """List what `model:` in a spec may name; WORDS keep the lines that contain all of them."""
    if fetch:
        _fetch(*fetch)
        return
    from promptdsl.clip.catalogue import builtin, hub_cache, open_clip_models

    everything = [builtin(), *open_clip_models(_served_pairs())]
    offered = [o for o in everything if _matches(o, words) and (o.cached or not cached)]
    if form == "json":
        fields = [_as_json(item) for item in offered]
        write_json({"models": fields, "cache": str(hub_cache())})
        return
    _print_table(offered, len(everything), str(hub_cache()))


def _served_pairs() -> Iterator[tuple[str, str]]:
    """Names and tags that can serve and agree about the activation function."""
    from promptdsl.check.known_models import open_clip_facts, open_clip_names

    for name in open_clip_names():
        facts = open_clip_facts(name)
        if facts is not None:
            yield from (
                (name, tag) for tag in sorted(facts.tags) if facts.tags[tag] == facts.quick_gelu
            )


def _matches(offered: "Offered", words: Sequence[str]) -> bool:
    text = " ".join(offered.model).casefold()
    return all(word.casefold() in text for word in words)


def _as_json(offered: "Offered") -> dict[str, object]:
    fields = {**dataclasses.asdict(offered), "cached": offered.cached}
    if offered.kind == "builtin":
        from promptdsl.builtin_words import known_defects, known_objects

        fields["knows"] = {name: known_defects(name) for name in known_objects()}
    return fields


def _print_table(offered: Sequence["Offered"], total: int, cache: str) -> None:
    width = max((len(_spec_text(o)) for o in offered), default=0)
    for item in offered:
        say(f"{_spec_text(item):<{width}}  {_state(item)}")
    say(f"\n{len(offered)} of {total} models. Weights are kept in {cache}")
    _print_builtin(alone=[item.kind for item in offered] == ["builtin"])
    default = ", ".join(f'"{part}"' for part in DEFAULT_MODEL)
    say(f"For production: {default} (the default).")
    say("Without internet: see `promptdsl models --help`.")


def _print_builtin(alone: bool) -> None:
    """What the built-in model is for and what it knows: by object where it is asked for alone."""
    from promptdsl.builtin_words import known_defects, known_objects, object_names

    say("promptdsl-mini is built in: for learning the language, tests and demonstrations.")
    if not alone:
        known = f"It knows drawn pictures of: {', '.join(known_objects())}."
        say(click.wrap_text(known, 100))
        say("Their defects and other names: promptdsl models promptdsl-mini")
        return
    say("It knows drawn pictures, no photographs, of these objects and defects:")
    for name in known_objects():
        others = ", ".join(object_names(name)[1:])
        say(f"  {name} ({others}): {', '.join(known_defects(name))}")
    say("promptdsl check warns of words that it has never seen.")


def _spec_text(offered: "Offered") -> str:
    return "model: " + ", ".join(f'"{part}"' for part in offered.model)


def _state(offered: "Offered") -> str:
    if offered.kind == "builtin" and offered.bytes:
        return f"built in, {_megabytes(offered.bytes)}"
    return f"here, {_megabytes(offered.bytes)}" if offered.bytes else "to be downloaded"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _fetch(name: str, tag: str) -> None:
    from promptdsl.clip.catalogue import hub_cache
    from promptdsl.clip.model import load_open_clip

    model = load_open_clip(name, tag)
    say(f"{model.name}: SHA-256 {model.weights_sha256}")
    say(f"to bring it to another machine, copy {hub_cache()} to the same place there")
