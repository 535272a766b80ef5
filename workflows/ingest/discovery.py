"""Which pages a site itself names: its sitemaps, feeds and `llms.txt`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from workflows.engine import component
from workflows.fetch import Page, Refused
from workflows.ingest.addresses import Place
from workflows.ingest.frontier import Frontier
from workflows.ingest.listings import Listing, plain_listing, text_listing, xml_listing
from workflows.ingest.politeness import Left
from workflows.ingest.visiting import Visitor, visitor

MOST_LISTS = 12
MOST_KEPT = 1_500  # pages of one list


@dataclass(frozen=True)
class Found:
    """What one list names: addresses with how much the site cares (0 to 1), further lists, and how
    many more there were."""

    pages: tuple[tuple[str, float, str], ...] = ()
    lists: tuple[str, ...] = ()
    more: int = 0


@component
async def read_list(url: str) -> Found:
    """A list that cannot be read names nothing."""
    here = visitor()
    try:
        place = here.place(url)
        if not await here.allows(place):
            return Found()
        answer = await here.fetch(place, cut=True)
    except (Refused, Left):
        return Found()
    if answer.status != 200:
        return Found()
    kind = answer.headers.get("content-type", "")
    return _kept(await asyncio.to_thread(_read, answer.body, answer.url, kind))


def _read(body: bytes, url: str, kind: str) -> Listing:
    if "html" in kind:
        return Listing()  # a page that says there is nothing
    name = url.partition("?")[0].lower()
    if name.endswith("llms.txt"):
        return text_listing(body.decode("utf-8", "replace"), url)
    if body.lstrip()[:1] == b"<" or body.startswith(b"\x1f\x8b") or b"<?xml" in body[:200]:
        return xml_listing(body, url)
    return plain_listing(body.decode("utf-8", "replace"))


def _kept(found: Listing) -> Found:
    best = sorted(found.pages, key=lambda page: -page.priority)[:MOST_KEPT]
    return Found(
        tuple((page.url, page.priority, page.title) for page in best),
        tuple(dict.fromkeys(found.lists))[: 4 * MOST_LISTS],
        len(found.pages) - len(best) + found.cut,
    )


async def discover(home: Page, place: Place, here: Visitor, frontier: Frontier) -> None:
    """Put what the site names among the pages that may be read, list by list."""
    queue = list(await _lists(home, place, here))
    seen: set[str] = set()
    while queue and len(seen) < MOST_LISTS:
        with suppress(Refused):
            there = here.place(queue.pop(0))
            if there.key in seen or not frontier.site.holds(there):
                continue
            seen.add(there.key)
            found = await read_list.key(there.url).label(f"Read {there.path}")(there.url)
            queue += found.lists
            frontier.over["limit"] += found.more
            for url, priority, title in found.pages:
                with suppress(Refused):
                    page = here.place(url)
                    frontier.add(page, title, bonus=4 * priority, listed=True)


async def _lists(home: Page, place: Place, here: Visitor) -> Iterator[str]:
    origin = place.url[: place.url.index(place.host) + len(place.host)]
    said = (await here.rules_of(place)).sitemaps
    maps = said or [f"{origin}/sitemap.xml"]
    return iter([*maps, f"{origin}/llms.txt", *home.feeds])
