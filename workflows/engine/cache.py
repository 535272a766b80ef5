"""Results kept across runs: the port, and a store in this process's memory.

What is found is another run's result for the same owner, or for anybody where a component says so:
the same component in the same version, with equal arguments, an equal key and the same models
configured. Only successes are kept, and nothing that holds a secret. A store may forget at any
time and may be away: then the step is done.

Equal calls that come at once are made once, wherever they come from: the first one holds the slot
and the others wait for what it brings. A holder that dies loses it soon, and the next one goes on.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from redis.exceptions import RedisError

from workflows.engine.values import Unthawable, is_opaque, thaw
from workflows.wire.codec import dumps, loads

MOST_BYTES = 256 * 1024  # of one value; a larger one is made again
KEPT = 1000  # values of one owner
EVERYBODY = "*"  # no owner's name: whose the shared values are

logger = logging.getLogger(__name__)


class Store(Protocol):
    """Where results are kept. What belongs to one owner is never another's."""

    async def get(self, owner: str, key: str) -> bytes | None:
        """What was put there, unless its time is over."""

    async def put(self, owner: str, key: str, value: bytes, ttl: float) -> None:
        """Keep it for `ttl` seconds."""

    async def hold(self, owner: str, key: str, who: str, seconds: float) -> bool:
        """Whether `who` makes the value: nobody else does for so long. Ask again to go on."""

    async def let_go(self, owner: str, key: str, who: str) -> None:
        """Whoever waits may go on."""


@dataclass(frozen=True, slots=True)
class Cache:
    """How long a component's results are good for, in seconds, and where they are kept; None: in
    the worker's own store, which all workers share. `shared`: one owner's result is good for all
    of them. It is nobody's then: only its time ends it, and no owner's deletion."""

    ttl: float
    store: Store | None = None
    shared: bool = False

    def __post_init__(self) -> None:
        if not self.ttl > 0:
            raise ValueError("a result is kept for more than 0 seconds")


class Memory:
    """A store for tests and for one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of: dict[str, OrderedDict[str, tuple[float, bytes]]] = {}
        self._held: dict[tuple[str, str], tuple[float, str]] = {}

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

    async def hold(self, owner: str, key: str, who: str, seconds: float) -> bool:
        until, holder = self._held.get((owner, key), (0.0, who))
        free = holder == who or until <= self._clock()
        if free:
            self._held[owner, key] = (self._clock() + seconds, who)
        return free

    async def let_go(self, owner: str, key: str, who: str) -> None:
        if self._held.get((owner, key), (0.0, ""))[1] == who:
            del self._held[owner, key]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a value came to. None: it is not known."""

    tokens: int | None = 0
    usd: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    value: Any
    spent: Spent = Spent()


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one call's result in a store."""

    store: Store
    owner: str
    key: str
    ttl: float

    async def find(self) -> Kept | None:
        """None: nothing there, or nothing that this code can read."""
        try:
            if (said := await self.store.get(self.owner, self.key)) is None:
                return None
            value, tokens, usd = loads(said)
            return Kept(thaw(value), Spent(tokens, usd))
        except (Unthawable, ValueError, TypeError, RedisError, OSError) as error:
            logger.warning("A cached result could not be had: %r", error)
            return None

    async def keep(self, frozen: Any, spent: Spent) -> None:
        """Unless it cannot be kept, or is too large."""
        if is_opaque(frozen):
            return
        if len(said := dumps([frozen, spent.tokens, spent.usd])) > MOST_BYTES:
            return
        try:
            await self.store.put(self.owner, self.key, said, self.ttl)
        except (RedisError, OSError) as error:
            logger.warning("A result could not be cached: %r", error)

    async def hold(self, who: str, seconds: float) -> bool:
        """A store that is away holds nobody up."""
        try:
            return await self.store.hold(self.owner, self.key, who, seconds)
        except (RedisError, OSError) as error:
            logger.warning("A cached result could not be waited for: %r", error)
            return True

    async def let_go(self, who: str) -> None:
        with suppress(RedisError, OSError):
            await self.store.let_go(self.owner, self.key, who)


def cache_key(home: str, call: str, key: str | None, settings: str = "") -> str:
    """`home`: where the function is written; `call`: of name, version and arguments; `settings`:
    of the models that answer."""
    said = f"{home} {call} {key} {settings}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=16).hexdigest()
