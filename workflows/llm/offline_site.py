"""A site described from its own words: lines of a sheet, its best sentences and phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from workflows.llm.offline_prose import Sentence, sentences
from workflows.llm.offline_ranking import Ranking, words
from workflows.llm.offline_reading import Reading

LINE, TOPICS, POSTS = 200, 5, 3
SHAPE = frozenset({"name", "audience", "tone", "topics"})
_SHEET = re.compile(r"^(title|site_name|description): (.+)$", re.MULTILINE)
_OFFERED = re.compile(r"^\[(\d{1,4})\] ", re.MULTILINE)
_PARTED = re.compile(r"\s+[|·•—–-]\s+|\s*::\s*")
_ADDRESSED = re.compile(
    r"\b(?:for|users?|readers?|customers?|developers?|people|you|für|pour|para|you)\b",
    re.IGNORECASE,
)


def is_portrait(properties: Mapping[str, Any]) -> bool:
    return properties.keys() >= SHAPE


def portrayed(reading: Reading, properties: Mapping[str, Any]) -> dict[str, Any]:
    sheet = dict(_SHEET.findall(reading.material[:4000]))
    # The sheet is no prose; what is quoted has to stand in the text.
    text = reading.material.partition("\n\n")[2] or reading.material
    ranking = Ranking(sentences(text), " ".join(sheet.values()))
    best = ranking.best_first()
    named = _phrases(ranking, best)
    topics, products = list(islice(named, TOPICS)), list(islice(named, TOPICS))
    made = {
        "name": _said(_name(sheet, reading), best),
        "description": _said(sheet.get("description", ""), best),
        "audience": _audience(best),
        "tone": {"value": _tone(reading, text), "quote": best[0].text if best else ""},
        "topics": _list(topics, best),
        "products": _list(products, best),
        "posts": _posts(topics, best),
        "pages": [int(n) for n in _OFFERED.findall(reading.material)][: reading.number("pages")],
    }
    return {key: value for key, value in made.items() if key in properties}


def _phrases(ranking: Ranking, best: list[Sentence]) -> Iterator[str]:
    """Each with words of its own."""
    taken: set[str] = set()
    for phrase in ranking.phrases(sentence.text for sentence in best):
        inside = set(words(phrase))
        if inside and not inside & taken:
            taken |= inside
            yield phrase


def _name(sheet: Mapping[str, str], reading: Reading) -> str:
    title = sheet.get("title", "")
    return sheet.get("site_name") or _PARTED.split(title)[0] or reading.facts.get("host", "?")


def _said(value: str, best: list[Sentence]) -> dict[str, str]:
    """Shown by the sentence that has most of its words."""
    wanted = set(words(value))
    found = max(best, key=lambda one: len(wanted & set(words(one.text))), default=None)
    text = found.text if found else ""
    return {"value": value or text[:LINE], "quote": text}


def _audience(best: list[Sentence]) -> dict[str, str]:
    found = next((one.text for one in best if _ADDRESSED.search(one.text)), "")
    found = found or next((one.text for one in best), "")
    return {"value": found[:LINE], "quote": found}


def _tone(reading: Reading, text: str) -> str:
    """One of those that the task offers: by how it speaks to its readers."""
    offered = [tone.strip() for tone in reading.facts.get("tones", "plain").split(";")]
    spoken = len(re.findall(r"\byou\b|\byour\b", text, re.IGNORECASE)) / (len(text.split()) + 1)
    wished = "lively" if text.count("!") > 5 else "friendly" if spoken > 0.01 else "plain"
    return wished if wished in offered else offered[0]


def _list(values: list[str], best: list[Sentence]) -> dict[str, Any]:
    quote = next((one.text for one in best if values and values[0] in one.text), "")
    return {"value": values, "quote": quote}


def _posts(topics: list[str], best: list[Sentence]) -> list[dict[str, str]]:
    found = []
    for topic in topics[:POSTS]:
        why = next((one.text for one in best if topic in one.text), "")
        found.append({"topic": topic[0].upper() + topic[1:], "why": why[:LINE]})
    return found
