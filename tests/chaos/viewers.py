"""Sockets of a live page, many at once: ones that follow to the end, and ones that never read."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from websockets import Origin
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.chaos.stack import Stack
from tests.patience import patience

MARK = re.compile(r'id="run-mark"[^>]* data-cursor="([^"]*)" data-status="([^"]*)"')
SMALL_BUFFER, SMALL_SEGMENT = 4096, 536


@dataclass
class Viewer:
    """What a page on this socket would know."""

    session: str
    frames: int = 0
    cursor: str = ""
    status: str = ""
    code: int | None = None

    async def follow(self, stack: Stack, port: int, run: str) -> None:
        """Take every frame until the server closes."""
        url = f"ws://127.0.0.1:{port}/ws/runs/{run}/"
        options = {
            "origin": Origin(stack.url),
            "additional_headers": {"Cookie": f"sessionid={self.session}"},
            "open_timeout": patience(10),
        }
        async with connect(url, proxy=None, **options) as ws:  # type: ignore[arg-type]
            with suppress(ConnectionClosed):
                while True:
                    self.take(str(await ws.recv()))
            self.code = ws.close_code

    def take(self, frame: str) -> None:
        mark = MARK.search(frame)
        assert mark is not None, "each frame begins with its mark"
        self.frames += 1
        self.cursor, self.status = mark.groups()


async def follow_all(viewers: list[Viewer], stack: Stack, port: int, run: str) -> None:
    async with asyncio.TaskGroup() as group:
        for viewer in viewers:
            group.create_task(viewer.follow(stack, port, run))


@contextmanager
def deaf(stack: Stack, port: int, run: str, session: str) -> Iterator[int]:
    """A socket that was opened as a page does and is never read: its port. The kernel keeps little
    for it, so that what is not read stays with the server."""
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
        made.connect(("127.0.0.1", port))
        made.sendall(_handshake(stack, port, run, session))
        yield made.getsockname()[1]


def _handshake(stack: Stack, port: int, run: str, session: str) -> bytes:
    lines = [
        f"GET /ws/runs/{run}/ HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}",
        f"Origin: {stack.url}",
        f"Cookie: sessionid={session}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
