"""JUnit XML for a CI: each `test` block a test case, and one that all pictures could be judged."""

from xml.etree import ElementTree

from promptdsl.evaluate.outcomes import ClaimResult, explain
from promptdsl.evaluate.run import ObjectResult, Validation

_EVIDENCE = "every picture and mask could be used"
_FINISHED = "every object could be validated"


def junit_xml(validation: Validation, seconds: float) -> bytes:
    """The file's bytes; one suite for each object."""
    root = ElementTree.Element("testsuites", name="promptdsl validate", time=f"{seconds:.3f}")
    for result in validation.objects:
        _suite(root, result)
    if validation.stopped is not None:
        _stopped(root, validation.stopped.sentence)
    failures = sum(int(suite.get("failures", "0")) for suite in root)
    errors = sum(int(suite.get("errors", "0")) for suite in root)
    tests = sum(int(suite.get("tests", "0")) for suite in root)
    root.attrib |= {"tests": str(tests), "failures": str(failures), "errors": str(errors)}
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(root: ElementTree.Element, result: ObjectResult) -> None:
    failed = sum(not claim.passed for claim in result.claims)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_clean(result.job.name),
        tests=str(len(result.claims) + 1),
        failures=str(failed),
        errors=str(int(bool(result.problems))),
        skipped="0",
    )
    for claim in result.claims:
        _case(suite, result, claim)
    case = _named(suite, result, _EVIDENCE)
    if result.problems:
        first = f"{len(result.problems)} could not: {result.problems[0]}"
        error = ElementTree.SubElement(case, "error", message=_clean(first), type="evidence")
        error.text = _clean("\n".join(result.problems))


def _stopped(root: ElementTree.Element, sentence: str) -> None:
    """Objects behind the one that could not be validated are not in the file: no silent success."""
    suite = ElementTree.SubElement(
        root, "testsuite", name="promptdsl validate", tests="1", failures="0", errors="1",
        skipped="0",
    )  # fmt: skip
    case = ElementTree.SubElement(suite, "testcase", classname="promptdsl", name=_FINISHED)
    ElementTree.SubElement(case, "error", message=_clean(sentence), type="evidence")


def _case(suite: ElementTree.Element, result: ObjectResult, claim: ClaimResult) -> None:
    case = _named(suite, result, claim.name)
    sentence = _clean(explain(claim))
    if claim.passed:
        ElementTree.SubElement(case, "system-out").text = sentence
    else:
        failure = ElementTree.SubElement(case, "failure", message=sentence, type=claim.bound)
        failure.text = sentence


def _named(suite: ElementTree.Element, result: ObjectResult, name: str) -> ElementTree.Element:
    place = _clean(f"{result.job.spec.path.name}.{result.job.name}")
    return ElementTree.SubElement(suite, "testcase", classname=place, name=_clean(name))


def _clean(text: str) -> str:
    """Without the control characters that XML does not allow, and file names may hold."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
