"""What the log of a reading says of a site, narrowed once: workers of other versions may have said
anything, and what is not of our shape was not found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gxweb.sites.page import DONE, SKIPPED
from gxweb.sites.profile import LABELS, LISTS, Finding
from runs.outputs import plain
from workflows.wire.state import Span, State

PAGE = "read_page"  # what the workflow calls its step for one page
# What a page shows of the card, and what of it there may be several of.
CARD = ("url", "title", "site_name", "description", "language")
CARD_LISTS = ("about", "colours")
LONGEST = 4000
MOST_FACTS = 200
MOST_PAGES = 2000
MOST_SUGGESTIONS = 6


@dataclass(frozen=True, slots=True)
class FoundPage:
    url: str
    title: str
    summary: str
    facts: tuple[tuple[str, str], ...]  # claim and quote
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    card: dict[str, Any]
    fields: Mapping[str, Finding]
    suggestions: tuple[tuple[str, str], ...]  # topic and why
    pages: tuple[FoundPage, ...]
    note: str


def found(state: State) -> Found:
    output = _mapping(plain(state.output))
    return Found(
        _card(state.objects.get("card")),
        fields(state.objects.get("profile")),
        tuple(_suggestions(state.objects.get("suggestions"))),
        tuple(_pages(state, output))[:MOST_PAGES],
        _text(output.get("note")),
    )


def fields(profile: Any) -> dict[str, Finding]:
    """Those that are known and say something."""
    told = {name: _finding(name, _mapping(profile).get(name)) for name in LABELS}
    return {name: finding for name, finding in told.items() if finding.value}


def page(span: Span) -> FoundPage | None:
    """What a step has read; None: it has not ended, or read no page."""
    if span.name != PAGE or span.status != "completed":
        return None
    told = _mapping(plain(span.output))
    url = _text(told.get("url")) or span.key or ""
    return _page(told, url) if url else None


def _pages(state: State, output: dict[str, Any]) -> Iterator[FoundPage]:
    """Best first, as they were read; then those that were left out, each page once."""
    seen = set()
    for span in state.spans.values():
        one = page(span)
        if one is not None and one.url not in seen:
            seen.add(one.url)
            yield one
    for left in map(_mapping, _list(output.get("skipped"))):
        url = _text(left.get("url"))
        if url and url not in seen:
            seen.add(url)
            yield _page({**left, "status": SKIPPED}, url)


def _page(told: dict[str, Any], url: str) -> FoundPage:
    facts = [_mapping(fact) for fact in _list(told.get("facts"))[:MOST_FACTS]]
    both = ((_text(fact.get("claim")), _text(fact.get("quote"))) for fact in facts)
    return FoundPage(
        url,
        _text(told.get("title")),
        _text(told.get("summary")),
        tuple((claim or quote, quote) for claim, quote in both if quote),
        SKIPPED if told.get("status") == SKIPPED else DONE,
        _text(told.get("reason")),
    )


def _card(told: Any) -> dict[str, Any]:
    said = _mapping(told)
    texts = {name: _text(said.get(name)) for name in CARD}
    lists = {name: _texts(said.get(name)) for name in CARD_LISTS}
    return {name: value for name, value in {**texts, **lists}.items() if value}


def _finding(name: str, told: Any) -> Finding:
    said = _mapping(told)
    value = said.get("value")
    quote, url = _text(said.get("quote")), _text(said.get("url"))
    if name in LISTS:
        return Finding(_texts(value), quote, url)
    return Finding(_text(value), quote, url)


def _suggestions(told: Any) -> Iterator[tuple[str, str]]:
    for one in map(_mapping, _list(told)[:MOST_SUGGESTIONS]):
        if topic := _text(one.get("topic")):
            yield topic[:300], _text(one.get("why"))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _texts(value: Any) -> list[str]:
    return [one for one in map(_text, _list(value)) if one]


def _text(value: Any) -> str:
    return value.strip()[:LONGEST] if isinstance(value, str) else ""
