"""One worker's engine on a real Valkey, in this process, and the API plane's part by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from redis import Redis

from tests.patience import patience
from workflows.engine.component import Workflow
from workflows.engine.execute import Executor
from workflows.engine.masking import Mask
from workflows.engine.writer import Writer
from workflows.wire import log
from workflows.wire.clients import connect, connect_async, connect_writer
from workflows.wire.codec import encode
from workflows.wire.events import Event, Limits, RunQueued
from workflows.wire.fold import fold
from workflows.wire.orders import Order
from workflows.wire.script import run_script
from workflows.wire.state import EMPTY, State


class House:
    """Knows one Redis; makes runs and executors."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.redis: Redis = connect(url)
        self.attempts: dict[str, int] = {}

    def queue(
        self, workflow: Workflow[..., Any], input: Any = None, *, owner: str = "ann", **limits: Any
    ) -> str:
        """Ask for a run; its id."""
        run = str(uuid4())
        body = RunQueued(workflow.name, workflow.version, owner, input, Limits(**limits))
        now = time.time_ns() // 1_000_000
        run_script(self.redis, log.queue_call(run, encode(body, at=now), due_ms=10_000))
        return run

    def order(self, run: str, workflow: Workflow[..., Any]) -> Order:
        """The next attempt's order."""
        self.attempts[run] = self.attempts.get(run, 0) + 1
        server = log.redis_run_id(self.redis)
        return Order(run, workflow.name, workflow.version, self.attempts[run], server)

    def events(self, run: str) -> list[Event]:
        return log.read(self.redis, run)

    def state(self, run: str) -> State:
        return fold(EMPTY, self.events(run))

    def ended(self, run: str) -> bool:
        """The quick way to know, for those who ask often."""
        tip = log.tip(self.redis, run)
        return tip is not None and tip.terminal

    @asynccontextmanager
    async def executor(
        self, *workflows: Workflow[..., Any], url: str = "", mask: Mask | None = None
    ) -> AsyncIterator[Executor]:
        client = connect_async(self.url)
        writing = connect_writer(url or self.url)
        writer = Writer(writing, mask)
        made = Executor(
            {flow.name: flow for flow in workflows},
            client=client,
            writer=writer,
            worker=f"worker-{uuid4().hex[:6]}",
            lease_seconds=5,
        )
        try:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(writer.run())
                try:
                    yield made
                finally:
                    task.cancel()
        finally:
            await client.aclose()
            await writing.aclose()

    async def run(self, workflow: Workflow[..., Any], input: Any = None, **limits: Any) -> State:
        """One run from its request to its end."""
        run = self.queue(workflow, input, **limits)
        async with self.executor(workflow) as executor:
            await executor.execute(self.order(run, workflow))
        return self.state(run)


async def until(condition: Any, seconds: float = 10.0) -> None:
    async with asyncio.timeout(patience(seconds)):
        while not condition():  # noqa: ASYNC110 - whatever a test waits for
            await asyncio.sleep(0.005)
