"""Results kept across runs: the port, and a store in this process's memory.

What is found is another run's result for the same owner: the same component in the same version,
with equal arguments and an equal key. Only successes are kept, and nothing that holds a secret.
A store may forget at any time and may be away: then the step is done.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from redis.exceptions import RedisError

from workflows.engine.replay import Found
from workflows.engine.values import Unthawable, is_opaque, thaw
from workflows.wire.codec import dumps, loads

MOST_BYTES = 256 * 1024  # of one value; a larger one is made again
KEPT = 1000  # values of one owner

logger = logging.getLogger(__name__)


class Store(Protocol):
    """Where results are kept. What belongs to one owner is never another's."""

    async def get(self, owner: str, key: str) -> bytes | None:
        """What was put there, unless its time is over."""

    async def put(self, owner: str, key: str, value: bytes, ttl: float) -> None:
        """Keep it for `ttl` seconds."""


@dataclass(frozen=True, slots=True)
class Cache:
    """How long a component's results are good for, in seconds, and where they are kept; None: in
    the worker's own store, which all workers share."""

    ttl: float
    store: Store | None = None

    def __post_init__(self) -> None:
        if not self.ttl > 0:
            raise ValueError("a result is kept for more than 0 seconds")


class Memory:
    """A store for tests and for one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of: dict[str, OrderedDict[str, tuple[float, bytes]]] = {}

    async def get(self, owner: str, key: str) -> bytes | None:
        kept = self._of.get(owner) or OrderedDict[str, tuple[float, bytes]]()
        until, value = kept.get(key, (0.0, b""))
        return value if until > self._clock() else None

    async def put(self, owner: str, key: str, value: bytes, ttl: float) -> None:
        kept = self._of.setdefault(owner, OrderedDict())
        kept[key] = (self._clock() + ttl, value)
        kept.move_to_end(key)
        while len(kept) > KEPT:
            kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one call's result in a store."""

    store: Store
    owner: str
    key: str
    ttl: float

    async def find(self) -> Found | None:
        """None: nothing there, or nothing that this code can read."""
        try:
            said = await self.store.get(self.owner, self.key)
            return None if said is None else Found(thaw(loads(said)))
        except (Unthawable, ValueError, RedisError, OSError) as error:
            logger.warning("A cached result could not be had: %r", error)
            return None

    async def keep(self, frozen: Any) -> None:
        """Unless it cannot be kept, or is too large."""
        if is_opaque(frozen) or len(said := dumps(frozen)) > MOST_BYTES:
            return
        try:
            await self.store.put(self.owner, self.key, said, self.ttl)
        except (RedisError, OSError) as error:
            logger.warning("A result could not be cached: %r", error)


def cache_key(home: str, call: str, key: str | None) -> str:
    """`home`: where the function is written; `call`: of name, version and arguments."""
    said = f"{home} {call} {key}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=16).hexdigest()
