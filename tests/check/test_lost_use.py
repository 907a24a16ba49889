"""A `use` line that was lost forgives the names that came through it, and no others."""

from promptdsl.pipeline import compile_text

BROKEN_USE = "inspect 1\nuse std/winclip as std\n"


def unknown(text: str) -> list[str]:
    """The names that are told to be unknown."""
    report = compile_text(text, "nut.inspect").report
    return [item.message for item in report if item.code == "I301"]


def test_names_through_the_lost_file_are_forgiven() -> None:
    text = (
        BROKEN_USE + "object a {\nnormal { include std.normal }\ndefect b { include std.bad }\n}\n"
    )
    assert not unknown(text)
    assert {item.code for item in compile_text(text, "nut.inspect").report} == {"I125"}


def test_another_short_name_is_still_unknown() -> None:
    text = (
        BROKEN_USE
        + "object a {\nnormal { include std.normal, include std.more }\n"
        + "defect b { include extra.bad, include std.anomalous }\ndefect c { include extra.bad }\n"
        + "templates { include photos.near }\n}\nobject d extends nuts.nut { }\n"
    )
    assert unknown(text) == [
        "no file is used under the short name extra",
        "no file is used under the short name photos",
        "no file is used under the short name nuts",
    ]


def test_a_parent_through_the_lost_file_is_forgiven() -> None:
    assert not unknown(BROKEN_USE + 'object a extends std.nut {\n  called: "nut"\n}\n')


def test_a_missing_file_forgives_its_own_short_name_alone() -> None:
    text = (
        'inspect 1\nuse "nowhere" as gone\n'
        "object a { defect b { include gone.bad, include other.bad, include bad } }\n"
    )
    assert unknown(text) == [
        "no file is used under the short name other",
        "this file has no list of words named bad",
    ]


def test_without_a_broken_use_nothing_is_forgiven() -> None:
    text = "inspect 1\nobject a { defect b { include std.bad, include std.worse } }\n"
    assert unknown(text) == ["no file is used under the short name std"]
