"""Seeded mistakes in every valid spec: found, told once, and never a traceback.

PROMPTDSL_FUZZ_ROUNDS sets how many mutated specs are compiled (default 700); `pytest -s` prints the
rates. What is certainly a mistake, and where a report of it may point, is decided in mutations.py.
"""

import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import pytest

from promptdsl.diagnostics.diagnostic import Diagnostic, Report
from promptdsl.language.quotes import mend_quotes
from promptdsl.pipeline import Compilation
from promptdsl.source import SourceFile
from tests.robustness.corpus import Valid, compile_here, corpus
from tests.robustness.mutations import Mutation, apply, independent, moved, mutations

ROUNDS = int(os.environ.get("PROMPTDSL_FUZZ_ROUNDS", "700"))
SECONDS_EACH = 20.0  # of one file, on a busy machine: it takes some milliseconds


@cache
def known_messages(spec: Valid) -> Counter[tuple[str, str]]:
    """What the valid spec is told already."""
    compilation = compile_here(spec.text, spec.path)
    return Counter((each.code, each.message) for each in compilation.report)


@cache
def all_mutations(spec: Valid) -> tuple[Mutation, ...]:
    return tuple(mutations(spec.text))


def check_spans(compilation: Compilation) -> None:
    """Every span lies in its file."""
    for each in compilation.report:
        spans = [each.span, *(span for span, _ in each.related)]
        spans += [each.fix.span] if each.fix else []
        for span in spans:
            size = len(compilation.sources[span.file].text)
            assert 0 <= span.start <= span.end <= size, (each, size)


def compile_mutant(spec: Valid, chosen: Sequence[Mutation]) -> tuple[Compilation, list[Diagnostic]]:
    """Compile within the time limit; the compilation and the messages that are new."""
    started = time.process_time()
    compilation = compile_here(apply(spec.text, chosen), spec.path)
    assert time.process_time() - started < SECONDS_EACH
    check_spans(compilation)
    known, new = Counter(known_messages(spec)), []
    for each in compilation.report:
        if known[each.code, each.message] > 0:
            known[each.code, each.message] -= 1
        else:
            new.append(each)
    return compilation, new


def lines_of(compilation: Compilation, messages: Sequence[Diagnostic]) -> list[tuple[int, int]]:
    """First and last lines that messages point at; of long spans only the first line counts."""
    source, found = compilation.sources[compilation.name], []
    for each in messages:
        for span in (each.span, *(span for span, _ in each.related)):
            if span.file == source.name:
                first = source.position(span.start).line
                last = source.position(max(span.start, span.end - 1)).line
                found.append((first, last if last - first < 4 else first))
    return found


def told(spec: Valid, chosen: Sequence[Mutation], lines: Sequence[tuple[int, int]]) -> list[bool]:
    """For each mistake, whether some message points at it."""
    answers = []
    for each in chosen:
        zones = [tuple(moved(spec.text, chosen, line) for line in zone) for zone in each.zones]
        answers.append(any(a <= high and b >= low for a, b in lines for low, high in zones))
    return answers


@dataclass
class Rates:
    """What a series of mutated specs gave."""

    made: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    messages: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    alone: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, chosen: Sequence[Mutation], answers: Sequence[bool], messages: int) -> None:
        for each, answer in zip(chosen, answers, strict=True):
            self.made[each.kind] += 1
            self.found[each.kind] += answer
        self.messages[len(chosen)].append(messages)
        if len(chosen) == 1:
            self.alone[chosen[0].kind].append(messages)

    def show(self) -> str:
        rows = ["kind of mistake        found            messages when alone"]
        for kind in sorted(self.made):
            share = self.found[kind] / self.made[kind]
            alone = self.alone.get(kind) or [0]
            mean = sum(alone) / len(alone)
            rows.append(
                f"{kind:18} {self.found[kind]:6}/{self.made[kind]:<6} {share:7.1%} {mean:6.2f}"
            )
        for count, numbers in sorted(self.messages.items()):
            rows.append(f"{count} mistakes: {sum(numbers) / len(numbers):.2f} messages")
        return "\n".join(rows)


def test_certain_mistakes_are_found_and_told_once() -> None:
    dice, rates = random.Random(20_261_121), Rates()
    for _ in range(ROUNDS):
        spec = dice.choice(corpus())
        certain = [each for each in all_mutations(spec) if each.certain]
        chosen = independent(certain, dice.randint(1, 4), dice)
        compilation, new = compile_mutant(spec, chosen)
        rates.add(chosen, told(spec, chosen, lines_of(compilation, new)), len(new))
    print("\n" + rates.show())
    assert rates.found.total() >= 0.95 * rates.made.total()
    for kind, made in rates.made.items():
        assert made < 20 or rates.found[kind] >= 0.9 * made, kind
    for count, numbers in rates.messages.items():
        assert sum(numbers) / len(numbers) <= count + 0.6, count


def test_any_change_is_survived() -> None:
    """Mutations that may leave the spec valid, too: no exception, true spans, few messages."""
    dice, messages, made = random.Random(7), 0, 0
    for _ in range(ROUNDS // 2):
        spec = dice.choice(corpus())
        chosen = independent(all_mutations(spec), dice.randint(1, 4), dice, distance=1)
        compilation, new = compile_mutant(spec, chosen)
        if compilation.ok:
            compilation.plan()
        messages, made = messages + len(new), made + len(chosen)
    assert messages <= made + ROUNDS // 2


@pytest.mark.parametrize("kind", ["{ dropped", "} dropped", "quote dropped"])
def test_a_lost_brace_or_quote_costs_one_message(kind: str) -> None:
    """Every brace and quote of some specs, one at a time."""
    names = ("whole", "several", "one_line", "metal_nut", "pcb1", "winclip", "cable")
    files = [spec for spec in corpus() if spec.path.stem in names]
    if ROUNDS <= 1000:
        files = files[:4] + files[-3:]
    once = total = 0
    for spec in files:
        known = known_messages(spec)
        places = [each for each in all_mutations(spec) if each.kind == kind]
        for each in places if ROUNDS > 1000 else places[:: max(1, len(places) // 25)]:
            compilation, new = compile_mutant(spec, [each])
            assert not compilation.ok, (spec.name, each)
            once, total = once + (len(new) == 1), total + 1
            assert len(new) <= 3 + len(known), (spec.name, each, new)
    print(f"\n{kind}: exactly one message in {once} of {total} places ({once / total:.1%})")
    assert once >= 0.93 * total


AFTER = '\nobject checked_last {\n  defect bent { "bent" }\n}\n'


def test_objects_after_a_lost_brace_or_quote_are_checked() -> None:
    """A mistake in a further object at the end of the file is still told."""
    spec = next(spec for spec in corpus() if spec.path.stem == "several")
    told_of = total = 0
    for each in all_mutations(spec):
        if each.kind in ("{ dropped", "} dropped", "quote dropped"):
            compilation = compile_here(apply(spec.text, [each]) + AFTER, spec.path)
            told_of += any(message.code == "I204" for message in compilation.report)
            total += 1
    assert told_of >= 0.97 * total, (told_of, total)


def test_mending_quotes_keeps_every_offset() -> None:
    """The text behind a lone quote stays where it is, also where escaped quotes share its line."""
    for spec in corpus():
        for each in all_mutations(spec):
            if each.kind == "quote dropped":
                source = SourceFile("mutated", apply(spec.text, [each]))
                assert len(mend_quotes(source, Report())) == len(source.text), (spec.name, each)
