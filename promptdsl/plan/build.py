"""From Spec to Plan: prompts expanded, origins as lines and columns, the whole thing hashed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from promptdsl import spec as written
from promptdsl.plan.expand import expand
from promptdsl.plan.model import (
    AreaRule,
    Expectation,
    Length,
    Locate,
    LocatedRule,
    MethodPlan,
    ObjectPlan,
    Origin,
    PictureSettings,
    Plan,
    Prompt,
    Region,
    Rule,
    Samples,
    ScoreRule,
    Shape,
    SpotRule,
)
from promptdsl.source import SourceFile, Span
from promptdsl.spec import (
    AreaLimit,
    Limit,
    LocatedLimit,
    ObjectSpec,
    PictureSpec,
    ScoreLimit,
    Spec,
)


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
        thresholds=tuple(rule_of(limit, places.maybe(limit.span)) for limit in item.limits),
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
        picture=None if item.picture is None else _picture(item.picture, places),
        regions=tuple(_region(region, places) for region in item.regions),
        ignored=tuple(_region(region, places) for region in item.ignored),
    )


def _picture(picture: PictureSpec, places: _Places) -> PictureSettings:
    at = picture.locate
    locate = at and Locate(like=at.like, turn=at.turn, shift=at.shift, scale=at.scale)
    return PictureSettings(
        fit=picture.fit,
        tile=picture.tile,
        tiles=picture.tiles,
        overlap=picture.overlap,
        intensity=picture.intensity,
        scale=picture.scale,
        locate=locate,
        part=picture.part,
        origin=places(picture.span),
    )


def _region(region: written.Region, places: _Places) -> Region:
    return Region(
        name=region.name,
        shapes=tuple(map(_shape, region.shapes)),
        without=tuple(map(_shape, region.without)),
        origin=places(region.span),
    )


def _shape(shape: written.Shape) -> Shape:
    lengths = tuple(Length(length.value, length.unit) for length in shape.lengths)
    return Shape(kind=shape.kind, lengths=lengths, path=shape.path)


def rule_of(limit: Limit, origin: Origin | None) -> Rule:
    """A threshold line as the plan has it."""
    verdict, text = limit.verdict, limit.text
    if isinstance(limit, LocatedLimit):
        return LocatedRule(verdict=verdict, text=text, origin=origin)
    region = limit.region.value if limit.region is not None else None
    if isinstance(limit, ScoreLimit):
        return ScoreRule(verdict=verdict, at=limit.at, text=text, origin=origin, region=region)
    if isinstance(limit, AreaLimit):
        return AreaRule(
            verdict=verdict, above=limit.above, share=limit.share, text=text, origin=origin,
            region=region, unit=limit.unit,
        )  # fmt: skip
    return SpotRule(
        verdict=verdict, of=limit.of, defect=limit.defect.value if limit.defect else None,
        above=limit.above, at=limit.at, unit=limit.unit, region=region, text=text, origin=origin,
    )  # fmt: skip


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
