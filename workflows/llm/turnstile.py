"""One bucket as a worker's loop sees it: who waits here, who has been let go, one task for all.

The task lives as long as anybody waits or is under way. It tells Redis what is new, hears whose
turn has come, and comes back when Redis says so, when something is new here, when a nudge comes, or
after a second, which is also its sign of life: a worker that is not heard of for five loses its
places, and tells them anew if it lives.

Without Redis nobody goes, as no fence can be asked for either.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from workflows.llm.bucket import LANES, Bucket
from workflows.llm.failures import Throttled
from workflows.llm.tickets import End, Ticket

BEAT_S, LEASE_S = 1.0, 5.0
ANSWER_S, PAUSE_S, LEAST_S = 2.0, 0.2, 0.002
HEAR_S = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What Redis said last. Seconds; calls and owners of the lanes that wait, of all workers."""

    at: float = 0.0
    paused_s: float = 0.0
    every_s: float = 0.0
    calls: int = 0
    owners: int = 0


class Turnstile:
    """All of it runs in the loop's thread. `tell` is called whenever Redis has answered and
    somebody still waits; `leave` when nobody is here any more."""

    def __init__(
        self,
        redis: Redis,
        bucket: Bucket,
        worker: str,
        *,
        tell: Callable[[Turnstile], None] = lambda stile: None,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        self.bucket = bucket
        self.waiting: dict[str, Ticket] = {}
        self.held: dict[str, Ticket] = {}
        self.standing = Standing()
        self._tell, self._leave = tell, leave
        self._redis = redis
        self._worker = worker
        self._known = False
        self._joins: dict[str, Ticket] = {}
        self._ends: dict[str, End] = {}
        self._heeds: set[str] = set()
        self._holds: set[str] = set()
        self._heard: dict[str, int] = {}
        self._nudge = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    def join(self, ticket: Ticket) -> None:
        self.waiting[ticket.id] = self._joins[ticket.id] = ticket
        self._wake()

    def end(self, ticket: Ticket, end: End) -> None:
        """It is through, or waits no longer."""
        self.waiting.pop(ticket.id, None)
        self.held.pop(ticket.id, None)
        self._holds.discard(ticket.id)
        if self._joins.pop(ticket.id, None) is None or ticket.told or end.pause_s is not None:
            self._ends[ticket.id] = end
        self._wake()

    def hear(self, limits: dict[str, int]) -> None:
        """What the provider says that it allows."""
        self._heard = limits

    def _wake(self) -> None:
        self._nudge.set()
        if self._serving is None:
            self._serving = asyncio.get_running_loop().create_task(self._serve())
            self._serving.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._serving = None
        if task.cancelled() or self._broke(task.exception()) or not self._busy:
            self._leave()
        else:  # somebody came while the listener was being sent away
            self._wake()

    def _broke(self, error: BaseException | None) -> bool:
        """Nobody must wait for a task that is no more."""
        if error is None:
            return False
        logger.error("%s: its turnstile broke", self.bucket.title, exc_info=error)
        for ticket in tuple(self.waiting.values()):
            ticket.fail(RuntimeError("the limits of the provider cannot be kept"))
        return True

    @property
    def _busy(self) -> bool:
        return bool(self.waiting or self.held or self._ends)

    async def _serve(self) -> None:
        """A listener beside it only when somebody has to wait: most calls go at once."""
        async with asyncio.TaskGroup() as group:
            listening: asyncio.Task[None] | None = None
            while self._busy:
                self._nudge.clear()
                wait_s = await self._turn()
                if self.waiting and listening is None:
                    listening = group.create_task(self._listen())
                if self._busy:
                    await self._nudged(wait_s)
            if listening is not None:
                listening.cancel()

    async def _nudged(self, within_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._nudge.wait()

    async def _turn(self) -> float:
        """Ask once; in how many seconds to ask again."""
        joins, ends, heeds, holds = (
            dict(self._joins), dict(self._ends), set(self._heeds), set(self._holds)
        )  # fmt: skip
        for ticket in joins.values():
            ticket.told = True
        told = self._told(joins.values(), ends.values(), heeds, holds)
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await self.bucket.ask(self._redis, told)
        except (RedisError, OSError) as error:
            logger.info("%s: no turns without Redis: %r", self.bucket.title, error)
            return PAUSE_S
        self._known = True
        if answer.get("forgotten"):
            self._joins, self._holds = dict(self.waiting), set(self.held)
            return 0.0
        self._joins = {id: ticket for id, ticket in self._joins.items() if id not in joins}
        self._ends = {id: end for id, end in self._ends.items() if id not in ends}
        self._heeds, self._holds = self._heeds - heeds, self._holds - holds
        return self._taken(answer)

    def _told(
        self, joins: Iterable[Ticket], ends: Iterable[End], heeds: set[str], holds: set[str]
    ) -> dict[str, Any]:
        return {
            "worker": self._worker,
            "known": self._known,
            "lease": LEASE_S * 1000,
            "heard": self._heard,
            "joins": [ticket.shown() for ticket in joins],
            "ends": [end.shown() for end in ends],
            "heeds": sorted(heeds),
            "holds": sorted(holds),
        }

    def _taken(self, answer: dict[str, Any]) -> float:
        """What Redis says becomes so here."""
        calls, owners = (sum(answer[of][lane] for lane in LANES) for of in ("calls", "owners"))
        self.standing = Standing(
            time.monotonic(), answer["paused"] / 1000, answer["every"] / 1000, calls, owners
        )
        for id in answer["granted"] or ():
            self._grant(id)
        if self.waiting:
            self._lose_patience(self.standing.paused_s)
            self._tell(self)
        wait_s = answer["wait"] / 1000
        return min(BEAT_S, max(LEAST_S, wait_s)) if wait_s >= 0 else BEAT_S

    def _lose_patience(self, paused_s: float) -> None:
        for ticket in self.waiting.values():
            if paused_s > ticket.patience_s:
                ticket.fail(Throttled(self.bucket.title, paused_s))

    def _grant(self, id: str) -> None:
        """A grant is said until it is heeded; one for a call that has gone is about to be ended."""
        ticket = self.waiting.pop(id, None)
        if ticket is not None:
            self.held[id] = ticket
            ticket.grant()
        if id in self.held:
            self._heeds.add(id)
        elif id not in self._ends:
            self._ends[id] = End(id)
            self._nudge.set()

    async def _listen(self) -> None:
        """A nudge that is missed costs a second at most."""
        task = asyncio.current_task()
        # redis-py sends through asyncio.wait_for, which in Python 3.11 may swallow a cancel.
        while task is None or not task.cancelling():
            try:
                await self._hear_bell()
            except (RedisError, OSError) as error:
                logger.info("%s: not listening for turns: %r", self.bucket.title, error)
            await asyncio.sleep(PAUSE_S)

    async def _hear_bell(self) -> None:
        me = self._worker.encode()
        async with self._redis.pubsub() as heard:
            await heard.subscribe(self.bucket.bell)
            while self._busy:
                message = await heard.get_message(timeout=HEAR_S)
                if message is not None and message["data"] == me:
                    self._nudge.set()
