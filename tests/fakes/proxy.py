"""A TCP proxy on the loopback that does to a connection what networks do: loses a reply, goes
silent, cuts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from tests.fakes.accepting import close, turns

P = TypeVar("P", bound="Proxy")


class Proxy:
    """Stands before one server. `port` is where clients connect."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._replies_to_lose = 0
        self._after = b""
        self._open = asyncio.Event()
        self._open.set()
        self.port = 0
        self.connections = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def lose_reply(self, times: int = 1, *, after: bytes = b"") -> None:
        """Let the next requests (those that hold `after`) through, and cut instead of answering."""
        self._replies_to_lose, self._after = times, after

    def freeze(self) -> None:
        """From now on nothing arrives anywhere, and nobody is told."""
        self._open.clear()

    def thaw(self) -> None:
        self._open.set()

    def cut(self) -> None:
        """Close every connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection. It is known before anything is awaited: so none is left unclosed."""
        self.connections += 1
        self._writers.add(writer)
        self._tasks.add(task := asyncio.create_task(self._serve(reader, writer)))
        task.add_done_callback(self._tasks.discard)

    async def leave(self) -> None:
        """Afterwards nothing is open or under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()
        await turns()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._writers.add(far_writer)
            await self._between(reader, writer, far_reader, far_writer)
            far_writer.close()
        writer.close()

    async def _between(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
    ) -> None:
        doomed = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._requests(reader, far_writer, doomed))
                group.create_task(self._replies(far_reader, writer, doomed))
        except* (OSError, asyncio.IncompleteReadError):
            pass

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            if self._replies_to_lose and self._after in data:
                self._replies_to_lose -= 1
                doomed.set()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def _replies(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            if doomed.is_set():
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError


@asynccontextmanager
async def proxied(port: int, host: str = "127.0.0.1") -> AsyncIterator[Proxy]:
    """A proxy before `host:port`."""
    async with serving(Proxy(host, port)) as proxy:
        yield proxy


@asynccontextmanager
async def serving(proxy: P) -> AsyncIterator[P]:
    server = await asyncio.start_server(proxy.meet, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.thaw()
        await close(server)
        await proxy.leave()
