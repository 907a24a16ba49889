"""`promptdsl explain`."""

from promptdsl.diagnostics.catalogue import CATALOGUE, codes_with_pages, page

from .process import promptdsl


def test_all_codes_are_listed() -> None:
    done = promptdsl("explain")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(CATALOGUE)
    assert all(CATALOGUE[line.split()[0]].title in line for line in lines)


def test_a_page() -> None:
    for written in ("I204", "i204", "[I204]"):
        done = promptdsl("explain", written)
        assert done.returncode == 0
        assert done.stdout.startswith("#")
        assert "I204" in done.stdout


def test_an_unknown_code() -> None:
    done = promptdsl("explain", "I205")
    assert done.returncode == 2
    assert done.stderr == "error: there is no message I205\nhelp: did you mean I204?\n"
    assert promptdsl("explain", "quotes").returncode == 2


def test_pages_belong_to_codes() -> None:
    assert set(codes_with_pages()) <= CATALOGUE.keys()
    assert page("../catalogue") is None
