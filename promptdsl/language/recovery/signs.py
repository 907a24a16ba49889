"""Which signs of other keyboards stand for a sign of the language, and which cannot be seen.

The one place that folds them: whatever echoes an author's line into a correction goes through it.
Texts in quotes may be in any language, so that inside them only a placeholder's braces are folded.
"""

import re
import unicodedata

TYPOGRAPHIC = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_CORNER = {"\u300c": "\u300d", "\u300e": "\u300f", "\u301d": "\u301e\u301f", "\uff62": "\uff63"}
_WIDE_QUOTES = "\uff02"
OPENING_QUOTES: dict[str, str] = {  # with what may close them
    **_CORNER,
    **dict.fromkeys(_WIDE_QUOTES, _WIDE_QUOTES + TYPOGRAPHIC),
    **dict.fromkeys(TYPOGRAPHIC, TYPOGRAPHIC + _WIDE_QUOTES),
}
QUOTES = frozenset("".join([*OPENING_QUOTES, *OPENING_QUOTES.values()]))

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
BULLETS = frozenset(DASHES + "-+*\u00b7\u2022\u2023\u25aa\u25cf\u25e6")
_SIGNS = {
    **dict.fromkeys(QUOTES, '"'),
    **dict.fromkeys("\u3001\uff64\u060c\ufe51", ","),
    **dict.fromkeys("\u2236\ua789\u02d0\uff1a", ":"),
    **dict.fromkeys("\u3010\u3014\u3016", "["),
    **dict.fromkeys("\u3011\u3015\u3017", "]"),
    **dict.fromkeys("\uff1b\u061b\ufe54\u037e", ","),
    **dict.fromkeys("\u2267\u2a7e\u2273", "\u2265"),
    **dict.fromkeys("\u2266\u2a7d\u2272", "\u2264"),
    **dict.fromkeys("\u066a\u2052", "%"),
    "\u066b": ".", "\u3002": ".", "\uff61": ".",
}  # fmt: skip
_ALIKE = dict(  # two lines of Cyrillic letters, then Greek ones
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
        "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405"
        "\u03bf\u03bd\u03b9\u03c1\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f"
        "\u03a1\u03a4\u03a5\u03a7\u0131\u0261",
        "aeopcxyijshdqwABEKMHOPCTXIJSovipABEZHIKMNOPTYXig",
        strict=True,
    )
)
_LIGATURES = {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"}
_OTHER_WIDTHS = ("<wide>", "<narrow>", "<small>", "<vertical>", "<font>")
_UNSEEN = {
    "\u00ad": "a soft hyphen", "\u034f": "a joiner", "\u180e": "a vowel separator",
    "\u200b": "a zero-width space", "\u200c": "a zero-width non-joiner",
    "\u200d": "a zero-width joiner", "\u2060": "a word joiner", "\ufeff": "a byte order mark",
    "\u3164": "a Hangul filler", "\u115f": "a Hangul filler", "\u1160": "a Hangul filler",
    **dict.fromkeys("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e", "a mark of direction"),
    **dict.fromkeys("\u2066\u2067\u2068\u2069", "a mark of direction"),
    **dict.fromkeys(map(chr, range(0x2061, 0x2065)), "an invisible operator"),
    **dict.fromkeys(map(chr, range(0xFE00, 0xFE10)), "a variation selector"),
    **dict.fromkeys(map(chr, range(0xE0000, 0xE0080)), "a tag"),
}  # fmt: skip
JOINERS = "\u200c\u200d\ufe0e\ufe0f"  # some scripts, and pictures of faces, are written with them

_NAMES = {
    ",": "comma", ":": "colon", "{": "brace", "}": "brace", '"': "quote", "%": "percent sign",
    ".": "point", "(": "bracket", ")": "bracket", "[": "bracket", "]": "bracket", ";": "semicolon",
}  # fmt: skip


def unseen(character: str) -> str | None:
    """What a character is that nobody can see; None for one that shows."""
    return _UNSEEN.get(character)


def plain(character: str) -> str | None:
    """The sign of the language that another keyboard's sign stands for, None when it is none."""
    if character < "\x80":
        return None
    known = _SIGNS.get(character)
    if known is not None:
        return known
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.digit(character))
    tag, _, codes = unicodedata.decomposition(character).partition(" ")
    if tag not in _OTHER_WIDTHS or " " in codes:
        return None
    folded = chr(int(codes, 16))
    return folded if "!" <= folded <= "~" else _SIGNS.get(folded)


def latin(word: str) -> str | None:
    """A word with Cyrillic and Greek letters that look Latin replaced; None if there are none.

    Only where the rest of it is Latin: a word of another script is a word of another language.
    """
    if word.isascii() or not any(c in _ALIKE or c in _LIGATURES or plain(c) for c in word):
        return None
    made = "".join(_ALIKE.get(c) or _LIGATURES.get(c) or plain(c) or c for c in word)
    return made if made.isascii() else None


def with_plain_brackets(text: str) -> str:
    """A text with foreign signs folded where one sign stands for one; the same length."""
    return text if text.isascii() else "".join(plain(sign) or sign for sign in text)


def readable(text: str) -> str:
    """A text as a correction gives it: nothing that is hidden, no letter that only looks Latin."""
    if text.isascii():
        return text
    words = re.split(r"(\W+)", text)
    shown = "".join(latin(word) or word for word in words)
    return "".join(sign for sign in shown if not unseen(sign) or sign in JOINERS)


def described(character: str) -> str:
    """`the full-width comma ，`: what stands there, in the author's words."""
    folded = plain(character) or _ALIKE.get(character) or character
    what = _NAMES.get(folded) or ("letter" if folded.isalpha() else "sign")
    name = unicodedata.name(character, "")
    if folded.isdigit():
        what = "digit"
    if "SEMICOLON" in name:
        what = "semicolon"
    for script in ("Cyrillic", "Greek", "Arabic"):
        if name.startswith(script.upper()):
            return f"the {script} {what} {character}"
    if "FULLWIDTH" in name:
        return f"the full-width {what} {character}"
    return f"the foreign {what} {character}" if what != "sign" else f"the foreign sign {character}"
