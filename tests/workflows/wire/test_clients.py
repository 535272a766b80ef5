"""What clients do when a server takes connections and says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.exceptions import TimeoutError

from workflows.wire.clients import connect, connect_asking


class Silent:
    """A server that was stopped in mid-sentence. It counts who came."""

    def __init__(self) -> None:
        self.came = 0
        self.url = ""

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        while await reader.read(4096):
            pass
        writer.close()


@asynccontextmanager
async def silent() -> AsyncIterator[Silent]:
    made = Silent()
    async with await asyncio.start_server(made._take, "127.0.0.1", 0) as server:
        made.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        yield made


async def test_a_request_does_not_wait_twice_for_a_server_that_is_silent() -> None:
    async with silent() as server:
        with connect(server.url) as client, pytest.raises(TimeoutError):
            await asyncio.to_thread(client.ping)
        assert server.came == 1


async def test_nor_does_a_question_of_an_event_loop() -> None:
    async with silent() as server:
        async with connect_asking(server.url) as client:
            with pytest.raises(TimeoutError):
                await client.ping()
        assert server.came == 1
