"""Which pages say nearly the same: a text's sketch is a small sample of its runs of words, chosen
by what they are and not by where they stand, so that equal parts give equal samples."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Collection

RUN = 4  # words
SIZE = 64
FEWEST = 24  # words; shorter texts are like each other by chance
ALIKE = 0.85


def sketch(text: str) -> list[int]:
    """Empty: too short to say."""
    words = text.casefold().split()
    if len(words) < FEWEST:
        return []
    runs = (" ".join(words[n : n + RUN]) for n in range(len(words) - RUN + 1))
    return heapq.nsmallest(SIZE, {zlib.crc32(run.encode()) for run in runs})


def alike(one: Collection[int], other: Collection[int]) -> bool:
    """Whether the texts are nearly the same: most of what both samples could share, they do."""
    if not one or not other:
        return False
    both = heapq.nsmallest(SIZE, {*one, *other})
    shared = set(one) & set(other)
    return sum(value in shared for value in both) >= ALIKE * len(both)
