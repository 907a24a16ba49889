"""What holds for everything that a spec leaves open, written as lines that could stand in it."""

from collections.abc import Iterable, Mapping
from typing import Any

from promptdsl.language.statements import quote
from promptdsl.methods import METHODS, Field, Setting
from promptdsl.source import SourceFile, Span
from promptdsl.spec import MethodSpec, ObjectSpec, Phrase, Spec

_COLUMN = 50


def as_spec(spec: Spec, sources: Mapping[str, SourceFile]) -> str:
    """Every object with its defaults and its settings, in the language itself."""
    return "\n".join("\n".join(_object(item, sources)) + "\n" for item in spec.objects)


def as_data(item: ObjectSpec) -> dict[str, Any]:
    """The same of one object for machines."""
    method = item.method
    return {
        "called": item.called,
        "defaulted": sorted(item.defaulted),
        "normal": [phrase.text for phrase in item.normal],
        "templates": [template.text for template in item.templates],
        "method": method.name,
        "model": list(method.model),
        "settings": dict(method.settings),
        "written_settings": sorted(method.spans),
        "thresholds": [limit.text for limit in item.limits],
        "uncalibrated_default": "thresholds" in item.defaulted,
    }


def _object(item: ObjectSpec, sources: Mapping[str, SourceFile]) -> Iterable[str]:
    yield f"object {item.name} {{"
    if "called" in item.defaulted:
        yield _line(f"  called: {quote(item.called)}", "default")
    if "normal" in item.defaulted:
        yield from _list("normal", item.normal)
    if "templates" in item.defaulted:
        yield from _list("templates", item.templates)
    yield from _method(item.method, sources)
    if "thresholds" in item.defaulted:
        yield "  thresholds {"
        for limit in item.limits:
            yield _line(f"    {limit.text}", "default, not calibrated")
        yield "  }"
    yield "}"


def _list(name: str, phrases: tuple[Phrase, ...]) -> Iterable[str]:
    origin = phrases[0].span.file if phrases else ""
    yield _line(f"  {name} {{", f"default, from {origin}")
    yield from (f"    {quote(phrase.text)}" for phrase in phrases)
    yield "  }"


def _method(method: MethodSpec, sources: Mapping[str, SourceFile]) -> Iterable[str]:
    yield _line(f"  method {method.name} {{", _origin(method.span, sources))
    for field in METHODS[method.name].fields:
        value: Setting = method.model if field.name == "model" else method.settings[field.name]
        origin = _origin(method.spans.get(field.name), sources)
        if value is None or value == ():
            yield f"    # {field.name}: {_absent(field)}"
        else:
            yield _line(f"    {field.name}: {_written(field, value)}", origin)
    yield "  }"


def _absent(field: Field) -> str:
    return {
        "references": "none, so zero-shot",
        "shots": "all references",
        "weights": "none",
        "image_size": "the model's own",
    }.get(field.name, "not set")


def _written(field: Field, value: Setting) -> str:
    values = value if isinstance(value, tuple) else (value,)
    if field.kind in ("model", "file", "files"):
        return ", ".join(quote(str(one)) for one in values)
    unit = " px" if field.kind == "pixels" else ""
    return ", ".join(f"{one}{unit}" for one in values)


def _origin(span: Span | None, sources: Mapping[str, SourceFile]) -> str:
    if span is None or span.file not in sources:
        return "default"
    return f"line {sources[span.file].position(span.start).line} of {span.file}"


def _line(words: str, comment: str) -> str:
    return f"{words:<{_COLUMN}}  # {comment}"
