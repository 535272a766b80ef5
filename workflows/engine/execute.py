"""An order carried out: open the attempt, run the workflow, write how it ended.

Every outcome has a terminal event, but one: when the run is not ours any more nothing is written.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import uuid4

from redis.asyncio import Redis

from workflows.catalog import lane_of
from workflows.engine import outcome
from workflows.engine.attempt import Attempt, Facts, now_ms
from workflows.engine.boundary import ran
from workflows.engine.budget import Budget
from workflows.engine.component import Workflow
from workflows.engine.errors import Halt, Handover, LeaseLost
from workflows.engine.frame import Frame
from workflows.engine.hiding import told
from workflows.engine.identity import Place, arguments, root_digest
from workflows.engine.mailbox import Door, Mailbox
from workflows.engine.opening import Opener, due_now, patiently
from workflows.engine.replay import Replay
from workflows.engine.store import RedisStore
from workflows.engine.values import Unthawable
from workflows.engine.writer import Refused, Writer
from workflows.wire import log
from workflows.wire.codec import dumps
from workflows.wire.cursor import Cursor
from workflows.wire.events import Body
from workflows.wire.lease import CRASHED, GONE, HANDED_OVER
from workflows.wire.orders import Order
from workflows.wire.script import Answer, run_script_async
from workflows.wire.state import State

LAST_WORDS_S = 3.0

logger = logging.getLogger(__name__)


class Apart(Protocol):
    """Where a suspect is carried out, so that it breaks nothing but itself."""

    async def dies_of(self, order: Order) -> bool:
        """Carry the order out in a process of its own; whether that process was seen to die."""
        ...

    def lose(self, run: str, attempt: int) -> None:
        """A newer attempt than `attempt` was opened."""
        ...

    def drain(self) -> None:
        """Let it come to the end of its spans; said again: leave at once."""
        ...


class Executor:
    """All runs of one process. It lives in one loop."""

    def __init__(
        self,
        registry: Mapping[str, Workflow[..., Any]],
        *,
        client: Redis,
        writer: Writer,
        worker: str,
        lease_seconds: float,
        previews: bool = True,
        isolated: bool = False,
        apart: Apart | None = None,
        models: str = "",
    ) -> None:
        """`isolated`: this process is there for one suspect alone. `apart`: where suspects go.
        `models`: which models answer; what is cached was made by them."""
        self.registry = registry
        self.draining = False
        self.held: dict[str, Attempt] = {}  # by run
        self._client = client
        self._writer = writer
        self._opener = Opener(client, worker, int(lease_seconds * 1000), isolated)
        self._apart = apart
        self._previews = previews
        self._models = models
        self._store = RedisStore(client)
        self._under_way = 0
        self.idle = asyncio.Event()  # no order is being carried out
        self.idle.set()

    async def execute(self, order: Order) -> None:
        """Do what the order says, if it still is to be done."""
        workflow = self.registry.get(order.workflow)
        if workflow is None or workflow.version != order.version:
            logger.warning("%s: no %s v%d here", order.run, order.workflow, order.version)
            return
        with self._counted():
            if self.draining:
                await self._turn_away(order)
                return
            seen = await self._opener.look(order)
            if seen is None:
                return
            if seen.suspect and self._apart is not None:
                await self._set_apart(self._apart, order)
            elif state := await self._opener.open(order, seen, nonce=uuid4().hex):
                await self._hold(self._attempt(order, state), workflow, state)

    def lose(self, run: str, attempt: int, why: LeaseLost) -> None:
        """Somebody has opened a newer attempt than `attempt`, or taken its lease away."""
        held = self.held.get(run)
        if held is not None and held.facts.attempt <= attempt:
            held.halt(why)
        if self._apart is not None:
            self._apart.lose(run, attempt)

    def nudge(self, run: str) -> None:
        """Something came for the run."""
        if (held := self.held.get(run)) is not None:
            held.mailbox.nudge()

    def drain(self) -> None:
        """Open nothing new; let what is under way come to the end of its spans."""
        self.draining = True
        for attempt in tuple(self.held.values()):
            attempt.drain()
        if self._apart is not None:
            self._apart.drain()

    def hand_over(self) -> None:
        """The grace is over: let go of everything."""
        for attempt in tuple(self.held.values()):
            attempt.halt(Handover("this worker goes away"))
        if self._apart is not None:
            self._apart.drain()  # a second time: they leave at once, too

    async def settle(self) -> None:
        """What the last calls have cost is in Redis, or this has been tried for long enough."""
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await self._writer.purse.emptied()
        except TimeoutError:
            logger.warning("What the last calls have cost is not written down: unknown")

    async def _turn_away(self, order: Order) -> None:
        """It came just before this worker stopped listening: let it be rung again at once."""
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await patiently(lambda: due_now(self._client, order.run))
        except TimeoutError:
            logger.info("%s: its order is lost, and rung again later", order.run)

    async def _set_apart(self, apart: Apart, order: Order) -> None:
        """Its process and this one open the same attempt: whoever sees it die may let it go."""
        if await apart.dies_of(order):
            logger.warning("%s attempt %d broke its process", order.run, order.attempt)
            await self._release(order.run, order.attempt, CRASHED)
        elif self.draining:
            await self._turn_away(order)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._under_way += 1
        self.idle.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self.idle.set()

    def _attempt(self, order: Order, state: State) -> Attempt:
        facts = Facts(
            run=order.run,
            attempt=order.attempt,
            owner=state.owner,
            deadline=deadline(state, now_ms(), time.monotonic()),
            previews=self._previews,
            probation=self._opener.isolated,
            lane=lane_of(order.workflow),
            worker=self._opener.worker,
            models=self._models,
            workflow=order.workflow,
        )
        mask = self._writer.mask.own()
        journal = self._writer.journal(order.run, Cursor(order.attempt, 0), mask)
        mailbox = Mailbox(state, Door(self._client, order.run))
        budget, replay = Budget.of(state), Replay.of(state)
        shared = self._store, self._client, self._writer.purse
        return Attempt(facts, journal, replay, mask, budget, mailbox, *shared)

    async def _hold(self, attempt: Attempt, workflow: Workflow[..., Any], state: State) -> None:
        """Be the owner, from the opening to the end."""
        run = attempt.facts.run
        newer = LeaseLost("a newer attempt was opened here")
        self.lose(run, attempt.facts.attempt - 1, newer)
        self.held[run] = attempt
        if self.draining:
            attempt.drain()
        try:
            async with asyncio.TaskGroup() as group:
                looking = group.create_task(attempt.mailbox.watch(attempt))
                doing = group.create_task(self._carry_out(attempt, workflow, state))
                doing.add_done_callback(lambda _: looking.cancel())
        except* Halt as halts:
            logger.debug("%s: %s", run, halts)
        finally:
            # Before the lease is let go, so that no beat takes it up again.
            if self.held.get(run) is attempt:
                del self.held[run]
        if attempt.halted is not None:
            logger.info("%s attempt %d is left: %s", run, attempt.facts.attempt, attempt.halted)
        await self._let_go(attempt)

    async def _carry_out(
        self, attempt: Attempt, workflow: Workflow[..., Any], state: State
    ) -> None:
        with attempt.working():
            await attempt.mailbox.look(attempt)
            end = await self._ended(attempt, workflow, state)
            await attempt.stop_strays()
            attempt.ending = True
            attempt.journal.put(end, span=None, at=now_ms())
            await attempt.journal.flush()
            attempt.end()

    async def _ended(self, attempt: Attempt, workflow: Workflow[..., Any], state: State) -> Body:
        """The terminal event of the run."""
        try:
            async with asyncio.timeout(attempt.left_s()) as limit:
                value = await run_root(attempt, workflow, state)
            return outcome.completed(value)
        except TimeoutError as error:
            return outcome.deadline() if limit.expired() else outcome.failed(error)
        except Exception as error:  # noqa: BLE001 - every outcome has a terminal event
            return outcome.failed(error)

    async def _let_go(self, attempt: Attempt) -> None:
        """After a hand-over, or when the log is gone, somebody else should begin at once."""
        why = attempt.halted
        if isinstance(why, Handover):
            await self._last_words(attempt)
            await self._release(attempt.facts.run, attempt.facts.attempt, HANDED_OVER)
        elif isinstance(why, Refused) and why.answer is Answer.GONE:
            await self._release(attempt.facts.run, attempt.facts.attempt, GONE)

    async def _last_words(self, attempt: Attempt) -> None:
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await attempt.journal.flush()
        except (TimeoutError, Halt):
            logger.info("%s: its last words are lost", attempt.facts.run)
        attempt.journal.close(Handover("handed over"))

    async def _release(self, run: str, attempt: int, why: str) -> None:
        call = log.release_call(run, attempt=attempt, why=why)
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                await patiently(lambda: run_script_async(self._client, call))
        except TimeoutError:
            logger.info("%s: its lease will run out by itself", run)


async def run_root(attempt: Attempt, workflow: Workflow[..., Any], state: State) -> Any:
    """The workflow's own span, from the log or anew."""
    options = workflow.options
    digest = root_digest(options.name)
    path = attempt.paths.take(digest, None, options.name, None)
    frame = Frame(attempt, Place(digest, path, options.name, None, None), options)
    try:
        if (found := attempt.replay.answer(digest)) is not None:
            return found.value
    except Unthawable as error:
        frame.warn(f"The workflow runs again, its result cannot be read back: {error}.")
    await attempt.may_begin()
    value = outcome.read_input(workflow.function, dumps(state.input))
    bound = arguments(workflow.function, (value,), {})
    attempt.mask.learn(told(bound, options.secret))
    return await ran(frame, bound, workflow.function, (value,), {})


def deadline(state: State, now: int, monotonic: float) -> float | None:
    """When the run must have ended: its seconds count from the moment it was asked for, but for
    those that it waited for people, or for time to pass."""
    allowed = state.limits.deadline_s
    if allowed is None or state.queued_at is None:
        return None
    return monotonic + allowed - (now - state.queued_at - state.waited_ms) / 1000
