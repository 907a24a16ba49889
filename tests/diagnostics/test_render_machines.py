"""JSON, GitHub commands and SARIF: the same places in the words of each format."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from promptdsl.diagnostics.catalogue import CATALOGUE
from promptdsl.diagnostics.diagnostic import Diagnostic, Fix
from promptdsl.diagnostics.render_github import render_github
from promptdsl.diagnostics.render_json import render_json
from promptdsl.diagnostics.render_sarif import render_sarif
from promptdsl.source import SourceFile, Span

NAME = "line 1/nüt, new.inspect"
TEXT = 'inspect 1\nobject 螺 {\n  defect a { "x" }\n}\n'
SOURCES = {NAME: SourceFile(NAME, TEXT)}
PHRASE = Span(NAME, TEXT.index('"x"'), TEXT.index('"x"') + 3)
BLOCK = Span(NAME, TEXT.index("object"), TEXT.rindex("}") + 1)
ITEMS = [
    Diagnostic("I128", "warning", "a % of\nit", BLOCK, related=((PHRASE, "the first one"),)),
    Diagnostic(
        "I204",
        "error",
        "never mentioned",
        PHRASE,
        "needs {object}",
        'write "x {object}"',
        Fix(PHRASE, '"x {object}"'),
    ),
]


def test_json_has_every_part() -> None:
    document = json.loads(render_json(ITEMS, SOURCES, left_out=3, extra={"files": []}))
    assert {key: document[key] for key in ("version", "errors", "warnings", "left_out")} == {
        "version": 1,
        "errors": 1,
        "warnings": 1,
        "left_out": 3,
    }
    block, phrase = document["diagnostics"]
    assert phrase == {
        "code": "I204",
        "severity": "error",
        "message": "never mentioned",
        "file": NAME,
        "line": 3,
        "column": 14,
        "end_line": 3,
        "end_column": 17,
        "start": PHRASE.start,
        "end": PHRASE.end,
        "label": "needs {object}",
        "help": 'write "x {object}"',
        "fix": phrase["fix"],
        "related": [],
    }
    assert phrase["fix"]["replacement"] == '"x {object}"'
    assert TEXT[phrase["fix"]["start"] : phrase["fix"]["end"]] == '"x"'
    assert block["related"][0]["message"] == "the first one"
    assert (block["line"], block["end_line"], block["end_column"]) == (2, 4, 2)


def test_json_of_an_unread_file() -> None:
    document = json.loads(render_json([Diagnostic("I001", "error", "m", Span("x", 0, 0))], {}))
    assert document["diagnostics"][0]["file"] == "x"
    assert document["diagnostics"][0]["line"] is None


def test_github_commands_are_escaped() -> None:
    several, single = render_github(ITEMS, SOURCES).splitlines()
    assert several == (
        "::warning file=line 1/nüt%2C new.inspect,line=2,endLine=4,title=I128::a %25 of%0Ait"
    )
    assert single == (
        "::error file=line 1/nüt%2C new.inspect,line=3,col=14,endLine=3,endColumn=17,title=I204"
        '::never mentioned%0Ahelp: write "x {object}"'
    )


def test_github_of_an_unread_file() -> None:
    item = Diagnostic("I001", "error", "m", Span("x", 0, 0))
    assert render_github([item], {}) == "::error file=x,title=I001::m\n"


# What the published schema of SARIF 2.1.0 requires of each object that we write, and allows in it.
REQUIRED: dict[str, tuple[set[str], set[str]]] = {
    "log": ({"version", "runs"}, {"$schema", "version", "runs"}),
    "run": ({"tool"}, {"tool", "columnKind", "results"}),
    "driver": ({"name"}, {"name", "version", "semanticVersion", "rules"}),
    "rule": ({"id"}, {"id", "shortDescription", "help", "defaultConfiguration"}),
    "result": (
        {"message"},
        {"ruleId", "ruleIndex", "level", "message", "locations", "relatedLocations", "fixes"},
    ),
    "location": (set(), {"id", "physicalLocation", "message"}),
    "physical": (set(), {"artifactLocation", "region"}),
    "region": (
        set(),
        {"startLine", "startColumn", "endLine", "endColumn", "charOffset", "charLength"},
    ),
    "fix": ({"artifactChanges"}, {"description", "artifactChanges"}),
    "change": ({"artifactLocation", "replacements"}, {"artifactLocation", "replacements"}),
    "replacement": ({"deletedRegion"}, {"deletedRegion", "insertedContent"}),
}


def conforms(value: dict[str, Any], kind: str) -> None:
    """An object has the properties that the schema requires and none that it does not know."""
    required, allowed = REQUIRED[kind]
    assert required <= value.keys() <= allowed, (kind, value.keys())


def conforms_location(value: dict[str, Any]) -> None:
    conforms(value, "location")
    physical = value["physicalLocation"]
    conforms(physical, "physical")
    assert unquote(physical["artifactLocation"]["uri"]) == NAME
    conforms_region(physical["region"])


def conforms_region(region: dict[str, int]) -> None:
    conforms(region, "region")
    assert all(region[key] >= 1 for key in ("startLine", "startColumn", "endLine", "endColumn"))
    assert region["charOffset"] >= 0
    assert region["charLength"] >= 0


def test_sarif_conforms_to_the_schema() -> None:
    log = json.loads(render_sarif(ITEMS, SOURCES))
    conforms(log, "log")
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    conforms(run, "run")
    assert run["columnKind"] == "unicodeCodePoints"
    driver = run["tool"]["driver"]
    conforms(driver, "driver")
    for rule in driver["rules"]:
        conforms(rule, "rule")
        assert rule["shortDescription"]["text"] == CATALOGUE[rule["id"]].title
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")
    for result in run["results"]:
        conforms(result, "result")
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        for location in result["locations"] + result.get("relatedLocations", []):
            conforms_location(location)


def test_sarif_carries_related_places_and_fixes() -> None:
    block, phrase = json.loads(render_sarif(ITEMS, SOURCES))["runs"][0]["results"]
    assert block["relatedLocations"][0]["message"]["text"] == "the first one"
    (fix,) = phrase["fixes"]
    conforms(fix, "fix")
    (change,) = fix["artifactChanges"]
    conforms(change, "change")
    (replacement,) = change["replacements"]
    conforms(replacement, "replacement")
    conforms_region(replacement["deletedRegion"])
    assert replacement["insertedContent"]["text"] == '"x {object}"'
    start = replacement["deletedRegion"]["charOffset"]
    length = replacement["deletedRegion"]["charLength"]
    assert TEXT[start : start + length] == '"x"'


@pytest.mark.parametrize("items", [[], [Diagnostic("I001", "error", "m", Span("x", 0, 0))]])
def test_sarif_without_places(items: list[Diagnostic]) -> None:
    (run,) = json.loads(render_sarif(items, {}))["runs"]
    assert len(run["results"]) == len(items)
    for result in run["results"]:
        assert "region" not in result["locations"][0]["physicalLocation"]
