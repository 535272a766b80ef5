"""Whether a page says a thing in these very words: compared in NFC, with blanks folded."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from workflows.catalog.site import Fact
from workflows.ingest.forms import FoundFact

SHORTEST, LONGEST = 12, 400
CLAIM = 240


def folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


@dataclass(frozen=True)
class Words:
    """The words of one page, paragraph by paragraph; without those that are not letter by letter
    what stands there."""

    paragraphs: tuple[str, ...]

    @classmethod
    def of(cls, text: str, loose: Iterable[int] = ()) -> Words:
        left_out = set(loose)
        parts = enumerate(text.split("\n\n"))
        return cls(tuple(folded(part) for number, part in parts if number not in left_out))

    def hold(self, quote: str) -> bool:
        """`quote`: folded."""
        return any(quote in paragraph for paragraph in self.paragraphs)


@dataclass(frozen=True)
class Checked:
    """`lost`: how many had a quote that does not stand on the page."""

    facts: tuple[Fact, ...]
    lost: int


def checked(found: Iterable[FoundFact], words: Words, most: int) -> Checked:
    """Each quote once, in the order in which they came."""
    facts: dict[str, Fact] = {}
    lost = 0
    for one in found:
        quote, claim = folded(one.quote), folded(one.claim)[:CLAIM]
        if not SHORTEST <= len(quote) <= LONGEST or not words.hold(quote):
            lost += 1
        elif len(facts) < most:
            facts.setdefault(quote, Fact(claim or quote[:CLAIM], quote))
    return Checked(tuple(facts.values()), lost)
