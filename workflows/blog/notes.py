"""The material of a post: the author's notes and the pages that they name, cleaned, cut into
paragraphs, searchable for quotes.

Whether a quote stands in the notes is decided after NFC and folding of white space, nothing else:
a quote that needs more kindness than that is not a quote.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from workflows.llm.fence import cleaned

PARAGRAPH_CHARACTERS = 1500
CHUNK_CHARACTERS = 12_000

_GAP = re.compile(r"\n[ \t\f]*\n|\f")
_SENTENCE_END = re.compile(r"[.!?]\s")


def folded(text: str) -> str:
    """In NFC, each run of white space one space."""
    return " ".join(cleaned(text).split())


@dataclass(frozen=True)
class Origin:
    """Where words come from: a page. The author's own notes have none."""

    url: str
    title: str


@dataclass(frozen=True)
class Notes:
    """`origins`: what the paragraphs come from, each with the number of its first one."""

    paragraphs: tuple[str, ...]
    origins: tuple[tuple[int, Origin | None], ...] = ()

    @cached_property
    def _folded(self) -> list[str]:
        return [" ".join(paragraph.split()) for paragraph in self.paragraphs]

    @cached_property
    def _whole(self) -> str:
        return " ".join(self._folded)

    @cached_property
    def _starts(self) -> list[int]:
        """Where each paragraph begins in the whole."""
        sizes = (len(paragraph) + 1 for paragraph in self._folded)
        return list(accumulate(sizes, initial=0))

    @cached_property
    def _sources(self) -> list[int]:
        """Where each origin begins in the whole."""
        return [self._starts[first] for first, _ in self.origins]

    def position(self, quote: str) -> int | None:
        """Where a folded quote begins; None if it does not stand in the notes. The end of one
        source and the beginning of the next are nobody's words."""
        found = self._whole.find(quote) if quote else -1
        while found >= 0:
            first, last = found, found + len(quote) - 1
            if bisect_right(self._sources, first) == bisect_right(self._sources, last):
                return found
            found = self._whole.find(quote, found + 1)
        return None

    def paragraph_of(self, quote: str) -> int | None:
        """The number of the paragraph in which the quote begins."""
        position = self.position(quote)
        return None if position is None else bisect_right(self._starts, position) - 1

    def origin_of(self, quote: str) -> Origin | None:
        """The page on which a folded quote begins; None: it is from the notes."""
        place = self.paragraph_of(quote)
        if place is None:
            return None
        before = [origin for first, origin in self.origins if first <= place]
        return before[-1] if before else None

    def chunks(self, size: int = CHUNK_CHARACTERS) -> list[str]:
        """The paragraphs, in order, in as few and as equal parts of this size as will do."""
        total = sum(map(len, self.paragraphs))
        parts = max(1, -(-total // size))
        chunks: list[list[str]] = [[]]
        filled = 0
        for paragraph in self.paragraphs:
            if chunks[-1] and filled >= total * len(chunks) / parts:
                chunks.append([])
            chunks[-1].append(paragraph)
            filled += len(paragraph)
        return ["\n\n".join(chunk) for chunk in chunks if chunk]


def notes_of(text: str, pages: Iterable[tuple[Origin | None, str]] = ()) -> Notes:
    """The notes, then the text of each page."""
    paragraphs: list[str] = []
    origins: list[tuple[int, Origin | None]] = []
    for origin, said in ((None, text), *pages):
        origins.append((len(paragraphs), origin))
        paragraphs += _paragraphs(said)
    return Notes(tuple(paragraphs), tuple(origins))


def _paragraphs(text: str) -> list[str]:
    parts = (
        part for gap in _GAP.split(cleaned(text)) for part in _pieces(gap.strip("\n").rstrip())
    )
    return [part for part in parts if part.strip()]


def _pieces(paragraph: str) -> Iterator[str]:
    """A paragraph that is too long, cut at sentences, else lines, else words."""
    while len(paragraph) > PARAGRAPH_CHARACTERS:
        cut = _cut(paragraph[:PARAGRAPH_CHARACTERS])
        yield paragraph[:cut].rstrip()
        paragraph = paragraph[cut:].lstrip()
    yield paragraph


def _cut(head: str) -> int:
    least = len(head) // 3
    ends = [end.end() for end in _SENTENCE_END.finditer(head, least)]
    if ends:
        return ends[-1]
    return max(head.rfind("\n", least), head.rfind(" ", least)) + 1 or len(head)
