"""One line at each host for all workers: who may go next, and when.

The line is kept in Redis and by its clock. A turn that nobody uses, because its worker was killed,
costs the line one delay and nothing else. Where there is no Redis (a function called by itself) the
line is this process's own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

from workflows.catalog.site import Why
from workflows.engine import current
from workflows.wire import keys
from workflows.wire.script import Answer, ScriptCall, run_script_async

LONGEST_WAIT_S = 60.0
LOOK_S = 0.5

# Why nobody wants this page any more, or None.
Unwanted = Callable[[], Why | None]

logger = logging.getLogger(__name__)


class Left(Exception):
    """What was waited for is not wanted any more."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


@dataclass
class Line:
    """Turns at hosts; `delay_s`: between two requests of one host, unless more is asked for."""

    delay_s: float
    alone: dict[str, float] = field(default_factory=dict)

    async def wait(
        self, host: str, delay_s: float = 0.0, unwanted: Unwanted = lambda: None
    ) -> None:
        """Until it is our turn. Raises Left."""
        delay_s = max(self.delay_s, delay_s)
        while True:
            got, wait_s = await self._take(host, delay_s)
            # Not in line yet: the line is longer than we look ahead.
            await at_rest(_pass(wait_s if got else min(wait_s, LONGEST_WAIT_S) / 2, unwanted))
            if got:
                return

    async def charge(self, host: str, delay_s: float = 0.0) -> None:
        """For a request that goes at once: the next one waits that much longer."""
        await self._take(host, max(self.delay_s, delay_s))

    async def pause(self, host: str, seconds: float) -> None:
        """The host asked everybody to wait."""
        await self._take(host, 0.0, pause_s=seconds)

    async def _take(self, host: str, delay_s: float, pause_s: float = 0.0) -> tuple[bool, float]:
        scope = current()
        if scope is None or scope.redis is None:
            return self._take_here(host, delay_s, pause_s)
        try:
            return await _asked(scope.redis, host, delay_s, pause_s)
        except (RedisError, OSError) as error:
            logger.warning("The line at %s cannot be seen: %r", host, error)
            return True, delay_s

    def _take_here(self, host: str, delay_s: float, pause_s: float) -> tuple[bool, float]:
        now = time.monotonic()
        free = max(now, self.alone.get(host, 0.0))
        self.alone[host] = max(free, now + pause_s) if pause_s else free + delay_s
        return True, free - now


async def at_rest(waiting: Awaitable[object]) -> None:
    """Nothing is done meanwhile that a worker which drains should wait for."""
    scope = current()
    await (waiting if scope is None else scope.idle(waiting))


async def _pass(seconds: float, unwanted: Unwanted) -> None:
    until = time.monotonic() + seconds
    while True:
        if (why := unwanted()) is not None:
            raise Left(why)
        if (left := until - time.monotonic()) <= 0:
            return
        await asyncio.sleep(min(left, LOOK_S))


async def _asked(redis: Redis, host: str, delay_s: float, pause_s: float) -> tuple[bool, float]:
    milliseconds = (round(delay_s * 1000), round(LONGEST_WAIT_S * 1000), round(pause_s * 1000))
    reply = await run_script_async(redis, ScriptCall("turn", (keys.host(host),), milliseconds))
    return reply.answer is Answer.OK, float(reply.detail) / 1000
