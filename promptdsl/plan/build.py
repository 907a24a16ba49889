"""From Spec to Plan: prompts expanded, origins as lines and columns, the whole thing hashed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from promptdsl.plan.expand import expand
from promptdsl.plan.model import (
    AreaRule,
    Expectation,
    MethodPlan,
    ObjectPlan,
    Origin,
    Plan,
    Prompt,
    Rule,
    Samples,
    ScoreRule,
)
from promptdsl.source import SourceFile, Span
from promptdsl.spec import AreaLimit, Limit, ObjectSpec, Spec


class _Places:
    """Spans to origins; each is looked up once."""

    def __init__(self, sources: Mapping[str, SourceFile], names: Mapping[str, str]) -> None:
        self._sources, self._names = sources, names
        self._known: dict[Span, Origin] = {}

    def __call__(self, span: Span) -> Origin:
        if span not in self._known:
            source = self._sources[span.file]
            start, end = source.position(span.start), source.position(span.end)
            self._known[span] = Origin(
                file=self._names[span.file],
                line=start.line,
                column=start.column,
                end_line=end.line,
                end_column=end.column,
            )
        return self._known[span]

    def maybe(self, span: Span | None) -> Origin | None:
        """The origin of a place that may not exist."""
        return None if span is None else self(span)


def build_plan(spec: Spec, sources: Mapping[str, SourceFile]) -> Plan:
    """The Plan of an error-free Spec."""
    places = _Places(sources, spec.plan_names)
    objects = tuple(_object(item, places) for item in spec.objects)
    draft = Plan(language=spec.version, spec=spec.plan_names[spec.name], objects=objects, hash="")
    return draft.model_copy(update={"hash": content_hash(draft)})


def _object(item: ObjectSpec, places: _Places) -> ObjectPlan:
    method = item.method
    return ObjectPlan(
        name=item.name,
        called=item.called,
        prompts=tuple(
            Prompt(
                text=prompt.text,
                label=prompt.label,
                defect=prompt.defect,
                phrase=prompt.phrase.text,
                template=prompt.template.text,
                phrase_origin=places(prompt.phrase.span),
                template_origin=places(prompt.template.span),
            )
            for prompt in expand(item)
        ),
        method=MethodPlan(
            name=method.name,
            model=method.model,
            model_kind=method.model_kind,
            settings=method.settings,
            origin=places.maybe(method.span),
        ),
        thresholds=tuple(_rule(limit, places.maybe(limit.span)) for limit in item.limits),
        default_thresholds="thresholds" in item.defaulted,
        samples=tuple(
            Samples(label=s.label, images=s.images, masks=s.masks, origin=places(s.span))
            for s in item.samples
        ),
        tests=tuple(
            Expectation(
                name=claim.title,
                on=claim.on,
                verdict=claim.verdict,
                bound=claim.bound,
                share=claim.share,
                origin=places(claim.span),
            )
            for claim in item.claims
        ),
        origin=places(item.head),
    )


def _rule(limit: Limit, origin: Origin | None) -> Rule:
    verdict, text = limit.verdict, limit.text
    if isinstance(limit, AreaLimit):
        above, share = limit.above, limit.share
        return AreaRule(verdict=verdict, above=above, share=share, text=text, origin=origin)
    return ScoreRule(verdict=verdict, at=limit.at, text=text, origin=origin)


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, ASCII: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def content_hash(plan: Plan) -> str:
    """SHA-256 of the canonical JSON of everything but the hash."""
    content = plan.model_dump(mode="json", exclude={"hash"})
    return hashlib.sha256(canonical_json(content).encode("ascii")).hexdigest()


def plan_json(plan: Plan) -> str:
    """The canonical file: one line of JSON and a newline."""
    return canonical_json(plan.model_dump(mode="json")) + "\n"
