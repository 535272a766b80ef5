"""The client: one page, through at most five redirects, each checked whole."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from functools import cache

import httpcore2

from workflows.fetch import bodies
from workflows.fetch.connecting import Pinned
from workflows.fetch.refusals import too_slow, unreachable
from workflows.fetch.resolving import Resolve, addresses, by_system
from workflows.fetch.targets import Target, onward, target
from workflows.wire.reach import Reach

FIRST_BYTE_S = 5.0
TOTAL_S = 15.0
HEADERS_MAX = 32 * 1024
REDIRECTS = 5
MOVED = {301, 302, 303, 307, 308}
AGENT = "gxweb/0.1 (reads pages that its users name)"


@dataclass(frozen=True, slots=True)
class Fetched:
    """`url`: where it was in the end. `headers`: names in lower case, the last of equal ones."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Fetcher:
    """Fetches what people, pages and models name. It holds no cookies, no connections, nothing."""

    allow: tuple[Reach, ...] = ()
    resolve: Resolve = by_system
    agent: str = AGENT

    async def fetch(self, url: str, *, total_s: float = TOTAL_S) -> Fetched:
        """Raises Refused. An answer of any status is an answer."""
        try:
            async with asyncio.timeout(total_s):
                return await self._follow(target(url, self.allow))
        except TimeoutError:
            raise too_slow(total_s) from None

    async def _follow(self, here: Target) -> Fetched:
        seen = set()
        for _ in range(REDIRECTS + 1):
            seen.add(here.url)
            found = await self._hop(here)
            if found.status not in MOVED or "location" not in found.headers:
                return found
            here = onward(here, found.headers["location"], self.allow)
            if here.url in seen:
                raise unreachable("it leads back to itself", retryable=False)
        raise unreachable(f"it leads on more than {REDIRECTS} times", retryable=False)

    async def _hop(self, here: Target) -> Fetched:
        found = await addresses(here, self.resolve, self.allow)
        pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(),
            network_backend=Pinned(found, bodies.RAW_MAX + HEADERS_MAX),
            max_connections=1,
        )
        with _told():
            async with pool, self._asked(pool, here) as answer:
                return await _read(here, answer)

    def _asked(
        self, pool: httpcore2.AsyncConnectionPool, here: Target
    ) -> AbstractAsyncContextManager[httpcore2.Response]:
        said: dict[bytes | str, bytes | str] = {
            "Host": here.authority,
            "User-Agent": self.agent,
            "Accept": "text/html, application/xhtml+xml, text/plain;q=0.8, */*;q=0.1",
            "Accept-Encoding": "gzip",
            "Connection": "close",
        }
        patience = {"connect": TOTAL_S, "read": FIRST_BYTE_S, "write": FIRST_BYTE_S}
        url = httpcore2.URL(
            scheme=here.scheme, host=here.host, port=here.port, target=here.path.encode()
        )
        return pool.stream("GET", url, headers=said, extensions={"timeout": patience})


async def _read(here: Target, answer: httpcore2.Response) -> Fetched:
    if sum(len(name) + len(value) for name, value in answer.headers) > HEADERS_MAX:
        raise unreachable("its headers are too large", retryable=False)
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers
    }
    if answer.status in MOVED and "location" in headers:
        return Fetched(here.url, answer.status, headers, b"")
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > bodies.RAW_MAX:
        raise unreachable("it is too large", retryable=False)
    raw = b"".join([part async for part in answer.aiter_stream()])
    # Taking it apart blocks: eight megabytes are some twenty milliseconds.
    body = await asyncio.to_thread(bodies.decoded, raw, headers.get("content-encoding", ""))
    return Fetched(here.url, answer.status, headers, body)


@contextmanager
def _told() -> Iterator[None]:
    """What the network says, as a sentence."""
    try:
        yield
    except httpcore2.TimeoutException:
        raise too_slow(FIRST_BYTE_S) from None
    except (httpcore2.ConnectError, httpcore2.NetworkError) as error:
        raise unreachable(
            "it cannot be connected to" if _refused(error) else "it broke off"
        ) from None
    except httpcore2.ProtocolError:
        raise unreachable("it does not speak HTTP as it should", retryable=False) from None


def _refused(error: Exception) -> bool:
    return isinstance(error, httpcore2.ConnectError)


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the system's certificates takes longer than a page."""
    return ssl.create_default_context()
