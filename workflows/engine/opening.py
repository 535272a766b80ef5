"""Becoming the owner of a run: why it is started, the opening script, the log so far.

The log is read before the opening, which is to say how much is taken over, and again after it, up
to and including our own opening: nothing that an older owner managed to write is missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from workflows.engine.attempt import now_ms
from workflows.engine.writer import is_final
from workflows.wire import keys, lease, log
from workflows.wire.codec import encode
from workflows.wire.cursor import Cursor
from workflows.wire.events import Event, RunStarted
from workflows.wire.fold import fold
from workflows.wire.inbox import PARKED
from workflows.wire.orders import Order
from workflows.wire.script import run_script_async
from workflows.wire.state import EMPTY, State

PAUSE_S = 0.2

T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """A log as it is before an attempt is opened, and why one would be."""

    state: State
    reason: str

    @property
    def suspect(self) -> bool:
        """It crashed, and has finished no span since: it may be what the crash comes from."""
        return self.reason == "crashed" or self.state.suspect


@dataclass(frozen=True, slots=True)
class Opener:
    """One delivery of an order: the nonce tells it from the others."""

    client: Redis
    worker: str
    lease_ms: int
    isolated: bool = False  # this process is there for one run alone

    async def look(self, order: Order) -> Look | None:
        """The log before the opening; None when there is none."""
        before = await patiently(lambda: log.read_async(self.client, order.run))
        if not before:
            logger.info("%s has no log: its monitor will see to it", order.run)
            return None
        reason = why(before, await patiently(lambda: self._released(order.run)))
        return Look(fold(EMPTY, before), reason)

    async def open(self, order: Order, seen: Look, nonce: str) -> State | None:
        """The state at our own opening; None when the order is not for us, or no more."""
        state = seen.state
        finished = sum(span.status == "completed" for span in state.spans.values())
        started = RunStarted(self.worker, order.version, seen.reason, finished, self.isolated)
        if not await self._won(order, nonce, started):
            return None
        return await self._caught_up(order, state)

    async def _won(self, order: Order, nonce: str, started: RunStarted) -> bool:
        call = log.open_call(
            order.run,
            [encode(started, at=now_ms())],
            attempt=order.attempt,
            nonce=nonce,
            redis_run_id=order.redis_run_id,
            worker=self.worker,
            lease_ms=self.lease_ms,
        )
        said = await patiently(lambda: run_script_async(self.client, call))
        if not said.ok:
            logger.info("%s attempt %d is not opened: %s", order.run, order.attempt, said.answer)
        return said.ok

    async def _caught_up(self, order: Order, state: State) -> State | None:
        own = Cursor(order.attempt, 0)
        rest = await patiently(
            lambda: log.read_async(self.client, order.run, state.cursor, until=own)
        )
        state = fold(state, rest)
        # Otherwise the server has lost our opening already; its monitor will notice too.
        return state if state.cursor == own else None

    async def _released(self, run: str) -> str:
        hash = await cast("Any", self.client.hgetall(keys.lease(run)))
        return lease.of(hash).released if hash else ""


def why(events: Sequence[Event], released: str) -> str:
    """The reason to start a run whose log is this."""
    tip = events[-1]
    if tip.id.attempt == 0:
        return "first"
    if released == PARKED:
        return "woken"
    opening = next((e for e in reversed(events) if e.id.seq == 0), None)
    if opening is not None and opening.kind == "run.restored":
        return "restored"
    if tip.kind in ("run.answered", "run.waiting"):
        return "woken"
    return "handed over" if released == lease.HANDED_OVER else "crashed"


async def due_now(client: Redis, run: str) -> None:
    """Let a monitor look at the run at once; one whose end is in SQL does not come back."""
    seconds, micros = await client.time()
    now = seconds * 1000 + micros // 1000
    await client.zadd(keys.due(keys.bucket(run)), {run: now}, xx=True, lt=True)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Until Redis answers. Only for what may be asked twice."""
    while True:
        try:
            return await ask()
        except (RedisError, OSError) as error:
            if isinstance(error, RedisError) and is_final(error):
                raise
            logger.warning("Redis does not answer: %r", error)
            await asyncio.sleep(PAUSE_S)
