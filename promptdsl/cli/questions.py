"""The questions that `promptdsl new` asks a person at a terminal."""

from dataclasses import replace
from pathlib import Path

import click

from promptdsl.cli.shown.terminal import say
from promptdsl.errors import UsageProblem
from promptdsl.files.naming import shown
from promptdsl.starter.pictures import patterns_for
from promptdsl.starter.words import (
    MAX_WORDS_LENGTH,
    PLACEHOLDER,
    fault_of,
    name_for,
    phrases_for,
    related,
    several,
    tidy,
)
from promptdsl.starter.write import MODELS, SUFFIX, Answers, Defect

# what is wrong with words, to the person who typed them
PLEASE = {
    "long": f"Please say it in at most {MAX_WORDS_LENGTH} characters.",
    "letters": "The model reads English words: please use some letters.",
}


def ask(given: Answers, file: Path | None, force: bool) -> Answers:
    """Ask for everything that is still open; Ctrl-C ends it with nothing written."""
    say("A few questions, and a spec to start with. Enter takes what is in [brackets].")
    called = given.called or _ask_object()
    path = file or _ask_file(name_for(called, "part"), force)
    folder = path.parent
    defects = given.defects or _ask_defects()
    known = replace(given, called=called, defects=defects, file=path)
    references, good = given.references, given.good
    if references is None:
        say("")
        say("A few pictures of good parts to compare with make results better.")
        references = _ask_folder("Folder with good parts to compare with", folder)
    if good is None:
        good = _ask_good(folder, references)
    pictures = dict(given.defect_pictures)
    for words, _ in defects:
        name = name_for(words, "defect")
        if good is not None and name not in pictures:
            answer = _ask_folder(f"Folder with pictures of {words}, to test with", folder)
            pictures |= {name: answer} if answer else {}
    model = given.model or _ask_model(known)
    return replace(known, references=references, good=good, defect_pictures=pictures, model=model)


def _line(question: str, default: str = "") -> str:
    answer: str = click.prompt(shown(question), default=default, show_default=bool(default))
    return answer.strip()


def _ask_object() -> str:
    while True:
        words = tidy(_line("What do you inspect (for example: metal nut)?"))
        fault = fault_of(words)
        if fault is not None:
            say(f"  {PLEASE.get(fault, 'Please say it in a word or two.')}")
        else:
            if not words.isascii():
                say("  Note: the models read English best.")
            return words


def _ask_file(name: str, force: bool) -> Path:
    default = f"{name}{SUFFIX}"
    while True:
        typed = _line("Name of the file", default)
        path = Path(typed if Path(typed).suffix else f"{typed}{SUFFIX}")
        if path.suffix != SUFFIX:
            say("  The name of a spec ends in .inspect.")
        elif not path.parent.is_dir():
            say(f"  There is no folder {path.parent}.")
        elif path.exists() and not force:
            say(f"  {path} exists already; please choose another name.")
        else:
            return path


def _ask_defects() -> tuple[Defect, ...]:
    say("")
    say("Which defects can it have? One at a time or with commas between, in plain English words")
    say("(for example: scratch, bent tooth, missing screw). Enter alone ends the list.")
    found: dict[str, Defect] = {}
    while True:
        typed = several(_line(f"Defect {len(found) + 1}"))
        if typed == ("",) and found:
            return tuple(found.values())
        waiting = list(typed)
        while waiting:
            words = waiting.pop(0)
            name = name_for(words, "defect")
            fault = _fault(words, name in found)
            if fault:
                say(f"  {fault}")
                continue
            phrases, others = _ask_phrases(name, words)
            found[name] = (words, phrases)
            waiting += others


def _fault(words: str, known: bool) -> str | None:
    """Why this cannot be the next defect."""
    fault = fault_of(words)
    if fault is not None:
        return PLEASE.get(fault, 'At least one, please; "damage" is one, too.')
    return f"{name_for(words, 'defect')} is in the list already." if known else None


def _ask_phrases(name: str, words: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The phrases of a defect; and further defects, where those were typed instead."""
    proposed = phrases_for(words)
    say(f"  {name}: " + ", ".join(f'"{phrase}"' for phrase in proposed))
    typed = _line("  Enter keeps these phrases, or type others with commas between")
    others = _other_defects(words, typed)
    if others and _are_defects(words, others):
        return proposed, others
    own = [_with_placeholder(piece) for piece in typed.split(",") if tidy(piece)]
    return tuple(dict.fromkeys(own)) or proposed, ()


def _other_defects(words: str, typed: str) -> tuple[str, ...]:
    """What was typed, where none of it speaks of this defect: the next defects, most likely."""
    pieces = several(typed)
    if pieces == ("",) or PLACEHOLDER in typed or any(related(piece, words) for piece in pieces):
        return ()
    return pieces


def _are_defects(words: str, others: tuple[str, ...]) -> bool:
    listed = " and ".join(f'"{other}"' for other in others)
    question = f"  {listed}: another defect, and no phrase for {words}?"
    if len(others) > 1:
        question = f"  {listed}: further defects, and no phrases for {words}?"
    answer: bool = click.confirm(shown(question), default=True)
    return answer


def _with_placeholder(piece: str) -> str:
    """The author's phrase; without {object} in it, one that says it of the object."""
    kept = " ".join(piece.split()).strip("\"' ")
    if kept.count(PLACEHOLDER) == 1 and not set(kept.replace(PLACEHOLDER, "")) & set("{}"):
        return kept
    return phrases_for(tidy(kept.replace(PLACEHOLDER, " ")))[0]


def _ask_folder(question: str, folder: Path) -> str | None:
    while True:
        typed = _line(f"{question} (Enter: none)")
        if not typed:
            return None
        try:
            patterns = patterns_for(typed, folder)
        except UsageProblem as problem:
            help = (problem.help or "").rstrip("?")
            say(f"  {problem.sentence}: {help}{'?' if help != problem.help else '.'}")
            continue
        say(f"  {', '.join(patterns)}")
        return typed


def _ask_good(folder: Path, references: str | None) -> str | None:
    while True:
        good = _ask_folder("Folder with other good parts, to test with", folder)
        shared = set(patterns_for(good, folder)) & set(patterns_for(references, folder))
        if not shared:
            return good
        say("  These are the parts to compare with; a picture cannot be both.")


def _ask_model(known: Answers) -> str:
    from promptdsl.builtin_words import unknown_words

    texts = [known.called or "", *(phrase for _, phrases in known.defects for phrase in phrases)]
    unknown = list(dict.fromkeys(word for text in texts for word in unknown_words(text)))
    say("")
    say("Which model?")
    say("  1  promptdsl-mini: small, built in, works at once; for learning and demonstrations")
    say("  2  ViT-B-16-plus-240: for production; its weights are downloaded once")
    if unknown:
        say(f"promptdsl-mini does not know: {', '.join(unknown)}.")
    choice: str = click.prompt(
        "Model", type=click.Choice(["1", "2"]), default="2" if unknown else "1", show_choices=False
    )
    return list(MODELS)[int(choice) - 1]
