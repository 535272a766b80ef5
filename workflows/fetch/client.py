"""The client: one page, through at most five redirects, each checked whole."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Self

import httpcore2

from workflows.fetch import bodies
from workflows.fetch.connecting import Pinned
from workflows.fetch.refusals import forbidden, too_slow, unreachable
from workflows.fetch.resolving import Resolve, addresses, by_system
from workflows.fetch.targets import Target, onward, origin, target
from workflows.wire.reach import Reach
from workflows.wire.settings import Settings

FIRST_BYTE_S = 5.0
TOTAL_S = 15.0
HEADERS_MAX = 32 * 1024
REDIRECTS = 5
SLACK = 256 * 1024
MOVED = {301, 302, 303, 307, 308}
# How the library, and the one beneath it, call an answer that ends before its end, or has none.
BROKEN_OFF = ("Server disconnected", "peer closed connection")
AGENT = "gxweb/0.1 (reads pages that its users name)"

Permit = Callable[[Target], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """`url`: where it was in the end. `headers`: names in lower case, the last of equal ones."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Fetcher:
    """Fetches what people, pages and models name. It holds no cookies, no connections, nothing.
    `own`: hosts and ports that are this installation's, and not to be read by itself."""

    allow: tuple[Reach, ...] = ()
    resolve: Resolve = by_system
    agent: str = AGENT
    own: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """As GX_FETCH_ALLOW and PUBLIC_URL say. Raises BadSetting."""
        own = origin(environ.get("PUBLIC_URL", ""))
        return cls(Settings.from_env(environ).fetch_allow, own=frozenset([own] if own else []))

    async def fetch(
        self, url: str, *, total_s: float = TOTAL_S, cut: bool = False, permit: Permit | None = None
    ) -> Fetched:
        """Raises Refused. An answer of any status is an answer. `cut`: of one that is too large the
        beginning is taken. `permit` is asked before each redirect is followed, and may refuse."""
        try:
            async with asyncio.timeout(total_s):
                return await self._follow(target(url, self.allow), cut, permit)
        except TimeoutError:
            raise too_slow(total_s) from None

    async def _follow(self, here: Target, cut: bool, permit: Permit | None) -> Fetched:
        seen = set()
        for _ in range(REDIRECTS + 1):
            seen.add(here.url)
            found = await self._hop(here, cut)
            if found.status not in MOVED or "location" not in found.headers:
                return found
            here = onward(here, found.headers["location"], self.allow)
            if here.url in seen:
                raise unreachable("it leads back to itself", retryable=False)
            if permit is not None:
                await permit(here)
        raise unreachable(f"it leads on more than {REDIRECTS} times", retryable=False)

    async def _hop(self, here: Target, cut: bool) -> Fetched:
        if (here.host, here.port) in self.own:
            raise forbidden("it is this very site")
        found = await addresses(here, self.resolve, self.allow)
        pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(),
            # Where it is cut, a little more than is kept may have come.
            network_backend=Pinned(found, bodies.RAW_MAX + HEADERS_MAX + cut * SLACK),
            max_connections=1,
        )
        with _told():
            async with pool, self._asked(pool, here) as answer:
                return await _read(here, answer, cut)

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


async def _read(here: Target, answer: httpcore2.Response, cut: bool) -> Fetched:
    if sum(len(name) + len(value) for name, value in answer.headers) > HEADERS_MAX:
        raise unreachable("its headers are too large", retryable=False)
    headers = {name.decode("latin-1").lower(): _words(value) for name, value in answer.headers}
    if answer.status in MOVED and "location" in headers:
        return Fetched(here.url, answer.status, headers, b"")
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > bodies.RAW_MAX and not cut:
        raise unreachable("it is too large", retryable=False)
    raw = await _body(answer, cut)
    # Taking it apart blocks: eight megabytes are some twenty milliseconds.
    coding = headers.get("content-encoding", "")
    body = await asyncio.to_thread(bodies.decoded, raw, coding, cut=cut)
    return Fetched(here.url, answer.status, headers, body)


def _words(value: bytes) -> str:
    """Browsers take an address in UTF-8 as it is, and some servers lead on to such."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


async def _body(answer: httpcore2.Response, cut: bool) -> bytes:
    parts, size = [], 0
    async for part in answer.aiter_stream():
        parts.append(part)
        size += len(part)
        if cut and size >= bodies.RAW_MAX:
            break
    return b"".join(parts)[: bodies.RAW_MAX] if cut else b"".join(parts)


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
    except httpcore2.ProtocolError as error:
        if str(error).startswith(BROKEN_OFF):
            raise unreachable("it broke off") from None
        raise unreachable("it does not speak HTTP as it should", retryable=False) from None


def _refused(error: Exception) -> bool:
    return isinstance(error, httpcore2.ConnectError)


@cache
def _tls() -> ssl.SSLContext:
    """Made once: reading the system's certificates takes longer than a page."""
    return ssl.create_default_context()
