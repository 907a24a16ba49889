"""From merged objects to the Spec: defaults made explicit, settings and model checked."""

from dataclasses import replace
from functools import partial

from promptdsl.check.model_reference import read_model
from promptdsl.check.resolve.fit_defaults import fit_defaults
from promptdsl.check.resolve.lists import Resolver
from promptdsl.check.resolve.modules import Library
from promptdsl.check.resolve.objects import Merged
from promptdsl.check.resolve.places import lower_picture, lower_place
from promptdsl.check.resolve.settings import Settings, read_settings
from promptdsl.language.ast import ListKind
from promptdsl.methods import DEFAULT_METHOD, METHODS, Setting
from promptdsl.source import Span
from promptdsl.spec import Limit, MethodSpec, ObjectSpec, Phrase, ScoreLimit, SpotLimit

DEFAULT_LIMIT = ScoreLimit("reject", 0.5, "reject when score >= 0.5", None)


def lower(merged: Merged, library: Library, resolver: Resolver) -> ObjectSpec:
    """One complete object."""
    definition = merged.definition
    method = _method(merged, library)
    parts = {
        "called": merged.called,
        "normal": merged.normal,
        "templates": merged.templates,
        "method": merged.method,
        "thresholds": merged.rules,
    }
    defaulted = frozenset(part for part, value in parts.items() if value is None)
    profile = METHODS[method.name].profile
    published = partial(_published, profile, definition.name.span, library, resolver)
    picture = lower_picture(merged.picture)
    limits = (DEFAULT_LIMIT,) if merged.rules is None else merged.rules
    if picture is not None and picture.scale is not None:
        limits = tuple(map(_in_millimetres, limits))
    return ObjectSpec(
        name=definition.name.value,
        called=merged.called or definition.name.value.replace("_", " "),
        normal=published("words", "normal") if merged.normal is None else merged.normal,
        defects=tuple(merged.defects.values()),
        templates=(
            published("templates", "photos") if merged.templates is None else merged.templates
        ),
        method=method,
        limits=limits,
        samples=tuple(merged.samples.values()),
        claims=tuple(merged.claims.values()),
        span=definition.span,
        head=definition.head,
        defaulted=defaulted,
        broken=merged.broken,
        lost_parts=merged.lost_parts,
        picture=picture,
        regions=tuple(map(lower_place, merged.regions.values())),
        ignored=tuple(map(lower_place, merged.ignored.values())),
        removed=dict(merged.removed),
    )


def _in_millimetres(limit: Limit) -> Limit:
    """`auto` without a unit means millimetres where the picture has a scale."""
    if isinstance(limit, SpotLimit) and limit.any_unit:
        return replace(limit, unit="mm")
    return limit


def _published(
    profile: str, site: Span, library: Library, resolver: Resolver, kind: ListKind, name: str
) -> tuple[Phrase, ...]:
    """The published list of the method's own profile."""
    module = library.standard(profile)
    named = module.lists[kind, name]
    resolver.count(named, module)
    return tuple(Phrase(text.value, text.span, site) for text in resolver.list(named, module))


def _method(merged: Merged, library: Library) -> MethodSpec:
    lines = merged.method
    settings = read_settings(lines, library.report) if lines is not None else None
    if lines is not None and (settings is None or settings.lost):
        merged.broken = True
    settings = settings or Settings(METHODS[DEFAULT_METHOD], {}, {}, frozenset())
    method, spans = settings.method, settings.spans
    filled: dict[str, Setting] = {
        field.name: settings.values.get(field.name, field.default) for field in method.fields
    }
    model = filled.pop("model")
    assert isinstance(model, tuple)
    place = spans["model"] if "model" in settings.values else None
    reference = read_model(tuple(map(str, model)), place, library)
    at = lines.head if lines else None
    fit_defaults(
        method, filled, set(spans), reference, at or merged.definition.name.span, library.report
    )
    return MethodSpec(
        method.name, reference.names, reference.kind, filled, spans, at, reference.facts,
        settings.lost,
    )  # fmt: skip
