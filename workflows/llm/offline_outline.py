"""An outline from claims: neighbours in the text make a section, their key phrase its heading."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from workflows.llm.offline_prose import Sentence
from workflows.llm.offline_ranking import Ranking, words
from workflows.llm.offline_reading import Reading

FEWEST, MOST = 4, 8
SECTION_WORDS = 200
TITLE_CHARACTERS = 90


def outlined(reading: Reading) -> dict[str, Any]:
    claims = [Sentence(quote, n, n) for n, quote in enumerate(reading.claims.values())]
    ranking = Ranking(claims, reading.asked)
    groups = _groups(list(reading.claims.items()), _count(reading))
    headings = _headings(ranking, [[quote for _, quote in group] for group in groups], reading)
    sections = [
        {"heading": heading, "claims": [id for id, _ in group]}
        for heading, group in zip(headings, groups, strict=True)
    ]
    return {"title": titled(reading, ranking), "sections": sections}


def titled(reading: Reading, ranking: Ranking) -> str:
    """The topic, and what these sources have to say about it."""
    topic = " ".join(reading.facts.get("topic", "").split())
    known = set(words(topic))
    phrases = ranking.phrases(sentence.text for sentence in ranking.sentences)
    named = next((p for p in phrases if " " in p and not known & set(words(p))), "")
    if len(topic) + len(named) <= TITLE_CHARACTERS - 2:
        return ": ".join(filter(None, [topic, named])) or "?"
    return topic if len(topic) <= TITLE_CHARACTERS else f"{topic[: TITLE_CHARACTERS - 1].rstrip()}…"


def _count(reading: Reading) -> int:
    return max(FEWEST, min(MOST, round((reading.number("words") or 1200) / SECTION_WORDS)))


def _groups(claims: list[tuple[str, str]], count: int) -> list[list[tuple[str, str]]]:
    """So many runs of neighbours, as equal as they can be."""
    edges = [len(claims) * part // count for part in range(count + 1)]
    return [claims[start:end] for start, end in pairwise(edges)]


def _headings(ranking: Ranking, groups: Iterable[list[str]], reading: Reading) -> list[str]:
    """A phrase for each group that no other has; else one of the shapes that the task offers."""
    shapes = [shape.strip() for shape in reading.facts.get("shapes", "").split(";")]
    everything = [sentence.text for sentence in ranking.sentences]
    taken: set[str] = set()
    headings: list[str] = []
    for number, quotes in enumerate(groups):
        named = _fresh(ranking.phrases(quotes or everything), taken)
        heading = named or next((s for s in shapes if s and s.casefold() not in taken), "")
        heading = heading or f"{reading.facts.get('topic', '')[:60]} {number + 1}".strip()
        taken |= {heading.casefold(), *words(heading)}
        headings.append(heading[0].upper() + heading[1:])
    return headings


def _fresh(phrases: list[str], taken: set[str]) -> str:
    """The best name whose words are new; more than one word if there is such a one."""
    new = [phrase for phrase in phrases if not taken & set(words(phrase))]
    return next((phrase for phrase in new if " " in phrase), next(iter(new), ""))
