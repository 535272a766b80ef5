"""The attempt of a run that this process owns: what its spans share, and how it is stopped.

It is stopped in one of two ways. Halted: the log is no longer ours, or this worker goes away; every
task is cancelled at once. Draining: no new span begins, those under way may end, and when none is
left that does anything the attempt halts by itself.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.asyncio import Redis

from workflows.engine.budget import Budget
from workflows.engine.cache import Store
from workflows.engine.errors import Halt, Handover, LeaseLost
from workflows.engine.faults import Faults
from workflows.engine.heldup import HeldUp
from workflows.engine.identity import Paths
from workflows.engine.journal import Journal
from workflows.engine.mailbox import Mailbox
from workflows.engine.masking import Mask
from workflows.engine.purse import Purse
from workflows.engine.replay import Replay
from workflows.wire.events import Body, Limits

if TYPE_CHECKING:
    from workflows.engine.frame import Frame


TRIES_AGAIN = 1000  # of all its spans together
ABROAD = (
    "A step in a thread has a loop of its own: models are asked, and texts and items said, by async"
    " components, which may be called from there."
)
STRAYS_S = 1.0  # how long a task that nobody waits for may take to leave


@dataclass(frozen=True, slots=True)
class Facts:
    """What does not change while the attempt runs."""

    run: str
    attempt: int
    owner: str
    deadline: float | None = None
    previews: bool = True
    probation: bool = False  # a suspect, alone: its first new span clears it
    lane: str = "bulk"
    worker: str = ""
    models: str = ""  # which models answer, in words: another one gives other results
    workflow: str = ""


class Attempt:
    """All of it runs in the loop's thread."""

    def __init__(
        self,
        facts: Facts,
        journal: Journal,
        replay: Replay,
        mask: Mask | None = None,
        budget: Budget | None = None,
        mailbox: Mailbox | None = None,
        store: Store | None = None,
        redis: Redis | None = None,
        purse: Purse | None = None,
    ) -> None:
        self.facts = facts
        self.journal = journal
        self.replay = replay
        self.mask = mask or Mask()
        self.faults = Faults(facts.attempt, self.mask)
        self.budget = budget or Budget(Limits())
        self.mailbox = mailbox or Mailbox()
        self.store = store
        self.redis = redis  # of this loop
        self.purse = purse  # None: nobody keeps a ledger
        self.paths = Paths(replay.paths)
        # Run ids are random and no web page knows them.
        self.secret = hashlib.sha256(f"gx fence {facts.run}".encode()).digest()
        self.loop = asyncio.get_running_loop()
        self.halted: Halt | None = None
        self.draining = False
        self.ending = False  # its code is through, its end is being written
        self.frames: set[Frame] = set()
        self.tried: Counter[str] = Counter()  # tries of spans that gave nothing, by identity
        self.tries_left = TRIES_AGAIN
        self.held_up = HeldUp()
        self.warned: set[str] = set()  # once for each of these
        self._tasks: set[asyncio.Task[object]] = set()
        self._slots: dict[object, asyncio.Semaphore] = {}
        journal.on_close = self.halt

    def check(self) -> None:
        if self.halted is not None:
            raise type(self.halted)(*self.halted.args)

    def halt(self, why: Halt) -> None:
        """Cancel every task of the run, at once."""
        if self.halted is not None:
            return
        self.halted = why
        if not isinstance(why, Handover):
            self.journal.close(why)
        for task in tuple(self._tasks):
            task.cancel()

    def end(self) -> None:
        """All is written. What a stray task still wants to say is too late."""
        self.journal.on_close = None
        self.journal.close(LeaseLost("the run has ended"))

    def proved(self) -> None:
        """A span has newly finished. A suspect goes back among the others, and makes room."""
        if self.facts.probation and not self.draining:
            self.drain()

    def record(self, body: Body, span: str | None = None) -> None:
        """Put an event into the log that is the run's, and no span's doing."""
        self.check()
        self.journal.put(body, span=span, at=now_ms())

    def drain(self) -> None:
        self.draining = True
        self.loop.call_soon(self.look_idle)

    def look_idle(self) -> None:
        """While draining: nothing under way does anything any more, so let go."""
        if not self.draining or self.ending or self.halted is not None:
            return
        if not any(frame.busy for frame in self.frames):
            self.halt(Handover("this worker drains"))

    @property
    def over(self) -> bool:
        return self.halted is not None or self.ending

    @property
    def quiet(self) -> bool:
        """Nobody does anything but wait for an answer, or for time to pass. A provider may be at
        work for a step that waits as well: its own helper has asked."""
        if self.ending or self.budget.under_way:
            return False
        return not any(frame.at_work for frame in self.frames)

    async def stop_strays(self) -> None:
        """The run's own code is through. What it began and did not wait for ends with it."""
        strays = self._tasks - {asyncio.current_task()}
        for task in strays:
            task.cancel()
        if strays:
            await asyncio.wait(strays, timeout=STRAYS_S)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let a halt cancel the task that runs this."""
        task = asyncio.current_task()
        if task is None or task in self._tasks:
            yield
            return
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    @property
    def at_home(self) -> bool:
        """Whether this is the loop in which it runs. A step in a thread may have one of its own."""
        try:
            return asyncio.get_running_loop() is self.loop
        except RuntimeError:
            return False

    def claim(self) -> None:
        """The task that calls this asks a provider for the run: it ends with it, also one that no
        step waits for any more."""
        self.check()
        if not self.at_home:
            raise RuntimeError(ABROAD)
        task = asyncio.current_task()
        if task is not None and task not in self._tasks:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    @asynccontextmanager
    async def slot(self, function: object, at_once: int | None) -> AsyncIterator[None]:
        if at_once is None:
            yield
            return
        semaphore = self._slots.setdefault(function, asyncio.Semaphore(at_once))
        async with semaphore:
            yield

    async def may_begin(self) -> None:
        """While draining no span begins: wait here until the halt comes."""
        self.check()
        if self.draining:
            self.look_idle()
            await self.loop.create_future()

    def left_s(self) -> float | None:
        deadline = self.facts.deadline
        return None if deadline is None else deadline - time.monotonic()


def now_ms() -> int:
    return time.time_ns() // 1_000_000
