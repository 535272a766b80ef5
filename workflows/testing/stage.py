"""A place to run a workflow as a worker would, with the API plane's part played by the test."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, is_dataclass
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis

from workflows.engine.component import Workflow
from workflows.engine.execute import Executor
from workflows.testing.crash import Counting, Crash, Mortal, MortalWriter
from workflows.wire import inbox, log
from workflows.wire.clients import connect_async, connect_writer
from workflows.wire.codec import encode
from workflows.wire.events import Event, Limits, RunQueued
from workflows.wire.fold import fold
from workflows.wire.orders import Order
from workflows.wire.script import run_script_async
from workflows.wire.state import EMPTY, State

LEASE_S = 5.0
QUEUED_MS = 60_000


class Stage:
    """Runs on one Redis, which a test has for itself. Each `run` is a run of its own.

    `events` are those of the last run, `attempts` how many of it there were.
    """

    def __init__(self, redis_url: str) -> None:
        self.url = redis_url
        self.events: list[Event] = []
        self.attempts = 0

    async def run(
        self,
        workflow: Workflow[..., Any],
        input: Any,
        *crashes: Crash,
        answers: Sequence[Any] = (),
        **limits: Any,
    ) -> State:
        """The run from its start to its end, folded; `state.output` is plain JSON.

        Each of `crashes` ends an attempt, and the next one goes on. `answers` are given to the
        questions of the run as they come. `limits`: `usd`, `tokens`, `deadline_s`. Raises
        AssertionError when a crash is never reached, or a question has no answer left.
        """
        run = str(uuid4())
        given = asdict(input) if is_dataclass(input) and not isinstance(input, type) else input
        queued = RunQueued(workflow.name, workflow.version, "somebody", given, Limits(**limits))
        async with self.connected() as client:
            call = log.queue_call(run, encode(queued, at=_now()), due_ms=QUEUED_MS)
            await run_script_async(client, call)
            return await self._to_its_end(client, run, workflow, list(crashes), list(answers))

    async def _to_its_end(
        self,
        client: Redis,
        run: str,
        workflow: Workflow[..., Any],
        crashes: list[Crash],
        answers: list[Any],
    ) -> State:
        self.attempts = 0
        while True:
            self.attempts += 1
            order = await self.order(client, run, workflow, self.attempts)
            mortal = Counting(crashes[0]) if crashes else Mortal()
            await self.carry_out(client, order, workflow, mortal)
            self.events = await log.read_async(client, run)
            state = fold(EMPTY, self.events)
            if mortal.died:
                crashes.pop(0)
            elif state.ended:
                assert not crashes, f"the run ended before {crashes[0]}"
                return state
            else:
                await _answer(client, run, state, answers)

    async def order(
        self, client: Redis, run: str, workflow: Workflow[..., Any], attempt: int
    ) -> Order:
        """What a monitor would ring for."""
        server = await log.redis_run_id_async(client)
        return Order(run, workflow.name, workflow.version, attempt, server)

    async def carry_out(
        self, client: Redis, order: Order, workflow: Workflow[..., Any], mortal: Mortal
    ) -> None:
        """One worker's part of a run, to its end, to a question, or to the worker's death."""
        writing = connect_writer(self.url)
        writer = MortalWriter(writing, mortal)
        executor = Executor(
            {workflow.name: workflow},
            client=client,
            writer=writer,
            worker=f"stage-{order.attempt}",
            lease_seconds=LEASE_S,
        )
        writer.lose = executor.lose
        async with asyncio.TaskGroup() as group:
            task = group.create_task(writer.run())
            try:
                await executor.execute(order)
            finally:
                task.cancel()
        await writing.aclose()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Redis]:
        client = connect_async(self.url)
        try:
            yield client
        finally:
            await client.aclose()


async def _answer(client: Redis, run: str, state: State, answers: list[Any]) -> None:
    waiting = state.waiting
    assert waiting is not None, "the run stands still, and waits for nothing"
    assert waiting.form_schema is not None, "the run sleeps: a stage does not wait for days"
    assert answers, f"the run asks “{waiting.title}”: give it `answers`"
    value = answers.pop(0)
    given = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    letter = inbox.Letter("user", given)
    call = inbox.answer_call(run, state.asked[waiting.key].id, letter, nonce=uuid4().hex)
    reply = await run_script_async(client, call)
    assert reply.ok, reply


def _now() -> int:
    return time.time_ns() // 1_000_000
