"""A worker that dies at one of its appends: in this process, or by a real SIGKILL.

    python -m tests.chaos.mortal REDIS_URL ORDER MODE POINT LEDGER

Modes: `before` the append is sent, `unheard` when it is done and its answer is not read, `after` it
before the next one. With `reply lost` it lives on and does not know.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2

from workflows.blog.flow import write_blog
from workflows.engine.execute import Executor
from workflows.engine.journal import Journal
from workflows.engine.writer import Writer
from workflows.llm.offline import transport
from workflows.llm.openai import open_door
from workflows.wire.clients import connect_async, connect_writer
from workflows.wire.orders import Order

MODES = ("before", "unheard", "after", "reply lost")
DEADLY = MODES[:3]
TOKENS_PER_SECOND = 2500


class Ledger(httpx2.AsyncBaseTransport):
    """The offline model, and what it was asked, by whichever process."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._model = transport(TOKENS_PER_SECOND)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        with self._file.open("a") as out:
            out.write(hashlib.sha256(await request.aread()).hexdigest() + "\n")
        return await self._model.handle_async_request(request)

    @property
    def asked(self) -> Counter[str]:
        return Counter(self._file.read_text().split()) if self._file.exists() else Counter()

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)

    def door(self) -> Any:
        return open_door({"GX_OFFLINE_TOKENS_PER_SECOND": "0"}, transport=self)


class MortalWriter(Writer):
    """Its process dies at one of its appends."""

    def __init__(self, client: Any, mode: str, point: int, *, really: bool = False) -> None:
        super().__init__(client)
        self._mode, self._point, self._really = mode, point, really
        self.sent = 0
        self.dead = asyncio.Event()

    async def _send(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        self.sent += 1
        if self._mode == "after" and self.sent == self._point + 1:
            await self._die()
        if self.sent != self._point or self._mode == "after":
            return await super()._send(commands)
        if self._mode == "before":
            await self._die()
        answers = await super()._send(commands)
        if self._mode == "unheard":
            await self._die()
        return [ConnectionError("the reply is lost") for _ in answers]

    def _widen(self, ready: list[Journal]) -> None:
        self._tick = 0.001  # many small appends: more places to die at

    async def _die(self) -> None:
        if self._really:
            os.kill(os.getpid(), signal.SIGKILL)
        self.dead.set()
        await asyncio.get_running_loop().create_future()


async def attempt(
    url: str, order: Order, mode: str = "", point: int = 0, *, really: bool = False
) -> int:
    """Carry out an order, until its end or its worker's; how many appends were made. Each of them
    brings one event, so that every write of every span is a place to die at."""
    with patch("workflows.engine.journal.BATCH_BYTES", 1):
        return await _attempt(url, order, mode, point, really=really)


async def _attempt(url: str, order: Order, mode: str, point: int, *, really: bool) -> int:
    client, writing = connect_async(url), connect_writer(url)
    writer = MortalWriter(writing, mode, point, really=really)
    executor = Executor(
        {"blog": write_blog}, client=client, writer=writer, worker="mortal", lease_seconds=5
    )
    tasks = [asyncio.create_task(work) for work in (writer.run(), executor.execute(order))]
    dying = asyncio.create_task(writer.dead.wait())
    await asyncio.wait([dying, tasks[1]], return_when=asyncio.FIRST_COMPLETED)
    for task in (dying, *tasks):
        task.cancel()
    await asyncio.gather(dying, *tasks, return_exceptions=True)
    await client.aclose()
    await writing.aclose()
    return writer.sent


def main(url: str, order: str, mode: str, point: str, ledger: str) -> int:
    door = Ledger(Path(ledger)).door()
    with patch("workflows.llm.openai.current_door", lambda: door):
        asyncio.run(attempt(url, Order.from_dict(json.loads(order)), mode, int(point), really=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
