"""The chips of all who look at a page of this process: SQL is asked once a second for all of them,
however many pages and runs there are; pages that have seen the newest just wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.db import DatabaseError, InterfaceError

from gxweb.notices import chips
from gxweb.notices.chips import NONE, Chips

POLL_S = 1.0
PAUSE_S = 0.1  # between two questions, whoever comes

logger = logging.getLogger(__name__)


class Seat:
    """One person, on however many pages."""

    def __init__(self) -> None:
        self.pages = 0
        self.chips: Chips | None = None  # None until they were read for the first time
        self._changed = asyncio.Event()

    async def next(self, seen: Chips | None) -> Chips:
        """Wait until there is something else than what a page has seen."""
        while self.chips is None or self.chips == seen:
            await self._changed.wait()
        return self.chips

    def put(self, found: Chips) -> None:
        if found != self.chips:
            self.chips = found
            # A new event for the next time: nobody has to clear the old one.
            self._changed.set()
            self._changed = asyncio.Event()


class Board:
    def __init__(self) -> None:
        self._seats: dict[int, Seat] = {}
        self._task: asyncio.Task[None] | None = None
        self._come = asyncio.Event()
        self._away = False

    @asynccontextmanager
    async def seat(self, owner: int) -> AsyncIterator[Seat]:
        seat = self._seats.setdefault(owner, Seat())
        seat.pages += 1
        self._begin(seat)
        try:
            yield seat
        finally:
            seat.pages -= 1
            if not seat.pages:
                self._seats.pop(owner, None)

    async def aclose(self) -> None:
        """Stop at once: for a loop that ends before its process does."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _begin(self, seat: Seat) -> None:
        if seat.chips is None:
            self._come.set()
        if self._task is None or self._task.done():
            # It belongs to all who look, and ends by itself after the last.
            self._task = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        while self._seats:
            self._come.clear()
            await self._look()
            await asyncio.sleep(PAUSE_S)
            try:
                await asyncio.wait_for(self._come.wait(), POLL_S - PAUSE_S)
            except TimeoutError:
                continue

    async def _look(self) -> None:
        asked = dict(self._seats)
        try:
            found = await _read(list(asked))
        except (DatabaseError, InterfaceError) as error:
            # What is shown stays; a page that is loaded meanwhile says what is wrong.
            if not self._away:
                logger.warning("SQL does not answer, chips wait: %s", type(error).__name__)
            self._away = True
            return
        self._away = False
        for owner, seat in asked.items():
            seat.put(found.get(owner, NONE))


_boards: WeakKeyDictionary[asyncio.AbstractEventLoop, Board] = WeakKeyDictionary()


def here() -> Board:
    """The board of the running event loop; a process that serves has one."""
    loop = asyncio.get_running_loop()
    if loop not in _boards:
        _boards[loop] = Board()
    return _boards[loop]


@database_sync_to_async  # type: ignore[untyped-decorator]
def _read(owners: list[int]) -> Mapping[int, Chips]:
    return chips.of(owners)
