"""A clock that runs ahead: what only waits is over at once, in the order in which it would be."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

# So long the loop may be silent before it counts as waiting for time alone.
QUIET_S = 0.02


class Clock:
    """`passed`: the seconds that nobody had to wait."""

    def __init__(self, loop: Any) -> None:
        self.passed = 0.0
        self._loop, self._real, self._call_at = loop, loop.time, loop.call_at
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []

    def time(self) -> float:
        return float(self._real()) + self.passed

    def call_at(self, when: float, *words: Any, **more: Any) -> asyncio.TimerHandle:
        handle: asyncio.TimerHandle = self._call_at(when, *words, **more)
        heapq.heappush(self._timers, (when, id(handle), handle))
        return handle

    def skip(self) -> None:
        """To the next thing that waits."""
        while self._timers and (self._timers[0][2].cancelled() or self._over()):
            heapq.heappop(self._timers)
        if self._timers:
            self.passed += max(0.0, self._timers[0][0] - self.time())

    def _over(self) -> bool:
        return self._timers[0][0] <= self.time()


@asynccontextmanager
async def fast_clock() -> AsyncIterator[Clock]:
    """In here sleeps, back-offs and time-outs of the running loop pass at once, as far as nothing
    else is under way. Only the loop's clock moves: dates stay what they are.

    >>> async def nap():
    ...     async with fast_clock() as clock:
    ...         await asyncio.sleep(3600)
    ...     return round(clock.passed) >= 3599
    >>> asyncio.run(nap())
    True
    """
    loop: Any = asyncio.get_running_loop()
    clock = Clock(loop)
    loop.time, loop.call_at = clock.time, clock.call_at
    stop = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            skipping = group.create_task(_skip(clock, stop))
            try:
                yield clock
            finally:
                skipping.cancel()
    finally:
        # Its clock must not go back: what was to come later would wait for all that was skipped.
        loop.call_at = clock._call_at


async def _skip(clock: Clock, stop: asyncio.Event) -> None:
    quiet = asyncio.Event()
    while not stop.is_set():
        # By the real clock: a timer of its own would be the next thing to skip to.
        clock._call_at(clock.time() + QUIET_S, quiet.set)
        await quiet.wait()
        quiet.clear()
        clock.skip()
