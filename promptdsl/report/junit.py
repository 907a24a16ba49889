"""JUnit XML for a CI: each `test` block a test case, and one that all pictures could be judged."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

_EVIDENCE = "every picture and mask could be used"
_FINISHED = "every object could be validated"


def junit_xml(described: Mapping[str, Any]) -> bytes:
    """The bytes of the file, from the content of `validation.json`; one suite for each object."""
    seconds = f"{described['seconds']:.3f}"
    root = Element("testsuites", name="promptdsl validate", time=seconds)
    for item in described["objects"]:
        _suite(root, item)
    if described["stopped"] is not None:
        # Objects behind the one that failed are not in the file: no silent success.
        suite = SubElement(root, "testsuite", _counts("promptdsl validate", 1, 0, 1))
        case = SubElement(suite, "testcase", classname="promptdsl", name=_FINISHED)
        SubElement(case, "error", message=_clean(described["stopped"]), type="evidence")
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    indent(root)
    text: bytes = tostring(root, "utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(root: Element, item: Mapping[str, Any]) -> None:
    tests, problems = item["tests"], item["problems"]
    failed = sum(not test["passed"] for test in tests)
    counts = _counts(item["name"], len(tests) + 1, failed, int(bool(problems)))
    suite = SubElement(root, "testsuite", counts)
    place = _clean(f"{PurePath(item['spec']).name}.{item['name']}")
    for test in tests:
        case = SubElement(suite, "testcase", classname=place, name=_clean(test["name"]))
        sentence = _clean(test["explanation"])
        if test["passed"]:
            SubElement(case, "system-out").text = sentence
        else:
            SubElement(case, "failure", message=sentence, type=test["bound"]).text = sentence
    case = SubElement(suite, "testcase", classname=place, name=_EVIDENCE)
    if problems:
        first = _clean(f"{len(problems)} could not: {problems[0]}")
        error = SubElement(case, "error", message=first, type="evidence")
        error.text = _clean("\n".join(problems))


def _counts(name: str, tests: int, failures: int, errors: int) -> dict[str, str]:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": 0}
    return {"name": _clean(name), **{key: str(count) for key, count in counts.items()}}


def _clean(text: str) -> str:
    """Without the control characters that XML does not allow, and file names may hold."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
