"""The reading of a site's pages: best first, several at once, until enough is enough.

Which page is the n-th is itself a step (`choose`), so that another worker goes on with the same
pages after a kill, whatever order answers come in then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace

from workflows.catalog.site import ListedPage, ReadPage, Why
from workflows.engine import Failure, budget, component, current, gather
from workflows.fetch import Page, Refused
from workflows.fetch.sketch import alike
from workflows.ingest.addresses import Place
from workflows.ingest.frontier import Frontier
from workflows.ingest.politeness import at_rest
from workflows.ingest.progress import Progress
from workflows.ingest.reading import Visit, fetch_page, read_page, thawed
from workflows.ingest.visiting import Visitor
from workflows.ingest.wishes import Wishes

READING, FETCHING = 8, 4  # pages at once; see Visitor for how many ask the host
POLL_S = 0.4  # for signals
LAST_S = 300.0  # of the run's time, kept for what comes after the pages
TRIES = 50  # pages that may be missed, beside three for each that is wanted
PATIENCE = 10  # pages in a row that could not be had: the site is away
FAILURES = 3  # pages in a row that no model read, of those that were there to be read

ENDS: dict[Why, str] = {
    "stopped": "You stopped it. What was read so far stays.",
    "budget": "Its budget is nearly used, so no more pages were read.",
    "deadline": "Its time is nearly over, so no more pages were read.",
    "unreachable": "The site stopped answering, so no more pages were read.",
}


@dataclass(frozen=True)
class Choice:
    """The next page; without an address: why there is none."""

    url: str = ""
    title: str = ""
    end: Why | None = None


class Crawl:
    """All of it runs in the loop's thread."""

    def __init__(
        self, here: Visitor, frontier: Frontier, progress: Progress, limit: int, wishes: Wishes
    ) -> None:
        self.here, self.frontier, self.progress = here, frontier, progress
        self.limit, self.wishes = limit, wishes
        self.pages: dict[int, ReadPage] = {}
        self.read: dict[int, Page] = {}  # those with text
        self.discovering = True
        self.end: Why | None = None
        self.ended = False
        self._visits: list[asyncio.Future[Visit]] = []
        self._turn = asyncio.Lock()
        self._fetching = asyncio.Semaphore(FETCHING)
        self._stirred = asyncio.Event()  # there may be a page to choose now, or none any more
        self._misses = self._failures = 0
        here.unwanted = self.unwanted

    def unwanted(self, place: Place) -> Why | None:
        """Why a page that was chosen is not fetched after all."""
        if self.wishes.leaves_out(place):
            return "left_out"
        return "stopped" if self.wishes.stop else None

    async def run(self, home: Page, discovering: Awaitable[None]) -> None:
        """The home page and all others, until no more is to be read."""
        token = CRAWL.set(self)
        self._visits.append(asyncio.get_running_loop().create_future())
        try:
            readers = [self._reader() for _ in range(READING)]
            await gather([self._home(home), self._discover(discovering), *readers])
        finally:
            CRAWL.reset(token)

    async def _discover(self, discovering: Awaitable[None]) -> None:
        await discovering
        self.discovering = False
        self._stirred.set()

    async def _home(self, home: Page) -> None:
        place = self.here.place(home.url)
        await self._page(0, place, home.title, Visit(home))

    async def _reader(self) -> None:
        while not self.ended:
            await self._fetching.acquire()
            chosen = None
            try:
                chosen = await self._chosen()
            finally:
                if chosen is None:
                    self._fetching.release()
            if chosen is None:
                return
            number, place, title = chosen
            try:
                step = fetch_page.key(place.url).label(f"Fetch {_called(place, title)}")
                visit = await step(place.url)
            finally:
                self._fetching.release()
            await self._page(number, place, title, visit)

    async def _chosen(self) -> tuple[int, Place, str] | None:
        """One at a time: each is chosen knowing those before it."""
        async with self._turn:
            if self.ended:
                return None
            number = len(self._visits)
            choice = await choose.key(number).label("Choose the next page")(number)
            if not choice.url:
                self.ended, self.end = True, choice.end
                return None
            place = self.here.place(choice.url)
            self.frontier.mark(place)
            self._visits.append(asyncio.get_running_loop().create_future())
            self._list(place, choice.title, "fetching")
            return number, place, choice.title

    async def next(self) -> Choice:
        """Wait until there is a page to be read, or none will come."""
        while True:
            self._hear()
            if (end := self._enough()) is not None:
                return Choice(end=end)
            self.progress.turn("paused" if self.wishes.paused else "reading")
            if not self.wishes.paused and self._room() and (found := await self._best()):
                return found
            if not self.wishes.paused and self._over():
                return Choice()
            self.progress.flush()
            self._stirred.clear()
            await at_rest(self._stir())

    async def _stir(self) -> None:
        # Not asyncio.wait_for, which in Python 3.11 may swallow a cancel.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._stirred.wait()

    def _hear(self) -> None:
        for url in self.wishes.added():
            with suppress(Refused):
                place = self.here.place(url if "://" in url else f"https://{url}")
                if self.frontier.site.holds(place):
                    self.frontier.insist(place)
                else:
                    self.frontier.leave_out(place, "other_site")

    def _enough(self) -> Why | None:
        """Why reading ends before all is read."""
        scope = current()
        if self.wishes.stop:
            return "stopped"
        if budget().low:
            return "budget"
        if scope is not None and scope.deadline is not None:
            left = scope.deadline - time.monotonic()
            if left < LAST_S:
                return "deadline"
        if len(self._visits) >= 3 * self.limit + TRIES:
            return "limit"
        return "unreachable" if self._misses >= PATIENCE else None

    def _room(self) -> bool:
        return self.progress.done + len(self.progress.under_way) < self.limit

    def _over(self) -> bool:
        idle = not self.progress.under_way
        full = self.progress.done >= self.limit
        return idle and (full or not (self.discovering or len(self.frontier)))

    async def _best(self) -> Choice | None:
        while (found := self.frontier.take()) is not None:
            place = found.place
            if self.wishes.leaves_out(place):
                self.frontier.leave_out(place, "left_out")
            elif not await self.here.allows(place):
                self.frontier.leave_out(place, "robots")
            else:
                return Choice(place.url, found.title)
        return None

    async def _page(self, number: int, place: Place, title: str, visit: Visit) -> None:
        self._list(place, title, "reading")
        try:
            visit = await self._judged(number, place, visit)
            reading = await self._reading(place, visit, title)
        finally:
            self.progress.under_way.pop(place.key, None)
        self.pages[number] = reading
        if reading.status == "skipped":
            self.progress.missed += 1
        else:
            self.progress.done += 1
            self.progress.facts += len(reading.facts)
        self._stirred.set()
        self.progress.show()

    async def _judged(self, number: int, place: Place, visit: Visit) -> Visit:
        """Its links become known; and is it, by its address or its text, a page that was there
        before? Asked in the order of choice, so that every attempt gives the same answer."""
        if visit.page is not None:
            self._follow(visit.page)
        for earlier in range(number):
            before = await asyncio.shield(self._visits[earlier])
            if (
                visit.page is not None
                and before.page is not None
                and _same(visit.page, before.page)
            ):
                visit = Visit.missed("duplicate")
        self._count(visit)
        self._visits[number].set_result(visit)
        if visit.page is not None:
            self.read[number] = visit.page
        return visit

    def _count(self, visit: Visit) -> None:
        away = visit.why in ("unreachable", "timeout")
        self._misses = self._misses + 1 if away else 0

    def _follow(self, page: Page) -> None:
        for url in filter(None, (page.url, page.canonical)):
            with suppress(Refused):
                place = self.here.place(url)
                if self.frontier.site.holds(place):
                    self.frontier.mark(place)
        for link in page.links:
            with suppress(Refused):
                self.frontier.add(self.here.place(link.url), link.text, bonus=2.0 * link.nav)
        self._stirred.set()

    async def _reading(self, place: Place, visit: Visit, title: str) -> ReadPage:
        step = read_page.key(place.url).label(f"Read {_called(place, title)}")
        try:
            found = await step(place.url, visit)
            if visit.page is not None:
                self._failures = 0
            return thawed(found)
        except Failure as failure:
            self._failures += 1
            if failure.type != "budget" and self._failures >= FAILURES:
                raise
            why: Why = "budget" if failure.type == "budget" else "provider"
            return ReadPage(place.url, "", "", (), "skipped", failure.message, why)

    def _list(self, place: Place, title: str, state: str) -> None:
        listed = ListedPage(place.url[:300], title[:120], "reading")
        if state == "fetching":
            listed = replace(listed, state="fetching")
        self.progress.under_way[place.key] = listed
        self.progress.show()


def _same(one: Page, other: Page) -> bool:
    return one.url == other.url or alike(one.sketch, other.sketch)


def _called(place: Place, title: str) -> str:
    """What people know it by: never a whole address, also where a link says no more than that."""
    return place.path if not title or "://" in title else f"“{title}”"


CRAWL: ContextVar[Crawl | None] = ContextVar("gx_crawl", default=None)


@component
async def choose(number: int) -> Choice:
    """The n-th page of the reading under way."""
    crawl = CRAWL.get()
    return await crawl.next() if crawl is not None else Choice()
