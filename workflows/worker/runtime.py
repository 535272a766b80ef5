"""What one worker process runs beside Celery: an event loop in a thread, and the heart.

Side tasks of the loop have names and one owner; if one of them dies the process goes down, since a
worker without its writer or its fence is worse than none.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

from workflows.compute.process import Nursery
from workflows.engine.component import Workflow
from workflows.engine.drain import drain
from workflows.engine.errors import LeaseLost
from workflows.engine.execute import Executor
from workflows.engine.masking import Mask
from workflows.engine.writer import Writer
from workflows.llm import providers
from workflows.wire.clients import connect_async, connect_writer
from workflows.wire.orders import Order
from workflows.wire.settings import Settings
from workflows.worker.alone import Alone
from workflows.worker.fence import listen

TICK_S = 0.5
THREADS = 32
EXIT_BROKEN = 70

logger = logging.getLogger(__name__)


class Runtime:
    """Made in the main thread; `execute` is called in Celery's threads."""

    def __init__(
        self,
        settings: Settings,
        registry: Mapping[str, Workflow[..., Any]],
        worker: str,
        *,
        nursery: Nursery | None = None,
        isolated: bool = False,
    ) -> None:
        """`nursery`: its children carry suspects out; none: they are carried out here. `isolated`:
        this process is such a child."""
        self.settings = settings
        self.registry = registry
        self.worker = worker
        self.isolated = isolated
        self._nursery = nursery
        self.ticked = time.monotonic()  # when the loop last showed that it turns
        self.draining = False
        self.loop: asyncio.AbstractEventLoop
        self.executor: Executor
        self._stop: asyncio.Event
        self._draining: asyncio.Event
        self._doing: set[Future[None]] = set()  # of Celery's threads, which wait for these
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gx-loop", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def execute(self, order: Order) -> None:
        """Carry out an order; returns when the run is not ours any more."""
        doing = asyncio.run_coroutine_threadsafe(self.executor.execute(order), self.loop)
        self._doing.add(doing)
        try:
            doing.result()
        except CancelledError:
            logger.info("%s is left as it is: this process goes away", order.run)
        finally:
            self._doing.discard(doing)

    def lose(self, run: str, attempt: int, why: LeaseLost) -> None:
        self.loop.call_soon_threadsafe(self.executor.lose, run, attempt, why)

    def drain(self) -> None:
        """Begin to leave; returns at once. Who asks again does not want to wait for open calls. May
        be called in a signal handler."""
        if self.draining:
            self.loop.call_soon_threadsafe(self.executor.hand_over)
        self._leave()

    def _leave(self) -> None:
        self.draining = True
        self.loop.call_soon_threadsafe(self._draining.set)

    def stop(self) -> None:
        self._leave()
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(self.settings.drain_seconds + 15)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException:
            logger.critical("The worker's loop is broken", exc_info=True)
            os._exit(EXIT_BROKEN)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop.set_default_executor(ThreadPoolExecutor(THREADS, thread_name_prefix="gx-sync"))
        self._stop, self._draining = asyncio.Event(), asyncio.Event()
        client = connect_async(self.settings.redis_url)
        writing = connect_writer(self.settings.redis_url)
        writer = Writer(writing, Mask.of_environment(os.environ))
        self.executor = Executor(
            self.registry,
            client=client,
            writer=writer,
            worker=self.worker,
            lease_seconds=self.settings.lease_seconds,
            previews=self.settings.capture_prompts,
            isolated=self.isolated,
            apart=Alone(self._nursery) if self._nursery else None,
            models=providers.models(os.environ),
        )
        async with asyncio.TaskGroup() as group:
            sides = [
                group.create_task(writer.run(), name="writer"),
                group.create_task(self._tick(), name="tick"),
                group.create_task(listen(self.settings.redis_url, self.executor), name="fence"),
            ]
            if self._nursery is not None:
                sides.append(group.create_task(self._nursery.run(), name="nursery"))
            self._ready.set()
            await self._until_left()
            for side in sides:
                side.cancel()
        await client.aclose()
        await writing.aclose()

    async def _until_left(self) -> None:
        await self._draining.wait()
        await drain(self.executor, self.settings.drain_seconds)
        # What is left waits for a Redis that is away; Celery would wait for it for ever.
        for doing in tuple(self._doing):
            doing.cancel()
        await self._stop.wait()

    async def _tick(self) -> None:
        while True:
            self.ticked = time.monotonic()
            await asyncio.sleep(TICK_S)
