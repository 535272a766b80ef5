"""The notes dealt out to the sections: the paragraphs around each section's claims.

Every paragraph goes to one section at most, and what another section is going to cite is cut out of
it: sections written side by side then have nothing to repeat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from workflows.blog.notes import Notes
from workflows.blog.outline import Planned

# Notes hold more than a section can use; a writer should have a choice, not a library.
WORDS_PER_WORD = 2.5

_SPEAKS = re.compile(r"\w\W{0,4}[.!?:。！？]")


@dataclass
class _Share:
    """What one section has got so far."""

    anchors: list[int]
    budget: float
    words: int = 0
    places: list[int] = field(default_factory=list)

    @property
    def need(self) -> float:
        """How much is missing, as a part of what is wanted."""
        return 1 - self.words / self.budget

    def distance(self, place: int) -> tuple[int, int]:
        return min((abs(place - anchor), place) for anchor in self.anchors)

    def take(self, place: int, words: int) -> None:
        self.places.append(place)
        self.words += words


def dealt(notes: Notes, sections: Sequence[Planned]) -> list[str]:
    """The material of each section, in the notes' order."""
    free = _speaking(notes)
    sizes = {place: len(notes.paragraphs[place].split()) for place in free}
    shares = [_share(notes, section, n / len(sections)) for n, section in enumerate(sections)]
    queues = [sorted(free, key=share.distance, reverse=True) for share in shares]
    while free:
        neediest = max(range(len(shares)), key=lambda n: shares[n].need)
        if shares[neediest].need <= 0:
            break
        place = _next_free(queues[neediest], free)
        free.discard(place)
        shares[neediest].take(place, sizes[place])
    return [_told(notes, share, sections, n) for n, share in enumerate(shares)]


def _share(notes: Notes, section: Planned, where: float) -> _Share:
    """A section without claims looks around its own part of the notes."""
    found = (notes.paragraph_of(claim.quote) for claim in section.claims)
    anchors = [place for place in found if place is not None]
    middle = int(len(notes.paragraphs) * where)
    return _Share(anchors or [middle], max(1.0, section.words * WORDS_PER_WORD))


def _speaking(notes: Notes) -> set[int]:
    """Paragraphs with a sentence in them, each text once; all, if there is none."""
    first = {" ".join(text.split()): n for n, text in reversed([*enumerate(notes.paragraphs)])}
    distinct = set(first.values())
    speaking = {n for n in distinct if _SPEAKS.search(notes.paragraphs[n])}
    return speaking or distinct


def _next_free(queue: list[int], free: set[int]) -> int:
    while (place := queue.pop()) not in free:
        pass
    return place


def _told(notes: Notes, share: _Share, sections: Sequence[Planned], own: int) -> str:
    text = "\n\n".join(notes.paragraphs[place] for place in sorted(share.places))
    kept = {claim.quote for claim in sections[own].claims}
    others = (claim.quote for section in sections for claim in section.claims)
    for quote in others:
        if quote not in kept:
            text = _without(text, quote)
    return text


def _without(text: str, quote: str) -> str:
    """The text with the quote cut out, wherever its lines break."""
    first, *rest = quote.split()
    if first not in text:
        return text
    pattern = r"\s+".join(map(re.escape, [first, *rest]))
    return re.sub(pattern, "\n\n", text)
