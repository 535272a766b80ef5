"""What clients do when a server takes connections and says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import TimeoutError

from tests import valkey
from workflows.compute.celery import CeleryCompute, app
from workflows.wire.clients import (
    connect,
    connect_asking,
    connect_async,
    connect_bell,
    connect_blocking,
    connect_once,
    connect_writer,
)


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


@pytest.mark.parametrize(
    "connect", [connect_async, connect_asking, connect_writer, lambda url: connect_blocking(url, 1)]
)
async def test_a_cancellation_while_a_send_ends_is_not_lost(
    connect: Callable[[str], AsyncRedis], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect(redis_url) as client:
        await client.ping()
        asking = asyncio.ensure_future(client.ping())

        async def drain(self: asyncio.StreamWriter) -> None:
            asking.cancel()

        with monkeypatch.context() as patched:
            patched.setattr(asyncio.StreamWriter, "drain", drain)
            await asyncio.wait([asking])
        assert asking.cancelled()
        assert await client.ping()


async def test_a_send_that_takes_too_long_is_told_as_such(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect_writer(redis_url) as client:
        await client.ping()
        assert client.connection is not None
        client.connection.socket_timeout = 0.01

        async def drain(self: asyncio.StreamWriter) -> None:
            await asyncio.get_running_loop().create_future()

        monkeypatch.setattr(asyncio.StreamWriter, "drain", drain)
        with pytest.raises(TimeoutError):
            await client.ping()


async def test_a_server_may_be_at_a_socket(tmp_path: Path) -> None:
    # A socket's name has room for 107 characters.
    with TemporaryDirectory() as folder, valkey.running(tmp_path, "--unixsocket", f"{folder}/s"):
        url = f"unix://{folder}/s?db=2"
        for made in (connect(url), connect_once(url), connect_bell(url)):
            with made as client:
                assert await asyncio.to_thread(client.ping)
        for make in (connect_async, connect_asking, connect_writer):
            async with make(url) as asking:
                assert await asking.ping()
        async with connect_blocking(url, 1) as blocking:
            assert await blocking.ping()
        bell = CeleryCompute(url)
        with app(url).connection() as kombus, kombus.SimpleQueue("q") as queue:
            queue.put("x")
            assert bell.queue_length("q") == 1
