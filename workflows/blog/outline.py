"""The outline: each claim allotted to exactly one section, so that no two tell the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workflows.blog.claims import Claim
from workflows.blog.forms import FEWEST_SECTIONS, OutlineForm
from workflows.blog.words import targets
from workflows.catalog import MOST_SECTIONS

SECTION_WORDS = 200
HEADING_WORDS = 8


@dataclass(frozen=True)
class Planned:
    """One section as it is to be written."""

    heading: str
    claims: tuple[Claim, ...]
    words: int
    note: str = ""  # the author's wish for it


@dataclass(frozen=True)
class Outline:
    title: str
    sections: tuple[Planned, ...]
    said: tuple[str, ...] = ()


def section_count(words: int) -> int:
    return max(FEWEST_SECTIONS, min(MOST_SECTIONS, round(words / SECTION_WORDS)))


def outline_of(form: OutlineForm, claims: Sequence[Claim], words: int) -> Outline:
    """The model's outline with its allotment put right; what was put right is said."""
    named = {claim.id: claim for claim in claims}
    home: dict[str, int] = {}
    unknown = doubled = 0
    for number, section in enumerate(form.sections):
        for id in dict.fromkeys(map(_bare, section.claims)):
            unknown += id not in named
            doubled += id in home
            if id in named:
                home.setdefault(id, number)
    said = _said(unknown, doubled, len(claims) - len(home))
    headings = [section.heading for section in form.sections]
    return _outline(form.title, headings, _homes(claims, home, len(headings)), words, said)


def fallback(title: str, headings: Sequence[str], claims: Sequence[Claim], words: int) -> Outline:
    """Without a model's outline: neighbouring claims together, in the order of the notes."""
    groups = _homes(claims, {}, len(headings))
    return _outline(title, headings, groups, words, ("Made a plain outline without the model.",))


def plain_headings(claims: Sequence[Claim], questions: Sequence[str], words: int) -> list[str]:
    """Headings from what there is; empty if that is not enough for an outline."""
    count = section_count(words)
    openings = [claims[len(claims) * part // count].claim for part in range(count) if claims]
    for texts in (questions, openings, [claim.claim for claim in claims]):
        headings = list(dict.fromkeys(_opening(text) for text in texts))[:count]
        if len(headings) >= FEWEST_SECTIONS:
            return headings
    return []


def reshaped(title: str, sections: Sequence[Planned], words: int) -> Outline:
    """An outline of these sections, the words dealt out among them."""
    shares = targets(words, [len(section.claims) for section in sections])
    dealt = (replace(one, words=share) for one, share in zip(sections, shares, strict=True))
    return Outline(title, tuple(dealt))


def _opening(text: str) -> str:
    return " ".join(text.split()[:HEADING_WORDS]).strip(" .,;:?!")


def _bare(id: str) -> str:
    return id.strip().strip("[]").strip().casefold()


def _homes(claims: Sequence[Claim], home: dict[str, int], sections: int) -> list[list[Claim]]:
    """Claims by section. One without a home joins the claim before it; without any homes all
    are dealt out in runs of neighbours.
    """
    groups: list[list[Claim]] = [[] for _ in range(sections)]
    last = next((home[claim.id] for claim in claims if claim.id in home), None)
    for number, claim in enumerate(claims):
        even = number * sections // len(claims)
        place = home.get(claim.id, even if last is None else last)
        groups[place].append(claim)
        last = place if home else None
    return groups


def _outline(
    title: str,
    headings: Sequence[str],
    groups: Sequence[Sequence[Claim]],
    words: int,
    said: tuple[str, ...],
) -> Outline:
    shares = targets(words, [len(group) for group in groups])
    planned = (
        Planned(heading, tuple(group), share)
        for heading, group, share in zip(headings, groups, shares, strict=True)
    )
    return Outline(title, tuple(planned), said)


def _said(unknown: int, doubled: int, homeless: int) -> tuple[str, ...]:
    said = []
    if unknown:
        said.append(f"The outline named claims that do not exist ({unknown}): ignored.")
    if doubled:
        said.append(f"The outline gave claims to two sections ({doubled}): the first keeps them.")
    if homeless:
        said.append(f"The outline left claims out ({homeless}): put with their neighbours.")
    return tuple(said)
