"""Which parts of a text are sentences that stand on their own.

Real notes are RFCs, licences, manual pages: with page breaks, tables, drawings and lists. A line is
taken as prose or as a break; prose lines between two breaks are joined and cut into sentences. All
that a sentence gains is single spaces, so it still stands word for word in its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

MIN_WORDS, MAX_WORDS = 5, 120

_CODE_FENCE = re.compile(r"^\s*(```|~~~)")
_MACRO = re.compile(r"^\.[A-Za-z\\\"]|^'\\\"")
_HEADING = re.compile(r"^\s*#{1,6}\s")
_GAP = re.compile(r"\S(?: {4,}|\t+)\S")
_DRAWN = re.compile(r"[|+][-=_]{2}|[-=_]{2}[|+>]|\.{4}|(?:\. ){4}|\||\[Page \d")
_ITEM = re.compile(
    r"^\s*(?:[-*o•·‣+]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})[.)]|\d+(?:\.\d+)+\.?)\s+"
)
# The counts are bounded, so that no run of marks can make a search slow.
_END = re.compile(r"(?:[.!?…]{1,3}[)\"'”’»\]*_]{0,4}(?=\s)|[。！？]{1,3}[」』”]{0,2})\s*")
_STARTER = re.compile(r"[\"'`“‘«(\[*_]{0,4}[^\W_]")
_STOPPED = re.compile(r"[.!?…。！？][)\"'”’»\]」』*_]{0,4}$")
_ABBREVIATED = re.compile(
    r"(?:^|[\s(\[\"'“])(?:[A-Z]|e\.g|i\.e|etc|vs|cf|al|approx|no|nos|fig|figs|sec|sect|eq|ch|vol|pp?|"
    r"mr|mrs|ms|dr|prof|st|inc|ltd|co|corp|jr|sr|u\.s|u\.k|a\.m|p\.m|ver|ed|eds)\.$",
    re.IGNORECASE,
)
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class Sentence:
    text: str
    place: int
    """Its number in the text."""
    block: int
    """Its paragraph's number."""

    @property
    def words(self) -> int:
        return length(self.text)


def length(text: str) -> int:
    """Words; a script without spaces counts about two characters to a word."""
    return len(text.split()) + len(_WIDE.findall(text)) // 2


def is_stopped(text: str) -> bool:
    """Whether it ends as sentences end."""
    return _STOPPED.search(text) is not None


def sentences(text: str, least: int = 0) -> list[Sentence]:
    """The text's whole sentences, each once. Where they have fewer than `least` words, the items of
    lists too; of a text that has hardly any, the lines that say something.
    """
    found = list(_distinct(_fit(text, _stands_alone)))
    told = sum(sentence.words for sentence in found)
    if told < max(1, min(40, length(text) // 8)):
        return list(_distinct(_lines(text)))
    return found if told >= least else list(_distinct(_fit(text, _says_something)))


def _fit(text: str, fits: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
    for number, block in enumerate(_blocks(text)):
        yield from ((piece, number) for piece in _cut(block) if fits(piece))


def _lines(text: str) -> Iterator[tuple[str, int]]:
    for number, line in enumerate(text.splitlines()):
        said = " ".join(_ITEM.sub("", line).split())
        if said and _lettered(said) >= 0.5:
            words = said.split(" ")
            yield " ".join(words[:MAX_WORDS]), number


def _distinct(pieces: Iterable[tuple[str, int]]) -> Iterator[Sentence]:
    seen: set[str] = set()
    for text, block in pieces:
        if (key := text.casefold()) not in seen:
            yield Sentence(text, len(seen), block)
            seen.add(key)


def _blocks(text: str) -> Iterator[str]:
    """Runs of prose lines; a list item opens a run of its own."""
    run: list[str] = []
    for line in _prose_lines(text):
        opens = _ITEM.match(line)
        if run and (opens or not line):
            yield " ".join(run)
            run = []
        if said := " ".join((line[opens.end() :] if opens else line).split()):
            run.append(said)
    yield " ".join(run)


def _prose_lines(text: str) -> Iterator[str]:
    """The lines, with an empty one for each that is not prose."""
    in_code = False
    for line in text.splitlines():
        if _CODE_FENCE.match(line):
            in_code = not in_code
        yield "" if in_code or _is_break(line) else line


def _is_break(line: str) -> bool:
    said = line.strip()
    if not said or len(line) > 20_000:
        return not said
    if _MACRO.match(line) or _HEADING.match(line) or _DRAWN.search(said):
        return True
    return bool(_GAP.search(said)) or _lettered(said) < 0.6


def _lettered(text: str) -> float:
    """How much of what is printed is letters and digits."""
    printed = text.replace(" ", "")
    return sum(map(str.isalnum, printed)) / max(len(printed), 1)


def _cut(block: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(block):
        piece = block[start : end.end()].rstrip()
        if end.end() < len(block) and not _may_end(piece, block[end.end() :][:8]):
            continue
        yield piece
        start = end.end()
    yield block[start:].strip()


def _may_end(piece: str, following: str) -> bool:
    first = _STARTER.match(following)
    if first is None or following[first.end() - 1].islower():
        return False
    return not _ABBREVIATED.search(piece[-12:])


def _stands_alone(piece: str) -> bool:
    if not MIN_WORDS <= length(piece) <= MAX_WORDS or not is_stopped(piece):
        return False
    first = _STARTER.match(piece)
    if first is None or piece[first.end() - 1].islower():
        return False
    return _lettered(piece) >= 0.75 and piece.count("(") == piece.count(")")


def _says_something(piece: str) -> bool:
    return MIN_WORDS <= length(piece) <= MAX_WORDS and _lettered(piece) >= 0.75
