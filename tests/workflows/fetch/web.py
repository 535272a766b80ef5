"""A small public web on 127.0.0.2, and canaries on 127.0.0.1 and ::1 that nobody may touch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from workflows.fetch import Fetcher
from workflows.wire.reach import Reach

Answer = bytes | Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]
PUBLIC = "127.0.0.2"


@dataclass
class Web:
    """`pages`: what is answered, by path, as bytes or by a coroutine that writes. `names`: what the
    resolver says. `asked`: the heads of all requests; `touched`: connections to a canary."""

    port: int = 0
    canary: int = 0
    pages: dict[str, Answer] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    touched: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def resolve(self, host: str) -> list[str]:
        if host not in self.names:
            raise OSError("no such name")
        return self.names[host]

    @property
    def fetcher(self) -> Fetcher:
        """For it 127.0.0.2 is public, on any of our two ports."""
        allow = tuple(Reach.parse(f"{PUBLIC}/32:{port}") for port in (self.port, self.canary))
        return Fetcher(allow, self.resolve)

    def url(self, path: str = "/", host: str = "site.example") -> str:
        self.names.setdefault(host, [PUBLIC])
        return f"http://{host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.asked.append(head)
            answer = self.pages.get(head.split()[1], b"HTTP/1.1 404 Not Found\r\n\r\n")
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # or what reads from streams complains that its task was cancelled
        finally:
            self.open.discard(writer)
            writer.close()

    async def sing(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.touched += 1
        writer.close()


@asynccontextmanager
async def web() -> AsyncIterator[Web]:
    made = Web()
    site = await asyncio.start_server(made.serve, PUBLIC, 0)
    made.port = site.sockets[0].getsockname()[1]
    inside = await asyncio.start_server(made.sing, "127.0.0.1", made.port)
    canary = await asyncio.start_server(made.sing, "127.0.0.1", 0)
    made.canary = canary.sockets[0].getsockname()[1]
    inside6 = await asyncio.start_server(made.sing, "::1", made.port)
    servers = (site, inside, canary, inside6)
    try:
        yield made
    finally:
        for server in servers:
            server.close()
        for writer in made.open:
            writer.transport.abort()
        # Connections that were just being taken come to their end, too.
        for _ in range(5):
            await asyncio.sleep(0)


def page(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(header.lower().startswith("content-length") for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def redirect(location: str) -> bytes:
    return page(b"", f"Location: {location}", status="302 Found")
