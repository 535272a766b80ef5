"""The author's notes: cleaned, cut into paragraphs, searchable for quotes.

Whether a quote stands in the notes is decided after NFC and folding of white space, nothing else:
a quote that needs more kindness than that is not a quote.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
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
class Notes:
    paragraphs: tuple[str, ...]

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

    def position(self, quote: str) -> int | None:
        """Where a folded quote begins; None if it does not stand in the notes."""
        found = self._whole.find(quote)
        return None if found < 0 or not quote else found

    def paragraph_of(self, quote: str) -> int | None:
        """The number of the paragraph in which the quote begins."""
        position = self.position(quote)
        return None if position is None else bisect_right(self._starts, position) - 1

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


def notes_of(text: str) -> Notes:
    paragraphs = (
        part for gap in _GAP.split(cleaned(text)) for part in _pieces(gap.strip("\n").rstrip())
    )
    return Notes(tuple(paragraph for paragraph in paragraphs if paragraph.strip()))


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
