"""What all pages have in common: templates, data for their scripts, settings in words."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from promptdsl.files.naming import signed
from promptdsl.report.colors import TABLE
from promptdsl.report.heatmap import COVER
from promptdsl.report.previews import MAP_SIDE


def render(template: str, **values: Any) -> str:
    """The whole text of a page."""
    environment = Environment(
        loader=PackageLoader("promptdsl.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["signed"] = signed
    return environment.get_template(template).render(**values)


def embedded_json(data: Mapping[str, Any]) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(data, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def map_colors() -> dict[str, Any]:
    """How scripts draw maps."""
    colors = base64.b64encode(TABLE.tobytes()).decode()
    return {"colors": colors, "cover": COVER, "side": MAP_SIDE}


def listed(versions: Mapping[str, str]) -> str:
    """`torch 2.6, numpy 2.2`."""
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def settings_in_words(settings: Mapping[str, Any], most: int | None = None) -> str:
    """`shots 4, references a.png b.png`; of long lists the first `most`."""
    return ", ".join(f"{name} {_plain(value, most)}" for name, value in settings.items())


def _plain(value: object, most: int | None) -> str:
    if not isinstance(value, (list, tuple)):
        return "default" if value is None else str(value)
    more = " ..." if most is not None and len(value) > most else ""
    return " ".join(map(str, value[:most])) + more or "none"
