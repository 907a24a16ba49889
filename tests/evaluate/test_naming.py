"""Which defect was named: a method that names none is not wrong about it."""

from dataclasses import dataclass, field

from promptdsl.evaluate.validation.outcomes import confusion


@dataclass
class _Picture:
    label: str
    is_good: bool = False


@dataclass
class _Scored:
    picture: _Picture
    named: str | None


@dataclass
class _Judged:
    scored: _Scored
    verdict: str = "reject"
    escaped: bool = field(default=False)
    label: str = "scratch"


def _found(*named: str | None) -> tuple[tuple[str, ...], int, int]:
    judged = [_Judged(_Scored(_Picture("scratch"), name)) for name in named]
    result = confusion(judged, ("scratch", "rust"))  # type: ignore[arg-type]
    return tuple(result["named"]), result["right"]["count"], result["right"]["of"]


def test_names_are_compared_with_labels() -> None:
    assert _found("scratch", "rust") == (("scratch", "rust"), 1, 2)


def test_a_method_without_names_has_no_share_of_right_ones() -> None:
    assert _found(None, None) == ((), 0, 0)


def test_without_defective_pictures_the_names_stay() -> None:
    assert _found() == (("scratch", "rust"), 0, 0)
