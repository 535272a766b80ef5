"""Claims: what the notes say, each with the words that it stands on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflows.blog.forms import FoundClaim
from workflows.blog.notes import Notes, folded

CLAIM_CHARACTERS = 300
SHORTEST_QUOTE, LONGEST_QUOTE = 12, 1200
WORDS_PER_CLAIM = 45


@dataclass(frozen=True)
class Claim:
    id: str
    claim: str
    quote: str


@dataclass(frozen=True)
class Evidence:
    """The claims that verify, and what is to be said about the others."""

    claims: tuple[Claim, ...]
    said: tuple[str, ...]


def wanted(words: int, chunks: int) -> int:
    """How many claims to ask for in each chunk of the notes."""
    return max(3, -(-max(8, words // WORDS_PER_CLAIM) // chunks))


def verified(found: Iterable[FoundClaim], notes: Notes) -> Evidence:
    """Claims whose quotes stand in the notes, each quote once, numbered in the notes' order."""
    placed: dict[str, tuple[int, FoundClaim]] = {}
    total = lost = 0
    for claim in found:
        total += 1
        quote = folded(claim.quote)
        position = notes.position(quote)
        if position is None or not SHORTEST_QUOTE <= len(quote) <= LONGEST_QUOTE:
            lost += 1
        else:
            placed.setdefault(quote, (position, claim))
    said = _said(total, lost, total - lost - len(placed))
    ordered = sorted(placed.items(), key=lambda item: item[1][0])
    return Evidence(_numbered([(quote, claim) for quote, (_, claim) in ordered]), said)


def _numbered(found: Sequence[tuple[str, FoundClaim]]) -> tuple[Claim, ...]:
    return tuple(
        Claim(f"c{number}", folded(claim.claim)[:CLAIM_CHARACTERS] or quote, quote)
        for number, (quote, claim) in enumerate(found, start=1)
    )


def _said(total: int, lost: int, doubled: int) -> tuple[str, ...]:
    said = []
    if lost:
        said.append(f"Dropped {lost} of {total} claims: their quotes do not stand in the notes.")
    if doubled:
        said.append(f"Dropped {doubled} of {total} claims: their quotes were given twice.")
    return tuple(said)
