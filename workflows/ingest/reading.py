"""One page: fetched, taken apart, and what a model finds in it, each fact with its words.

A page that cannot be had is a value too, and no failure: the log answers for it after a kill, and
nobody asks its host again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from workflows.catalog.site import Fact, ReadPage, Why
from workflows.engine import Failure, component, gather, log
from workflows.fetch import Page, Refused, page_of
from workflows.ingest import prompts
from workflows.ingest.forms import Digest
from workflows.ingest.politeness import Left
from workflows.ingest.question import MISTAKES, ask
from workflows.ingest.quotes import Words, checked, folded
from workflows.ingest.reasons import SENTENCES, why_of
from workflows.ingest.visiting import visitor

PAGE_S = 600.0  # in line, with all tries
CHARACTERS, CHUNK = 36_000, 12_000
LINKS = 200
FACTS, SUMMARY = 12, 600
LONG = f"It is long: its first {CHARACTERS:,} characters were read."


@dataclass(frozen=True)
class Visit:
    """What came of going to a page: itself, or why not."""

    page: Page | None = None
    why: Why | Literal[""] = ""
    reason: str = ""
    cut: bool = False

    @classmethod
    def missed(cls, why: Why, reason: str = "") -> Visit:
        return cls(None, why, reason or SENTENCES[why])


@component
async def fetch_page(url: str) -> Visit:
    """Waits for its turn at the host."""
    here = visitor()
    try:
        async with asyncio.timeout(PAGE_S):
            page = await page_of(await here.fetch(here.place(url)))
    except Refused as refused:
        return Visit.missed(why_of(refused.code, refused.message), refused.message)
    except TimeoutError:
        return Visit.missed("timeout")
    except Left as left:
        return Visit.missed(left.why)
    return visit_of(page)


def visit_of(page: Page) -> Visit:
    if page.empty:
        code: Why = "login" if page.asks_sign_in else "javascript" if page.needs_script else "empty"
        return Visit.missed(code)
    return Visit(kept(page), cut=len(page.text) > CHARACTERS)


def kept(page: Page) -> Page:
    """As much of it as is worth its place in the log."""
    return replace(page, text=page.text[:CHARACTERS], links=page.links[:LINKS])


@component
async def read_page(url: str, visit: Visit) -> dict[str, Any]:
    """A ReadPage in plain JSON, as those who follow the run read it. Raises Failure when nobody is
    there to read."""
    found = await _read(url, visit)
    return asdict(found) | {"facts": [asdict(fact) for fact in found.facts]}


def thawed(said: dict[str, Any]) -> ReadPage:
    return ReadPage(**said | {"facts": tuple(Fact(**fact) for fact in said["facts"])})


async def _read(url: str, visit: Visit) -> ReadPage:
    if visit.page is None:
        return ReadPage(url, "", "", (), "skipped", visit.reason, visit.why or "unreachable")
    page = visit.page
    chunks = list(_chunks(page.text))
    found = await gather(
        [_digested(page.title, chunk, n, len(chunks)) for n, chunk in enumerate(chunks, start=1)]
    )
    answered = [digest for digest in found if digest is not None]
    if not answered:
        return ReadPage(url, page.title, "", (), "skipped", SENTENCES["invalid"], "invalid")
    reason = LONG if visit.cut else ""
    if len(answered) < len(found):
        reason = "A part of it could not be read: no usable answer came from the model."
    return ReadPage(
        url=url,
        title=page.title,
        summary=folded(answered[0].summary)[:SUMMARY],
        facts=_facts(page, answered),
        status="partial" if reason else "done",
        reason=reason,
    )


def _facts(page: Page, digests: list[Digest]) -> tuple[Fact, ...]:
    found = [fact for digest in digests for fact in digest.facts]
    result = checked(found, Words.of(page.text, page.loose), FACTS)
    if result.lost:
        said = f"Dropped {result.lost} of {len(found)} facts: their quotes do not stand on the page"
        log(f"{said}.", level="warning")
    return result.facts


async def _digested(title: str, chunk: str, part: int, parts: int) -> Digest | None:
    label = "Read it" if parts == 1 else f"Read part {part} of {parts}"
    try:
        return await ask(prompts.digest(title, chunk, part, parts), Digest, label)
    except Failure as failure:
        if failure.type not in MISTAKES:
            raise
        log(failure.message, level="warning")
        return None


def _chunks(text: str) -> Iterator[str]:
    """Whole paragraphs, up to so many characters; of one that is longer, a piece."""
    chunk: list[str] = []
    size = 0
    for paragraph in text.split("\n\n"):
        for piece in _pieces(paragraph):
            if chunk and size + len(piece) > CHUNK:
                yield "\n\n".join(chunk)
                chunk, size = [], 0
            chunk.append(piece)
            size += len(piece)
    if chunk:
        yield "\n\n".join(chunk)


def _pieces(paragraph: str) -> Iterator[str]:
    """Cut between words, where there are any."""
    while len(paragraph) > CHUNK:
        cut = max(paragraph.rfind(blank, CHUNK // 2, CHUNK) for blank in " \n") + 1 or CHUNK
        yield paragraph[:cut]
        paragraph = paragraph[cut:]
    yield paragraph
