"""Connections to Redis, made for one purpose each.

redis-py retries ten times by default: that writes an `XADD *` twice and lets a blocking read hang
for a minute. Here nothing is tried again by the library where a second try could do harm.
"""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

from workflows.wire.connections import cancellable

_QUICK: dict[str, Any] = {
    "protocol": 2,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
# Somebody waits for the answer. A server that is slow is not asked again: it would be slow again.
_BRIEF = _QUICK | {"socket_timeout": 2, "socket_connect_timeout": 1}
_BACK_OFF = ExponentialBackoff(cap=0.2, base=0.02)


def connect(url: str) -> Redis:
    """A pooled client for requests: for reads, and for scripts that may be run twice."""
    return _sync(url, **_BRIEF, retry=Retry(_BACK_OFF, 2, (ConnectionError,)))


def connect_once(url: str) -> Redis:
    """A pooled client that tries nothing again: its user has a loop of its own."""
    return _sync(url, **_QUICK, retry=Retry(NoBackoff(), 0))


def connect_bell(url: str) -> Redis:
    """For a doorbell, which may be missed: it must not hold up whoever rings."""
    options = _QUICK | {"socket_timeout": 1, "socket_connect_timeout": 1}
    return _sync(url, **options, retry=Retry(NoBackoff(), 0))


def connect_async(url: str) -> AsyncRedis:
    """For a worker's reads: they may take as long as a slow disk does."""
    again = AsyncRetry(_BACK_OFF, 2, (ConnectionError, TimeoutError))
    return _async(url, **_QUICK, retry=again)


def connect_asking(url: str) -> AsyncRedis:
    """As `connect`, for an event loop."""
    return _async(url, **_BRIEF, retry=AsyncRetry(_BACK_OFF, 2, (ConnectionError,)))


def connect_writer(url: str) -> AsyncRedis:
    """One connection, nothing tried again: two appends cannot change places on it."""
    return _async(url, **_QUICK, retry=AsyncRetry(NoBackoff(), 0), single_connection_client=True)


def connect_blocking(url: str, block_s: float) -> AsyncRedis:
    """For `XREAD BLOCK` of at most `block_s` seconds."""
    options = _QUICK | {"socket_timeout": block_s + 5, "health_check_interval": 0}
    return _async(url, **options, retry=AsyncRetry(NoBackoff(), 0))


def _sync(url: str, **options: Any) -> Redis:
    return Redis.from_url(url, **_known(url, options))


def _async(url: str, **options: Any) -> AsyncRedis:
    client = AsyncRedis.from_url(url, **_known(url, options))
    pool = client.connection_pool
    pool.connection_class = cancellable(pool.connection_class)
    return client


def _known(url: str, options: dict[str, Any]) -> dict[str, Any]:
    """A socket of this machine has no keepalive, and does not know the word."""
    if url.startswith("unix:"):
        del options["socket_keepalive"]
    return options
