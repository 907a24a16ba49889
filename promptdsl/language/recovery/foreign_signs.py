"""Signs of other keyboards and characters that nobody sees: told once a line, and folded.

The commas, braces and quotes of a Chinese or Japanese keyboard, the quotes of a word processor, a
Cyrillic letter in a word of the language, a zero-width space before one. The text that the further
passes see has the plain signs in their places, so that no correction repeats the foreign ones, and
every offset stays true: what cannot be seen becomes a blank, or HIDDEN in the midst of a word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.recovery.other_notations import (
    blank_block_comments,
    blank_pasted,
    other_format,
)
from promptdsl.language.recovery.signs import (
    DASHES,
    JOINERS,
    OPENING_QUOTES,
    QUOTES,
    TYPOGRAPHIC,
    described,
    latin,
    plain,
    unseen,
)
from promptdsl.language.tokens import BLANK, HIDDEN, TEXT, Rewriting, line_end, line_start
from promptdsl.language.vocabulary import CONTEXT_WORDS, KEYWORDS
from promptdsl.source import SourceFile, Span

_LONGEST_ECHO = 160
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_WORD = re.compile(r"[^\W\d][\w-]*")
_PLACEHOLDER = re.compile(r"[{\uff5b\ufe5b][^\S\n]*(\w+)[^\S\n]*[}\uff5d\ufe5c]")
_BEHIND_A_TEXT = re.compile(r"[^\S\n]*(?:[,;{}\uff0c\u3001\uff1b\uff5b\uff5d]|as\b|\Z)")
_ENDS = " \t\r}\uff5d\u3002\uff61\uff1b"
_TYPED = {"\u2265": ">=", "\u2264": "<="}  # what a keyboard has
_TEXTS = re.compile(TEXT + "|#.*")
_KNOWN = {*KEYWORDS, *CONTEXT_WORDS} - {"in"}  # which many words begin with


def with_plain_signs(source: SourceFile, report: Report) -> SourceFile:
    """The source without block comments and foreign signs; the same length and lines."""
    text = source.text.replace(BLANK, "\ufffd").replace(HIDDEN, "\ufffd")
    text = blank_block_comments(source, text, report)
    if not text.isascii():
        text = _folded(source, text, report)
    if other_format(text) is None:
        text = blank_pasted(source, text, report)
    return source if text == source.text else SourceFile(source.name, text, source.path)


def _folded(source: SourceFile, text: str, report: Report) -> str:
    made = Rewriting(text)
    found = _FOREIGN.search(text)
    while found is not None:
        start, end = line_start(text, found.start()), line_end(text, found.start())
        line = _Line(text[start:end])
        line.read()
        line.tell(source.name, start, report)
        made.put(start, end, "".join(line.out))
        found = _FOREIGN.search(text, end)
    return made.finished()


@dataclass(slots=True)
class _Line:
    """One line with something in it that is not ASCII, read from left to right."""

    text: str
    out: list[str] = field(default_factory=list)
    signs: list[int] = field(default_factory=list)  # foreign signs and letters outside of texts
    hidden: list[int] = field(default_factory=list)  # likewise what nobody sees
    unclosed: set[str] = field(default_factory=set)
    texts: list[tuple[int, int]] = field(default_factory=list)  # between their quotes
    gone: set[int] = field(default_factory=set)  # of these, what leaves no blank behind
    end: int = 0  # of the statement: a comment follows
    sound: bool = True  # its texts have straight quotes, all of them
    last: int = 0  # behind this, only what may end a statement

    def read(self) -> None:
        """Fold the line; afterwards `signs` and `hidden` say what was found."""
        self.out = list(self.text)
        self.end = len(self.text)
        self.last = len(self.text.rstrip(_ENDS))
        rest = _TEXTS.sub("", self.text)
        self.sound = '"' not in rest and not any(sign in QUOTES for sign in rest)
        at, bare = 0, 0
        while at < self.end:
            sign = self.text[at]
            if sign in "#\uff03":
                self.out[at] = "#"
                self.signs += [at] if sign != "#" else []
                self._bare(bare, at)
                self.end = at
                return
            if sign == '"' or sign in OPENING_QUOTES:
                self._bare(bare, at)
                at = bare = self._text(at)
            else:
                at += 1
        self._bare(bare, self.end)

    def _text(self, opening: int) -> int:
        """Fold the quotes of a text and its placeholders; the offset behind it."""
        quote = self.text[opening]
        at = len(self.text) if quote in self.unclosed else self._closing(opening)
        if at >= len(self.text):  # it never closes: the next pass tells of it
            self.unclosed.add(quote)
            if quote != '"':
                self._sign(opening)
            return opening + 1 if quote != '"' else len(self.text)
        for place in (opening, at):
            if self.text[place] != '"':
                self._sign(place)
        self.texts.append((opening + 1, at))
        for match in _PLACEHOLDER.finditer(self.text, opening + 1, at):
            word = latin(match.group(1)) or match.group(1)
            if not match.group().isascii() and word.lower() == "object":
                for place in range(*match.span()):
                    if plain(self.text[place]):
                        self._sign(place)
        return at + 1

    def _closing(self, opening: int) -> int:
        """Where a text ends: at its own quote, or at another with a comma or a brace behind it."""
        quote, at, inner = self.text[opening], opening + 1, 0
        own = OPENING_QUOTES.get(quote, quote)
        mixed = not self.sound
        while at < len(self.text):
            sign = self.text[at]
            if sign == "\\":
                at += 1
            elif sign in own:
                return at
            elif mixed and (sign == '"' or sign in QUOTES):
                if inner and sign != '"':
                    inner -= 1
                elif _BEHIND_A_TEXT.match(self.text, at + 1):
                    return at
                else:
                    inner += 1
            at += 1
        return at

    def _bare(self, start: int, end: int) -> None:
        """Fold what stands outside of quotes."""
        for match in _WORD.finditer(self.text, start, end):
            self._word(match.start(), match.group())
        at = start
        while at < end:
            sign = self.text[at]
            if unseen(sign):
                at = self._unseen(at)
                continue
            if sign in DASHES:
                self.out[at] = "-" if self.text[at + 1 : at + 2].strip() else sign
            elif sign in _ENDS[4:] and at >= self.last:
                self._sign(at, "}" if sign == "\uff5d" else " ")  # the full stop of a sentence
            elif plain(sign):
                self._sign(at)
            elif sign >= "\x80" and sign.isspace():
                self.out[at] = " "
            at += 1

    def _unseen(self, at: int) -> int:
        """Leave out a run of what nobody sees; the offset behind it."""
        end = at
        while end < len(self.text) and unseen(self.text[end]):
            end += 1
        beside = self.text[max(at - 1, 0) : at] + self.text[end : end + 1]
        touched = len(beside) == 2 and not any(sign.isspace() for sign in beside)
        word = re.search(r"[a-z]+\Z", self.text[max(at - 20, 0) : at])
        if touched and self.text[at] == "\u200b" and word is not None and word.group() in _KNOWN:
            self.out[at:end] = " " * (end - at)  # it stands for the blank between two words
        else:
            self.out[at:end] = (HIDDEN if touched else " ") * (end - at)
            self.gone.update(range(at, end))
        self.hidden += range(at, end)
        return end

    def _word(self, start: int, word: str) -> None:
        """A bare word with letters of another script that look Latin."""
        made = latin(word)
        mixed = any(letter < "\x80" and letter.isalpha() for letter in word)
        if made is None or len(made) != len(word) or not (mixed or made.lower() in _KNOWN):
            return
        for at, letter in enumerate(made, start):
            if self.text[at] != letter and not plain(self.text[at]):
                self._sign(at, letter)

    def _sign(self, at: int, folded: str | None = None) -> None:
        self.signs.append(at)
        self.out[at] = folded or plain(self.text[at]) or self.text[at]

    # telling

    def tell(self, name: str, start: int, report: Report) -> None:
        """One message for the line, and one for each text with something unseen in it."""
        if report.full:
            report.left_out += bool(self.signs or self.hidden)
            return
        if self.signs:
            self._tell_signs(name, start, min(self.signs), report)
        elif self.hidden:
            self._tell_hidden(name, start, min(self.hidden), report)
        for begin, end in self.texts:
            _tell_text(name, start + begin, self.text[begin:end], report)

    def _mended(self) -> tuple[int, int, str]:
        """Where the statement stands in the line, and how it is written."""
        whole = "".join(self.out[: self.end])
        found = [*self.signs, *self.hidden]
        begin = min([len(whole) - len(whole.lstrip()), *found])
        end = max([len(whole.rstrip()) - 1, *found]) + 1
        kept = (
            _TYPED.get(sign, sign) if self.text[at] != sign else sign
            for at, sign in enumerate(whole[begin:end], begin)
            if at not in self.gone
        )
        return begin, end, "".join(kept).strip()

    def _tell_signs(self, name: str, start: int, at: int, report: Report) -> None:
        begin, end, mended = self._mended()
        sign, place, line = self.text[at], _at(name, start, at), _at(name, start, begin, end)
        if all(self.text[each] in TYPOGRAPHIC for each in self.signs):
            report.error(
                "I105", place,
                f"this is the typographic quote {sign}, and specs use the straight one",
                label='needs "', write=mended, at=line,
                help='write every quote as " (a word processor changes them: use a text editor)',
            )  # fmt: skip
            return
        folded, what = self.out[at].strip(), described(sign)
        report.error(
            "I130", place,
            f"this is {what}, and specs use the {'plain' if plain(sign) else 'Latin'} one" if folded
            else f"{what} ends a sentence, and lines of a spec end without",
            label=f"needs {folded}" if folded else "not here", write=mended, at=line,
            help=f"write {mended}" if len(mended) <= _LONGEST_ECHO
            else "switch the keyboard to English letters and type the line again",
        )  # fmt: skip

    def _tell_hidden(self, name: str, start: int, at: int, report: Report) -> None:
        begin, end, mended = self._mended()
        report.error(
            "I131", _at(name, start, at),
            f"{unseen(self.text[at])}, which nobody can see, stands here",
            label="remove it", write=mended, at=_at(name, start, begin, end),
            help="remove it: retype the line, or apply the fix" if len(mended) > _LONGEST_ECHO
            else f"write {mended}" if mended else "remove the line",
        )  # fmt: skip


def _at(name: str, start: int, begin: int, end: int | None = None) -> Span:
    """A place in the line that begins at `start`, of one character without an end."""
    return Span(name, start + begin, start + (begin + 1 if end is None else end))


def _tell_text(name: str, start: int, text: str, report: Report) -> None:
    """Warn of what a reader of the text cannot see, and the model does."""
    if text.isascii():
        return
    found = [
        at for at, sign in enumerate(text)
        if unseen(sign)
        # scripts that need joiners, and pictures of faces, have them
        and (sign not in JOINERS or (text[max(at - 1, 0) : at] + text[at + 1 : at + 2]).isascii())
    ]  # fmt: skip
    if found:
        left_out = set(found)
        mended = "".join(sign for at, sign in enumerate(text) if at not in left_out)
        report.warning(
            "I132", _at(name, start, found[0]),
            f"{unseen(text[found[0]])}, which nobody can see, stands in this text",
            label="the model and the disk see it", write=mended, at=_at(name, start, 0, len(text)),
            help=f'write "{mended}"' if len(mended) <= _LONGEST_ECHO else "remove it",
        )  # fmt: skip
    for word in _alike(text):
        sign = next(sign for sign in word.group() if sign >= "\x80")
        report.warning(
            "I133", _at(name, start, *word.span()),
            f"{word.group()} is written with {described(sign)}, which is another one to the model",
            label="looks Latin, and is not", write=latin(word.group()) or word.group(),
        )  # fmt: skip


def _alike(text: str) -> Iterator[re.Match[str]]:
    """Words that only look Latin, wholly or in part, in a text that is Latin otherwise."""
    words = [match for match in _WORD.finditer(text) if match.group() != "object"]
    english = any(match.group().isascii() for match in words)
    foreign = any(not match.group().isascii() and latin(match.group()) is None for match in words)
    for match in words:
        word = match.group()
        if word.isascii() or latin(word) is None:
            continue
        mixed = any(letter < "\x80" and letter.isalpha() for letter in word)
        if mixed or all(map(plain, word)) or (english and not foreign):
            yield match
