"""A JSON schema filled in from a text: sentences, phrases, numbers, ids.

What a field gets follows from its type and, for strings, from its name: a `quote` is a whole
sentence, word for word; headings, names and questions are key phrases; other strings are sentences.
An array has as many items as the task says (`claims: 12`) or three, within the schema's bounds;
objects with a `quote` follow the order of the text. Three shapes are known beyond that: a site's
portrait, `sections` that share out the sheet's claims, and `edits`, of which this model never has
any to propose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from workflows.llm.offline_outline import outlined, titled
from workflows.llm.offline_prose import Sentence, sentences
from workflows.llm.offline_ranking import Ranking
from workflows.llm.offline_reading import Reading
from workflows.llm.offline_site import is_portrait, portrayed

DEPTH, NESTED = 12, 3
CLAIM_CHARACTERS = 80

_NAMED = "heading name topic keyword tag label question product"
_PHRASES = frozenset(_NAMED.split()) | {f"{name}s" for name in _NAMED.split()}
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,15}(?:\.\d{1,6})?(?!\w|\.\d)")
_URL = re.compile(r"https?://[^\s<>()\"']{3,500}")

Schema = Mapping[str, Any]


def filled(reading: Reading) -> str:
    """The reading's schema, filled in, as JSON."""
    form = _Form(reading, reading.schema or {})
    return json.dumps(form.value(form.schema, "", 0), ensure_ascii=False)


def clipped(text: str, limit: int) -> str:
    """At most so many characters, cut between words."""
    if len(text) <= limit:
        return text
    head = text[: max(limit - 1, 0)]
    kept = head[: head.rfind(" ")] if " " in head else head
    return f"{kept.rstrip(' ,;:')}…"[:limit]


class _Form:
    def __init__(self, reading: Reading, schema: Schema) -> None:
        self.reading = reading
        self.schema = schema

    @cached_property
    def _ranking(self) -> Ranking:
        return Ranking(sentences(self.reading.material), self.reading.asked)

    @cached_property
    def _best(self) -> list[Sentence]:
        return self._ranking.best_first()

    @cached_property
    def _fresh(self) -> Iterator[Sentence]:
        return iter(self._best)

    @cached_property
    def _names(self) -> Iterator[str]:
        return iter(self._ranking.phrases(sentence.text for sentence in self._best))

    def value(self, schema: Schema, name: str, depth: int) -> Any:
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._choice(schema["enum"])
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind
        fill = getattr(self, f"_{kind}", None)
        return fill(schema, name, depth) if fill and depth < DEPTH else None

    def _resolved(self, schema: Schema, depth: int) -> Schema:
        """Past references, to the first alternative that is something; deep down to nothing."""
        for _ in range(DEPTH):
            if "$ref" in schema:
                schema = self._referred(str(schema["$ref"]))
                continue
            options = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
            if not options:
                break
            deep = depth > NESTED
            schema = next((o for o in options if (o.get("type") == "null") == deep), options[0])
        return schema

    def _referred(self, ref: str) -> Schema:
        found: Any = self.schema
        for part in ref.lstrip("#/").split("/"):
            found = found.get(part, {}) if part and isinstance(found, Mapping) else found
        return found if isinstance(found, Mapping) else {}

    def _choice(self, options: list[Any]) -> Any:
        text = f"{self.reading.said}\n{self.reading.material}".casefold()
        return next((o for o in options if str(o).casefold() in text), options[0])

    def _object(self, schema: Schema, name: str, depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        if {"title", "sections"} <= properties.keys():
            return outlined(self.reading)
        if is_portrait(properties):
            return portrayed(self.reading, properties)
        if "quote" in properties:
            return self._quoting(properties, next(self._fresh, None), depth)
        return {key: self.value(part, key, depth + 1) for key, part in properties.items()}

    def _quoting(self, properties: Schema, found: Sentence | None, depth: int) -> dict[str, Any]:
        """A quote and what it says; other fields as usual."""
        quote = found.text if found else ""
        said = {"quote": quote, "claim": clipped(quote, CLAIM_CHARACTERS)}
        return {
            key: said[key] if key in said else self.value(part, key, depth + 1)
            for key, part in properties.items()
        }

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        items = self._resolved(schema.get("items") or {}, depth)
        if name == "edits":
            return []
        wanted = self.reading.number(name) or 3
        count = max(min(wanted, schema.get("maxItems", wanted)), schema.get("minItems", 0))
        properties = items.get("properties") or {}
        if "quote" in properties:
            best = sorted(self._best[:count], key=lambda sentence: sentence.place)
            return [self._quoting(properties, sentence, depth) for sentence in best]
        return self._distinct(items, name, count, schema.get("minItems", 0), depth)

    def _distinct(self, items: Schema, name: str, count: int, least: int, depth: int) -> list[Any]:
        found: list[Any] = []
        for _ in range(count):
            item = self.value(items, name, depth + 1)
            if len(found) < least or (item and item not in found):
                found.append(item)
        return found

    def _string(self, schema: Schema, name: str, depth: int) -> str:
        limit = schema.get("maxLength") or self.reading.number("characters") or 2000
        if name == "title":
            return clipped(titled(self.reading, self._ranking), limit)
        if name in ("url", "link") or schema.get("format") == "uri":
            found = _URL.search(self.reading.material)
            return found.group() if found else ""
        if name in _PHRASES or limit <= 60:
            return clipped(next(self._names, self.reading.asked.strip()), limit)
        sentence = self._sentence(limit)
        return clipped(sentence.text if sentence else self.reading.asked.strip(), limit)

    def _sentence(self, limit: int) -> Sentence | None:
        """The next best; where room is short, the best that fits into it."""
        fitting = (sentence for sentence in self._best if len(sentence.text) <= limit)
        found = next(fitting, None) if limit < 400 else next(self._fresh, None)
        return found or next(iter(self._best), None)

    def _number(self, schema: Schema, name: str, depth: int) -> float:
        low, high = schema.get("minimum", 0), schema.get("maximum", 10**15)
        numbers = (float(found) for found in _NUMBER.findall(self.reading.material))
        return next((number for number in numbers if low <= number <= high), float(low))

    def _integer(self, schema: Schema, name: str, depth: int) -> int:
        low, high = schema.get("minimum", 0), schema.get("maximum", 10**15)
        numbers = (float(found) for found in _NUMBER.findall(self.reading.material))
        return int(next((n for n in numbers if n.is_integer() and low <= n <= high), low))

    def _boolean(self, schema: Schema, name: str, depth: int) -> bool:
        return False

    def _null(self, schema: Schema, name: str, depth: int) -> None:
        return None
