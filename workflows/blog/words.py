"""How many words a text has, and how many each section is to have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from workflows.blog.citations import without_citations

# A script without spaces: every character of it counts as half a word.
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_MARKS = re.compile(r"[#>*_`|~=+-]+")


def count(markdown: str) -> int:
    """The words that a reader reads: no marks, no citations."""
    text = without_citations(markdown)
    said = [word for word in text.split() if not _MARKS.fullmatch(word)]
    return len(said) + len(_WIDE.findall(text)) // 2


def targets(total: int, claims: Sequence[int]) -> list[int]:
    """Shares of the total, one per section: more for more claims, but never under half of the mean.

    The shares add up to the total.
    """
    mean = sum(claims) / len(claims)
    weights = [1.0 + min(number / mean, 2.0) if mean else 1.0 for number in claims]
    edges = [0.0]
    for weight in weights:
        edges.append(edges[-1] + weight)
    cuts = [round(total * edge / edges[-1]) for edge in edges]
    return [end - start for start, end in pairwise(cuts)]
