"""Hypothesis builds specs: printed and parsed they mean the same, whatever the layout."""

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptdsl.language.format import format_source
from promptdsl.language.statements import comments_of
from promptdsl.pipeline import Compilation, compile_text
from promptdsl.plan.build import canonical_json
from promptdsl.source import SourceFile
from promptdsl.spec import AreaLimit, ObjectSpec, ScoreLimit
from tests.robustness.corpus import ROOT, PretendedPictures, corpus
from tests.robustness.made_specs import (
    MadeObject,
    MadeSpec,
    laid_out,
    made_specs,
    nodes,
    plain,
    quoted,
)
from tests.robustness.places import without_places

ROUNDS = int(os.environ.get("PROMPTDSL_FUZZ_ROUNDS", "0"))
MANY = settings(
    max_examples=max(60, ROUNDS // 5), deadline=None, suppress_health_check=list(HealthCheck),
    derandomize=True, database=None,
)  # fmt: skip


def compiled(text: str) -> Compilation:
    return compile_text(text, "made.inspect", folder=ROOT, loader=PretendedPictures())


def plan_without_places(compilation: Compilation) -> str:
    """The plan's canonical bytes with every position forgotten; its hash is made of these."""
    plan = compilation.plan()

    def forget(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: forget(each) for key, each in value.items() if "origin" not in key}
        return [forget(each) for each in value] if isinstance(value, list) else value

    return canonical_json(forget(plan.model_dump(mode="json", exclude={"hash"})))


def texts_of(made: MadeSpec, kind: str, lines: tuple[tuple[str, str], ...]) -> list[str] | None:
    """The phrases of a block, includes resolved; None when the standard library is in it."""
    lists = {each.name: each.lines for each in made.lists if each.kind == kind}
    found: list[str] = []
    for sort, value in lines:
        if sort == "text":
            found.append(value)
        elif "." in value:
            return None
        else:
            found += texts_of(made, kind, lists[value]) or []
    return found


def meant(made: MadeSpec, item: MadeObject, spec: ObjectSpec) -> None:
    """Hold one object of the Spec against what was made."""
    assert spec.name == item.name
    assert spec.called == (item.called or item.name.replace("_", " "))
    own = {defect.name: [phrase.text for phrase in defect.phrases] for defect in spec.defects}
    for name, lines in item.defects.items():
        assert texts_of(made, "words", lines) in (own[name], None)
    assert not set(item.removed) & set(own)
    for lines, phrases, kind in (
        (item.normal, spec.normal, "words"),
        (item.templates, spec.templates, "templates"),
    ):
        if lines is not None:
            assert texts_of(made, kind, lines) in ([phrase.text for phrase in phrases], None)
    if item.rules is not None:
        assert [each.text for each in spec.limits] == list(item.rules)
        numbers = [each.at for each in spec.limits if isinstance(each, ScoreLimit)]
        assert all(each is None or 0 < each < 1 for each in numbers)
        assert all(each.share is not None for each in spec.limits if isinstance(each, AreaLimit))
    if item.method is not None:
        assert set(spec.method.spans) == set(item.method[1])
        for name in ("stride", "seed", "temperature"):
            if name in item.method[1]:
                assert spec.method.settings[name] == float(item.method[1][name])
    own_places = {f"region {each.name}": each for each in spec.regions}
    own_places |= {f"ignore {quoted(each.name)}": each for each in spec.ignored}
    for head, lines in item.places.items():
        kinds = [line.split(":")[0] for line in lines if ":" in line.split(" ")[0]]
        assert [shape.kind for shape in own_places[head].shapes] == kinds
    if item.picture:
        assert spec.picture is not None
        assert {line.split(":")[0].split(" ")[0] for line in item.picture} == set(
            spec.picture.spans
        )
    samples = {each.label: each for each in spec.samples}
    for label, paths in item.samples.items():
        assert samples[label].images + samples[label].masks == paths
    claims = {each.title: each for each in spec.claims}
    for title, claim in item.tests.items():
        got = claims[title]
        share = f"{got.share * 100:g}%"
        assert f"{got.on}|expect {got.verdict} {got.bound} {share}" == claim


@given(made_specs())
@MANY
def test_printed_and_parsed_a_spec_is_the_same(made: MadeSpec) -> None:
    compilation = compiled(plain(nodes(made)))
    assert not compilation.report.errors, compilation.report.errors
    assert compilation.spec is not None
    for item, spec in zip(made.objects, compilation.spec.objects, strict=True):
        meant(made, item, spec)


@given(made_specs(), st.integers(0, 2**32))
@MANY
def test_the_layout_means_nothing(made: MadeSpec, seed: int) -> None:
    dice = random.Random(seed)
    first = compiled(plain(nodes(made)))
    text = laid_out(nodes(made), dice.choice)
    second = compiled(text)
    assert not second.report.errors, (text, second.report.errors)
    assert without_places(first.spec) == without_places(second.spec), text
    assert plan_without_places(first) == plan_without_places(second)


@given(made_specs(), st.integers(0, 2**32))
@MANY
def test_the_formatter_keeps_everything(made: MadeSpec, seed: int) -> None:
    text = laid_out(nodes(made), random.Random(seed).choice)
    formatted = format_source(SourceFile("made.inspect", text)).text
    assert formatted is not None, text
    before, after = compiled(text), compiled(formatted)
    assert without_places(before.spec) == without_places(after.spec), text
    assert plan_without_places(before) == plan_without_places(after)
    kept = sorted(comment.text for comment in comments_of(formatted))
    assert kept == sorted(comment.text for comment in comments_of(text)), text
    assert format_source(SourceFile("made.inspect", formatted)).text == formatted


@pytest.mark.parametrize("spec", corpus(), ids=lambda spec: spec.name)
def test_the_formatter_keeps_every_spec_here(spec: Any) -> None:
    formatted = format_source(SourceFile(spec.path.name, spec.text)).text
    assert formatted is not None
    again = format_source(SourceFile(spec.path.name, formatted)).text
    assert again == formatted
    comments = [comment.text for comment in comments_of(spec.text)]
    assert sorted(comments) == sorted(comment.text for comment in comments_of(formatted))
