"""`validation.html`: one page with everything inside, thresholds that can be dragged among it.

The page is made from the content of `validation.json` and small pictures; what follows the
thresholds is computed in the browser from the scores. It opens from disk and loads nothing.
"""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from promptdsl.methods import BUILTIN_MODEL
from promptdsl.report.page import embedded_json, listed, map_colors, render, settings_in_words
from promptdsl.report.previews import Shown

DIGITS = 5  # of the scores on the page


def validation_page(described: Mapping[str, Any], gallery: Mapping[tuple[str, str], Shown]) -> str:
    """The page's whole text."""
    objects = described["objects"]
    return render(
        "validation.html.j2",
        described=described,
        names=[item["name"] for item in objects],
        title=_title(described),
        subtitle=_subtitle(described),
        builtin=BUILTIN_MODEL if any(BUILTIN_MODEL in o["model"] for o in objects) else None,
        failed=sum(not test["passed"] for item in objects for test in item["tests"]),
        identity=_identity(described),
        data=_data(described, gallery),
    )


def _title(described: Mapping[str, Any]) -> str:
    names = [item["name"].replace("_", " ") for item in described["objects"]]
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} objects"


def _subtitle(described: Mapping[str, Any]) -> list[str]:
    objects = described["objects"]
    specs = dict.fromkeys(item["spec"].rsplit("/", 1)[-1] for item in objects)
    models = dict.fromkeys(f"{item['method']} on {item['model'][0]}" for item in objects)
    return [
        *(list(specs) if len(specs) <= 2 else [f"{len(specs)} specs"]),
        *models,
        described["device_name"],  # with the precision
        described["made"][:16].replace("T", " "),
    ]


def _data(described: Mapping[str, Any], gallery: Mapping[tuple[str, str], Shown]) -> Markup:
    return embedded_json(
        {
            **map_colors(),
            "confidence": described["confidence"],
            "table": described["table"],
            "stopped": described["stopped"],
            "objects": [_object(item, gallery) for item in described["objects"]],
        }
    )


_KEPT = (
    "name", "separation", "thresholds", "figures", "confusion", "tests", "problems", "notes",
    "unreadable", "default_thresholds",
)  # fmt: skip


def _object(item: Mapping[str, Any], gallery: Mapping[tuple[str, str], Shown]) -> dict[str, Any]:
    return {
        **{key: item[key] for key in _KEPT},
        "words": item.get("words"),
        "pictures": [
            _picture(row, gallery.get((item["name"], row["image"]))) for row in item["pictures"]
        ],
    }


def _picture(row: Mapping[str, Any], shown: Shown | None) -> dict[str, Any]:
    picture = {
        "image": row["image"],
        "label": row["label"],
        "score": row["score"],
        "measures": row["measures"],
        "named": row["named"],
        "likeness": round(row["defects"][row["named"]], 4) if row["named"] else None,
    }
    if shown is not None:
        small = shown.preview
        picture["preview"] = [small.width, small.height, small.jpeg, small.map, shown.outline]
    return picture


def _identity(described: Mapping[str, Any]) -> list[tuple[str, str]]:
    bootstrap = described["bootstrap"]
    rows = []
    for item in described["objects"]:
        rows += _identity_of(item)
    return [
        *dict.fromkeys(rows),
        ("device", f"{described['device']} ({described['device_name']})"),
        ("precision", described["precision"]),
        (
            "intervals",
            f"{described['confidence']:.0%}; bootstrap of {bootstrap['resamples']:,} draws within "
            f"labels, seed {bootstrap['seed']}; shares by Clopper-Pearson",
        ),
        ("made", described["made"]),
        ("took", f"{described['seconds']:.1f} s"),
        ("versions", listed(described["versions"])),
    ]


def _identity_of(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    settings = settings_in_words(item["settings"], 4)
    name = item["name"]
    return [
        (f"spec of {name}", item["spec"]),
        (f"spec hash of {name}", item["spec_sha256"]),
        (f"plan hash of {name}", item["plan_sha256"]),
        (f"model of {name}", ", ".join(item["model"])),
        (f"weights of {name}", item["weights_sha256"]),
        (f"method of {name}", f"{item['method']} ({settings})"),
        (f"pictures of {name}", _pictures_of(item)),
    ]


def _pictures_of(item: Mapping[str, Any]) -> str:
    return f"{len(item['pictures']):,} from {', '.join(item['origin'])}"
