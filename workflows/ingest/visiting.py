"""Going to a site's pages: by its rules, in line with other workers, again when it says so."""

from __future__ import annotations

import asyncio
import math
import os
import random
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from workflows.catalog.site import Why
from workflows.engine import component, status
from workflows.fetch import Fetched, Fetcher, Refused, Target
from workflows.fetch.client import TOTAL_S
from workflows.ingest.addresses import Place, Site, place_of
from workflows.ingest.politeness import Line, at_rest
from workflows.ingest.robots import Rules, rules_of, unknown
from workflows.wire.settings import Settings

TRIES = 3
CONNECTIONS = 2  # with one host, at once
LATER = {408, 425, 429, 500, 502, 503, 504}
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 120.0
OPENING_S = 12.0  # for the first page and what allows it: somebody waits for it
AGAIN_S = 2.0  # with less than that left nothing is asked for again


@dataclass
class Visitor:
    """One run's way to one site. `site`: None until the home page is known. `left_s`: how long its
    host may still take to answer, over all requests; what it asks us to wait is not counted."""

    fetcher: Fetcher
    line: Line
    site: Site | None = None
    rules: dict[str, Rules] = field(default_factory=dict)
    unwanted: Callable[[Place], Why | None] = lambda _: None
    left_s: float = math.inf
    _doors: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Visitor:
        fetcher = Fetcher.from_env(environ)
        return cls(fetcher, Line(Settings.from_env(environ).host_delay_seconds))

    def place(self, url: str) -> Place:
        """Raises Refused."""
        return place_of(url, self.fetcher.allow)

    def delay_s(self, host: str) -> float:
        asked = self.rules[host].delay_s if host in self.rules else 0.0
        return max(self.line.delay_s, asked)

    async def rules_of(self, place: Place) -> Rules:
        if place.host not in self.rules:
            origin = place.url[: place.url.index(place.host) + len(place.host)]
            step = read_rules.key(place.host).label("Read robots.txt")
            self.rules[place.host] = await step(origin)
        return self.rules[place.host]

    async def allows(self, place: Place) -> bool:
        return (await self.rules_of(place)).allows(place.url)

    async def go(self, url: str, **more: Any) -> Fetched:
        """Once, and out of line. Raises Refused."""
        began = time.monotonic()
        try:
            total_s = min(TOTAL_S, max(1.0, self.left_s))
            return await self.fetcher.fetch(url, total_s=float(round(total_s)), **more)
        finally:
            self.left_s -= time.monotonic() - began

    async def fetch(self, place: Place, *, cut: bool = False) -> Fetched:
        """What could be otherwise later is asked for again, up to three times. Raises Refused, and
        Left when the page is not wanted any more."""
        for number in range(1, TRIES + 1):
            try:
                answer = await self._asked(place, cut)
            except Refused as refused:
                if not refused.retryable or number == TRIES or self.left_s < AGAIN_S:
                    raise
                await self._rest(number, refused.message)
                continue
            wait = _asked_wait(answer)
            if answer.status not in LATER or number == TRIES or wait > LONGEST_WAIT_S:
                return answer
            if wait:
                status(f"The site asked us to wait {wait:.0f} s")
                await self.line.pause(place.host, wait)
            else:
                await self._rest(number, f"The site answered {answer.status}.")
        raise AssertionError("the last try returns or raises")

    async def _asked(self, place: Place, cut: bool) -> Fetched:
        await at_rest(self._doors.acquire())
        try:
            unwanted = partial(self.unwanted, place)
            await self.line.wait(place.host, self.delay_s(place.host), unwanted)
            return await self.go(place.url, cut=cut, permit=self._permit)
        finally:
            self._doors.release()

    async def _rest(self, number: int, why: str) -> None:
        status(f"{why} Trying again ({number + 1}/{TRIES})")
        wait = FIRST_WAIT_S * 2 ** (number - 1) * (1 + random.random() / 4)  # noqa: S311
        self.left_s -= wait
        await asyncio.sleep(wait)

    async def _permit(self, there: Target) -> None:
        """A redirect: as polite as a page of its own, and under the same rules."""
        place = self.place(there.url)
        if self.site is not None and not self.site.holds(place):
            raise Refused("forbidden_address", "That address leads to another site.")
        rules = await self.rules_of(place)
        if rules.closed:
            raise Refused(rules.code, rules.closed)
        if not rules.allows(place.url):
            raise Refused("robots_denied", "It leads to a page that robots.txt closes.")
        await self.line.charge(place.host, self.delay_s(place.host))


VISITOR: ContextVar[Visitor | None] = ContextVar("gx_visitor", default=None)


def visitor() -> Visitor:
    """The run's; a new one for a step that is called by itself."""
    return VISITOR.get() or Visitor.from_env(os.environ)


@component
async def read_rules(origin: str) -> Rules:
    """The robots.txt of a host. It is not waited for in line: without it there is no line."""
    here = visitor()
    answer: Fetched | None = None
    problem: Refused | None = None
    for number in range(TRIES):
        try:
            answer = await here.go(f"{origin}/robots.txt", cut=True)
            problem = None
        except Refused as refused:
            problem = refused
        later = problem.retryable if problem else answer is not None and answer.status in LATER
        wait = min(_asked_wait(answer) if answer else 0.0, 10.0) or 2.0**number / 2
        if not later or number == TRIES - 1 or here.left_s < wait + AGAIN_S:
            break
        here.left_s -= wait
        await asyncio.sleep(wait)
    if problem is not None:
        return unknown(problem.message, problem.code)
    return rules_of(answer) if answer is not None else unknown("it does not answer")


def _asked_wait(answer: Fetched) -> float:
    """Seconds that `Retry-After` says, as a number or a date; 0: it says nothing."""
    said = answer.headers.get("retry-after", "").strip()
    if not said or answer.status not in (429, 503):
        return 0.0
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return 0.0
