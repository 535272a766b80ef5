"""The last check before money: no byte of a request leaves unless its fence is fresh.

The fence was asked for before the try. But a process may be stopped between any two instructions,
be taken for dead meanwhile, and go on; so at the last moment, when the connection stands, the age
of the fence is looked at, and an old one is asked for again: the log then says whether the run is
still ours. The bound is a small part of the lease, because the lease may have been renewed some
time before the fence and then ends that much earlier than one lease after it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

import httpx2

from workflows.engine.context import Scope, current
from workflows.llm.limits import heard

FRESH_PART_OF_LEASE = 0.1
PIECE = 16 * 1024

Check = Callable[[], Awaitable[None]]
Loop = asyncio.AbstractEventLoop


class Gate(httpx2.AsyncBaseTransport):
    """Inside a run, lets a request pass only under a fresh fence."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, lease_seconds: float) -> None:
        self._inner = inner
        self._fresh = lease_seconds * FRESH_PART_OF_LEASE

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if (scope := current()) is not None:
            await self._guard(request, scope)
        answer = await self._inner.handle_async_request(request)
        heard(answer.headers)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _guard(self, request: httpx2.Request, scope: Scope) -> None:
        async def check() -> None:
            while time.monotonic() - scope.fenced_at >= self._fresh:
                await scope.fence()

        async def trace(name: str, info: dict[str, Any]) -> None:
            if name.endswith("send_request_headers.started"):
                await check()

        await check()
        request.extensions = {**request.extensions, "trace": trace}
        if isinstance(request.stream, httpx2.AsyncByteStream):
            request.stream = _Guarded(request.stream, check)


class _Guarded(httpx2.AsyncByteStream):
    """A body in pieces, each of which asks before it leaves: a half-sent request is no call."""

    def __init__(self, body: httpx2.AsyncByteStream, check: Check) -> None:
        self._body = body
        self._check = check

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._body:
            for start in range(0, len(part), PIECE):
                await self._check()
                yield part[start : start + PIECE]

    async def aclose(self) -> None:
        await self._body.aclose()


class PerLoop(httpx2.AsyncBaseTransport):
    """One pool of connections for each event loop of this process, made when first used."""

    def __init__(self, make: Callable[[], httpx2.AsyncBaseTransport]) -> None:
        self._make = make
        self._pid = os.getpid()
        self._pools: WeakKeyDictionary[Loop, httpx2.AsyncBaseTransport] = WeakKeyDictionary()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._pool().handle_async_request(request)

    async def aclose(self) -> None:
        """Close this loop's connections; the next request opens new ones."""
        if (pool := self._pools.pop(asyncio.get_running_loop(), None)) is not None:
            await pool.aclose()

    def _pool(self) -> httpx2.AsyncBaseTransport:
        if self._pid != os.getpid():  # A fork shares its parent's sockets: leave them alone.
            self._pid, self._pools = os.getpid(), WeakKeyDictionary()
        loop = asyncio.get_running_loop()
        if loop not in self._pools:
            self._pools[loop] = self._make()
        return self._pools[loop]
