"""From merged objects to the Spec: defaults made explicit, settings and model checked."""

from promptdsl.check.model_reference import read_model
from promptdsl.check.resolve.fit_defaults import fit_defaults
from promptdsl.check.resolve.lists import Resolver, find_list
from promptdsl.check.resolve.modules import Library, Module
from promptdsl.check.resolve.objects import Merged
from promptdsl.check.resolve.settings import Settings, read_settings
from promptdsl.language.ast import RuleLine
from promptdsl.methods import DEFAULT_METHOD, METHODS, Method, Setting
from promptdsl.source import Span
from promptdsl.spec import AreaLimit, Limit, MethodSpec, ObjectSpec, Phrase, ScoreLimit

DEFAULT_LIMIT = ScoreLimit("reject", 0.5, "reject when score >= 0.5", None)
_PROFILE = {"april_gan": "std/april_gan"}
DEFAULT_PROFILE = "std/winclip"


def lower(merged: Merged, library: Library, resolver: Resolver) -> ObjectSpec:
    """One complete object."""
    definition = merged.definition
    method = _method(merged, library)
    defaulted = {
        part
        for part, value in {
            "called": merged.called,
            "normal": merged.normal,
            "templates": merged.templates,
            "method": merged.method,
            "thresholds": merged.rules,
        }.items()
        if value is None
    }
    profile = _PROFILE.get(method.name, DEFAULT_PROFILE)
    site = definition.name.span
    limits = (DEFAULT_LIMIT,) if merged.rules is None else tuple(map(_limit, merged.rules))
    return ObjectSpec(
        name=definition.name.value,
        called=merged.called or definition.name.value.replace("_", " "),
        normal=_phrases(merged.normal, "words", "normal", profile, site, library, resolver),
        defects=tuple(merged.defects.values()),
        templates=_phrases(
            merged.templates, "templates", "photos", profile, site, library, resolver
        ),
        method=method,
        limits=limits,
        samples=tuple(merged.samples.values()),
        claims=tuple(merged.claims.values()),
        span=definition.span,
        head=definition.head,
        defaulted=frozenset(defaulted),
        broken=merged.broken,
        lost_parts=merged.lost_parts,
    )


def _limit(rule: RuleLine) -> Limit:
    if rule.measure == "score":
        return ScoreLimit(rule.verdict, rule.bound, rule.text, rule.span)
    assert rule.above is not None
    return AreaLimit(rule.verdict, rule.above, rule.bound, rule.text, rule.span)


def _phrases(
    written: tuple[Phrase, ...] | None,
    kind: str,
    name: str,
    profile: str,
    site: Span,
    library: Library,
    resolver: Resolver,
) -> tuple[Phrase, ...]:
    """What was written, else the published list of the method's own profile."""
    if written is not None:
        return written
    module: Module = library.standard(profile)
    named = find_list(module, "words" if kind == "words" else "templates", name)
    assert named is not None
    resolver.count(named, module)
    return tuple(Phrase(text.value, text.span, site) for text in resolver.list(named, module))


def _method(merged: Merged, library: Library) -> MethodSpec:
    lines = merged.method
    settings: Settings | None = None
    if lines is not None:
        settings = read_settings(lines, library.report)
        if settings is None:
            merged.broken = True
    method = settings.method if settings else METHODS[DEFAULT_METHOD]
    values = settings.values if settings else {}
    spans = settings.spans if settings else {}
    written_model = values.get("model")
    if isinstance(written_model, tuple):
        names = tuple(str(name) for name in written_model)
        reference = read_model(names, spans["model"], library)
    else:
        reference = read_model(_default_model(method), None, library)
    filled: dict[str, Setting] = {
        field.name: values.get(field.name, field.default)
        for field in method.fields
        if field.name != "model"
    }
    if settings and settings.lost:
        merged.broken = True
    place = lines.span if lines else merged.definition.name.span
    fit_defaults(method, filled, set(spans), reference, place, library.report)
    return MethodSpec(
        method.name, reference.names, reference.kind, filled, spans, lines.span if lines else None,
        reference.facts, settings.lost if settings else frozenset(),
    )  # fmt: skip


def _default_model(method: Method) -> tuple[str, ...]:
    field = method.field("model")
    assert field is not None and isinstance(field.default, tuple)
    return tuple(str(name) for name in field.default)
