"""However many messages there are: the report is bounded, and no error gets lost in it."""

from promptdsl.diagnostics.diagnostic import MAX_DIAGNOSTICS, Report
from promptdsl.source import Span


def test_an_error_behind_a_thousand_warnings_is_kept() -> None:
    report = Report()
    for index in range(MAX_DIAGNOSTICS + 10):
        report.warning("I206", Span("a", index, index + 1), "twice")
    assert not report.full
    report.error("I204", Span("a", 5, 6), "an error")
    assert [each.message for each in report.errors] == ["an error"]
    assert len(report) == MAX_DIAGNOSTICS
    assert report.left_out == 11


def test_errors_are_counted_past_the_limit() -> None:
    report = Report()
    for index in range(MAX_DIAGNOSTICS + 10):
        report.error("I204", Span("a", index, index + 1), "an error")
    assert report.full
    assert len(report.errors) == MAX_DIAGNOSTICS
    assert report.left_out == 10
