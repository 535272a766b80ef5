"""The ingest workflow, from an address to what its pages say.

home page → a card, at once → one question: who is this, and which pages tell most → page by page a
summary and facts with their words, while more are fetched → the profile again, and three posts.
What a model gets wrong is dropped and said; a page that cannot be had is left out, with its reason.
"""

from __future__ import annotations

import math
import os
import re

from workflows.catalog.site import SiteBrief, SiteReading
from workflows.engine import Failure, component, gather, log, publish, status, workflow
from workflows.fetch import Page, Refused, page_of
from workflows.fetch.extractor import EXTRACTOR
from workflows.fetch.pages import why_empty
from workflows.ingest import outcome, prompts
from workflows.ingest.addresses import Place, Site, given
from workflows.ingest.card import card_of
from workflows.ingest.crawl import Crawl
from workflows.ingest.discovery import discover
from workflows.ingest.forms import Portrait
from workflows.ingest.frontier import Frontier
from workflows.ingest.portrait import Profile, Sitter, drawn, of_page
from workflows.ingest.progress import Progress
from workflows.ingest.question import MISTAKES, ask
from workflows.ingest.reading import kept
from workflows.ingest.visiting import OPENING_S, VISITOR, Visitor, visitor
from workflows.ingest.wishes import Wishes

OFFERED, PICKED = 60, 20
PICK_BONUS = 20.0


@workflow("ingest", version=1)
async def read_site(brief: SiteBrief) -> SiteReading:
    """Read a site page by page."""
    here = Visitor.from_env(os.environ)
    token = VISITOR.set(here)
    try:
        return await read(brief, here)
    finally:
        VISITOR.reset(token)


async def read(brief: SiteBrief, here: Visitor) -> SiteReading:
    status("Opening the home page")
    EXTRACTOR.prepare()
    here.left_s = OPENING_S
    await knock(brief.url, here)
    home = await open_home.label("Open the home page")(brief.url)
    here.left_s = math.inf
    publish("card", card_of(home))
    place = here.place(home.url)
    here.site = Site.of(place)
    await here.rules_of(place)
    crawl = prepared(brief, here, home, place)
    plain = of_page(home, place.host)
    offered = offer(home, here, crawl.frontier)
    drawn_first, _ = await gather(
        [
            portrayed(brief, home, place, offered, plain, crawl),
            crawl.run(home, discover(home, place, here, crawl.frontier)),
        ]
    )
    crawl.progress.turn("stopping")
    profile = await refined(home, place, crawl, drawn_first or plain)
    made = outcome.reading_of(profile.site(home.url), crawl)
    crawl.progress.turn("done", made.note)
    return made


async def knock(url: str, here: Visitor) -> None:
    """Whether the page that a person named may be read at all. Raises Failure."""
    try:
        place = here.place(given(url))
    except Refused as refused:
        raise Failure(refused.code, refused.message) from refused
    rules = await here.rules_of(place)
    if rules.closed:
        raise Failure(rules.code, rules.closed)
    if not rules.allows(place.url):
        raise Failure("robots_denied", "That site asks programs not to read it (robots.txt).")


@component
async def open_home(url: str) -> Page:
    """That page. Raises Failure with what to tell the person."""
    here = visitor()
    try:
        page = await page_of(await here.fetch(here.place(given(url))))
        if page.empty:
            raise why_empty(page)
    except Refused as refused:
        raise Failure(refused.code, refused.message, retryable=refused.retryable) from refused
    return kept(page)


def prepared(brief: SiteBrief, here: Visitor, home: Page, place: Place) -> Crawl:
    site = here.site or Site.of(place)
    frontier = Frontier(site, brief.max_pages, words(home))
    frontier.mark(place)
    progress = Progress(frontier, brief.max_pages, here.delay_s(place.host))
    progress.show()
    return Crawl(here, frontier, progress, brief.max_pages, Wishes())


def words(home: Page) -> frozenset[str]:
    said = f"{home.title} {home.description}".lower()
    return frozenset(word for word in re.findall(r"[^\W\d_]{4,30}", said))


def offer(home: Page, here: Visitor, frontier: Frontier) -> list[Place]:
    """The home page's links, of which a model picks; it can name no others."""
    titles: dict[str, str] = {}
    for link in home.links:
        try:
            place = here.place(link.url)
        except Refused:
            continue
        titles.setdefault(place.key, link.text)
        frontier.add(place, link.text, bonus=2.0 * link.nav)
    return [one.place for one in frontier.best(OFFERED)]


async def portrayed(
    brief: SiteBrief, home: Page, place: Place, offered: list[Place], plain: Profile, crawl: Crawl
) -> Profile | None:
    plain.show()
    texts = {link.url: link.text for link in home.links}
    listed = [(texts.get(one.url, ""), one.url) for one in offered]
    question = prompts.portrait(home, place.host, listed, brief.notes, min(PICKED, brief.max_pages))
    try:
        answer = await ask(question, Portrait, "Get to know the site")
    except Failure as failure:
        forgive(failure, "Going on with what the home page says of itself.")
        return plain
    profile = drawn(answer, Sitter.of(home), plain)
    for number, pick in enumerate(one for one in profile.picked if 0 < one <= len(offered)):
        crawl.frontier.add(offered[pick - 1], bonus=PICK_BONUS - number / 10)
    profile.show()
    return profile


async def refined(home: Page, place: Place, crawl: Crawl, before: Profile) -> Profile:
    """Once more with all that was read, if that is more than the home page."""
    pages = [page for _, page in sorted(crawl.pages.items()) if page.status != "skipped"]
    if len(pages) < 2:
        return before
    try:
        answer = await ask(prompts.refined(home, place.host, pages), Portrait, "Refine the profile")
    except Failure as failure:
        forgive(failure, "The profile stays as it was after the home page.")
        return before
    others = [page for _, page in sorted(crawl.read.items())]
    profile = drawn(answer, Sitter.of(home, others), before)
    profile.show()
    return profile


def forgive(failure: Failure, consequence: str) -> None:
    """Go on after a model's mistake, or without the money for its answer."""
    if failure.type not in (*MISTAKES, "budget"):
        raise failure
    log(f"{failure.message} {consequence}", level="warning")
