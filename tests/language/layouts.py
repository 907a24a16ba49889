"""Hypothesis strategies: specs with odd but legal layouts, and comments wherever they may stand."""

from hypothesis import strategies as st

BLANKS = st.sampled_from(["", " ", "  ", "\t", " \t "])
WORDS = st.sampled_from(
    ["scratch", "bent_tip", "winclip", "auto", "when", "x", "X3", "é", "std", "score", "a-b"]
)
TEXTS = st.sampled_from(
    [
        '"{object}"',
        '"a # b"',
        '"a, b"',
        '"\\"quoted\\" {object}"',
        '"{"',
        '"}"',
        '"ü ö"',
        '""',
        '"漢字"',
    ]
)
NUMBERS = st.sampled_from(
    ["1", "0.62", ".5", "-3", "95%", "0.5 %", "2x2", "3 X 3", "3×4", "518 px", "3  x  3", "3 x  3"]
)
SIGNS = st.sampled_from([">=", "≥", "=>", "<", ".", ":", "/", "!", "*.", "%", "@@", "×"])
ATOMS = st.one_of(WORDS, TEXTS, NUMBERS, SIGNS)
COMMENTS = st.sampled_from(["#", "# a", "#b  ", '# "quoted', "# { open", "#\t}", "## x, y"])


def _line_end(draw: st.DrawFn) -> str:
    """A separator with line ends: blanks, maybe a comment, maybe empty lines, commas or CRLF."""
    pieces = [draw(st.sampled_from(["", ",", " ,"]))]
    for _ in range(draw(st.integers(1, 3))):
        pieces.append(draw(BLANKS))
        if draw(st.integers(0, 3)) == 0:
            pieces.append(draw(COMMENTS))
        pieces.append(draw(st.sampled_from(["\n", "\n", "\r\n"])))
    pieces.append(draw(BLANKS))
    pieces.append(draw(st.sampled_from(["", "", "", ", "])))
    return "".join(pieces)


def _separator(draw: st.DrawFn) -> str:
    return draw(st.sampled_from([",", ", ", " , "])) if draw(st.booleans()) else _line_end(draw)


def _words(draw: st.DrawFn, least: int, most: int) -> str:
    atoms = draw(st.lists(ATOMS, min_size=least, max_size=most))
    return "".join(atom + draw(st.sampled_from([" ", " ", "", "  "])) for atom in atoms)


HEADS = (
    ["object a", "object b extends a", "words w", "templates t"],
    ["normal", "defect scratch", "templates", 'test "t"', "method m", "samples good"],
    ["", "odd"],
)


def _statement(draw: st.DrawFn, depth: int) -> str:
    kind = draw(st.integers(0, 9))
    if kind < 3:
        return draw(TEXTS)
    if kind < 5:
        values = [_words(draw, 1, 1) for _ in range(draw(st.integers(1, 4)))]
        text = draw(st.sampled_from(["model: ", "windows :", "on:"])) + values[0]
        commas = st.sampled_from([", ", ",\n", ", # c\n", ", # c\n# d\n\n", "\n,"])
        return text + "".join(draw(commas) + value for value in values[1:])
    if kind < 6:
        line = draw(
            st.sampled_from(["include std . normal", "reject when score ≥ 0.5", "expect b"])
        )
        return "remove a" if depth == 1 and draw(st.booleans()) else line
    if kind < 7:
        return draw(st.sampled_from(["scratch ", "5% ", "x "])) + _words(draw, 0, 3)
    head = draw(st.sampled_from(HEADS[min(depth, 2)]))
    before = draw(st.sampled_from([" ", "", " ", "\n", " # c\n", "\n# c\n\n"])) if head else ""
    return head + before + _block(draw, depth + 1)


def _block(draw: st.DrawFn, depth: int) -> str:
    if draw(st.integers(0, 5)) == 0:
        return "{" + draw(st.sampled_from(["", " ", "\n", " # c\n", "\n\n# c\n\n"])) + "}"
    flat = draw(st.booleans())
    inside = _body(draw, depth, draw(st.integers(1, 3)), flat)
    if flat:
        return "{ " + inside + " }"
    return "{" + _line_end(draw) + inside + _line_end(draw) + "}"


def _body(draw: st.DrawFn, depth: int, count: int, flat: bool = False) -> str:
    if depth > 3:
        return draw(TEXTS)
    statements = [_statement(draw, depth) for _ in range(count)]
    text = statements[0]
    for statement in statements[1:]:
        text += (", " if flat else _separator(draw)) + statement
    return text


@st.composite
def specs(draw: st.DrawFn) -> str:
    """A text that is mostly a legal token sequence; the parser may still have complaints."""
    text = draw(st.sampled_from(["", "inspect 1\n", "\n\n# head\ninspect 1 # v\n\n\n"]))
    text += _body(draw, 0, draw(st.integers(1, 4)))
    return text + draw(st.sampled_from(["", "\n", "# end", "\n\n\n# end\n\n"]))
