"""What holds for everything that a spec leaves open, written as lines that could stand in it."""

from collections.abc import Iterable, Mapping
from typing import Any

from promptdsl.language.picture_words import (
    LOCATE_FIELDS,
    PICTURE_FIELDS,
    picture_field,
    written_value,
)
from promptdsl.language.statements import quote
from promptdsl.methods import METHODS, Field, Setting
from promptdsl.source import SourceFile, Span
from promptdsl.spec import Locate, LocatedLimit, MethodSpec, ObjectSpec, Phrase, PictureSpec, Spec

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
        **({} if item.picture is None else {"picture": _picture_data(item.picture)}),
        "thresholds": [limit.text for limit in item.limits],
        "uncalibrated_default": "thresholds" in item.defaulted,
    }


def _picture_data(picture: PictureSpec) -> dict[str, Any]:
    locate = picture.locate
    bounds = None if locate is None else {f.name: getattr(locate, f.name) for f in LOCATE_FIELDS}
    return {**picture_values(picture), "locate": bounds, "written": sorted(picture.spans)}


def _object(item: ObjectSpec, sources: Mapping[str, SourceFile]) -> Iterable[str]:
    yield f"object {item.name} {{"
    if "called" in item.defaulted:
        yield _line(f"  called: {quote(item.called)}", "default")
    if "normal" in item.defaulted:
        yield from _list("normal", item.normal)
    if "templates" in item.defaulted:
        yield from _list("templates", item.templates)
    yield from _picture(item.picture, sources)
    yield from _method(item.method, sources)
    located = any(isinstance(limit, LocatedLimit) for limit in item.limits)
    if item.picture is not None and item.picture.locate is not None and not located:
        yield "  # thresholds: review when part not located comes first, as no line is about it"
    if "thresholds" in item.defaulted:
        yield "  thresholds {"
        for limit in item.limits:
            yield _line(f"    {limit.text}", "default, not calibrated")
        yield "  }"
    yield "}"


def _picture(picture: PictureSpec | None, sources: Mapping[str, SourceFile]) -> Iterable[str]:
    if picture is None:
        yield "  # picture: none, so all of each picture is squeezed into what the model takes"
        return
    yield _line("  picture {", _origin(picture.span, sources))
    for name, value in picture_values(picture).items():
        field = picture_field(name, "picture")
        assert field is not None
        if value is None or (name == "overlap" and not (picture.tile or picture.tiles)):
            yield f"    # {name}: {_NO_PICTURE_LINE[name]}"
        else:
            line = f"    {name}: {written_value(field, value)}"
            yield _line(line, _origin(picture.spans.get(name), sources))
    if picture.locate is None:
        yield "    # locate: none, so a part lies where the camera saw it"
    else:
        yield from _locate(picture.locate, sources)
    yield "  }"


def _locate(locate: Locate, sources: Mapping[str, SourceFile]) -> Iterable[str]:
    yield _line("    locate {", _origin(locate.span, sources))
    for field in LOCATE_FIELDS:
        line = f"      {field.name}: {written_value(field, getattr(locate, field.name))}"
        yield _line(
            line, _origin(locate.span, sources) if field.name in locate.written else "default"
        )
    yield "    }"


def picture_values(picture: PictureSpec) -> dict[str, object]:
    """The lines of a picture block but for `locate`, by name."""
    tiles = picture.tiles if picture.tile is None else picture.tile
    return {
        field.name: tiles if field.name == "tiles" else getattr(picture, field.name)
        for field in PICTURE_FIELDS
    }


_NO_PICTURE_LINE = {
    "tiles": "none, so the model sees the whole picture at once",
    "overlap": "none without tiles",
    "intensity": "none, so all that the file can hold counts, from black to white",
    "scale": "none, so lines of thresholds count in pixels",
    "part": "none, so results have no name of a part",
}


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
