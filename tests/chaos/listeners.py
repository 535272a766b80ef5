"""Programs that read a run's events, many at once: ones that follow to the end and note how old
each event was, and ones that never read."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.chaos.stack import Stack
from tests.chaos.viewers import SMALL_BUFFER, SMALL_SEGMENT

FRAME = re.compile(rb"id: (\S+)\nevent: (\S+)\ndata: (.*)\n\n")
STAMP = re.compile(rb'"delta":"(\d+) "')
ENDS = b"run.completed"


def request(stack: Stack, run: str) -> bytes:
    lines = [
        f"GET /api/runs/{run}/events HTTP/1.1",
        f"Host: 127.0.0.1:{stack.port}",
        "Accept: text/event-stream",
        f"Authorization: Bearer {stack.token}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


class Listener(asyncio.Protocol):
    """One stream. A frame is never split by the lines that HTTP puts between chunks."""

    def __init__(self, asked: bytes) -> None:
        self.asked, self.rest = asked, b""
        self.ids: list[str] = []
        self.ages_ms: list[float] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.asked)

    def data_received(self, data: bytes) -> None:
        now, end = time.monotonic_ns(), 0
        self.rest += data
        for frame in FRAME.finditer(self.rest):
            id, kind, said = frame.groups()
            self.ids.append(id.decode())
            if (found := STAMP.search(said)) is not None:
                self.ages_ms.append((now - int(found[1])) / 1e6)
            if kind == ENDS:
                self.transport.close()
            end = frame.end()
        self.rest = self.rest[end:]

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(None)


async def listen(stack: Stack, run: str) -> Listener:
    loop, asked = asyncio.get_running_loop(), request(stack, run)
    _, made = await loop.create_connection(lambda: Listener(asked), "127.0.0.1", stack.port)
    return made


@contextmanager
def deaf(stack: Stack, run: str) -> Iterator[socket.socket]:
    """A program that asks and never reads; the kernel keeps little for it."""
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
        made.connect(("127.0.0.1", stack.port))
        made.sendall(request(stack, run))
        yield made
