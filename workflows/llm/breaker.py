"""A breaker for each provider's model: shared by all workers through Redis, else of this process.

It opens on errors and time-outs, in whichever worker they are seen. Then one call after the other
is let through as a probe, and the first that is answered closes it, also one whose answer was so
long that another was let through meanwhile. What a provider refuses, limits or answers badly is no
outage; that it bars us (a key, an unpaid bill) opens it for longer, since only people can change
that.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

from workflows.engine.errors import Failure
from workflows.llm.failures import Barred, Throttled
from workflows.wire import keys

Outcome = Literal["ok", "alive", "away", "barred", "left"]
Told = Literal["opened", "healed", "same"]

OPENS_AT = 4  # points
POINTS = {"timeout": 2}  # a time-out cost a reader that much more; other errors: 1
PROBE_EVERY_S = 5.0
BARRED_S = 300.0
MEMORY_S = 900.0
ANSWER_S = 2.0
SCRIPT = files("workflows.llm").joinpath("scripts", "breaker.lua").read_text()

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Leave:
    """Who may be asked: `number` in the order given, as a `probe` or because all is well. None:
    nobody, and after `wait_s` seconds it is worth while to ask again. `others` are well, too."""

    number: int | None
    probe: bool = False
    wait_s: float = 0.0
    others: int = 0


def outcome(failure: Failure | None) -> Outcome:
    """What a call's end says about its provider."""
    if failure is None:
        return "ok"
    if isinstance(failure, Barred):
        return "barred"
    if isinstance(failure, Throttled):
        return "left"
    if failure.type in ("provider_unavailable", "timeout"):
        return "away"
    return "left" if failure.type in ("deadline", "budget", "internal", "crashed") else "alive"


class Board(Protocol):
    """Where breakers are kept. `names`: provider and model; `who`: one call's own token."""

    async def choose(self, names: Sequence[str], who: str, probe_s: float) -> Leave:
        """The first that may be asked. A probe has `probe_s` seconds before the next is let in."""

    async def tell(self, name: str, who: str, failure: Failure | None) -> Told: ...

    async def is_open(self, name: str) -> bool: ...


@dataclass(slots=True)
class _Breaker:
    points: int = 0
    until: float = 0.0  # when the points are forgotten
    due: float | None = None  # open: when the next probe may begin
    probe: str = ""
    probes: deque[str] = field(default_factory=lambda: deque(maxlen=60))


@dataclass
class Local:
    """The same rules in this process, for when there is no Redis."""

    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, _Breaker] = field(default_factory=dict)

    async def choose(self, names: Sequence[str], who: str, probe_s: float) -> Leave:
        now, breakers = self.clock(), [self._of(name) for name in names]
        closed = sum(breaker.due is None for breaker in breakers)
        for number, breaker in enumerate(breakers):
            if breaker.due is None:
                return Leave(number, others=closed - 1)
            if breaker.due <= now:
                breaker.probe, breaker.due = who, now + probe_s
                breaker.probes.append(who)
                return Leave(number, probe=True, others=closed)
        return Leave(None, wait_s=min((b.due or now) - now for b in breakers) if breakers else 0.0)

    async def tell(self, name: str, who: str, failure: Failure | None) -> Told:
        said, now = outcome(failure), self.clock()
        pause = BARRED_S if said == "barred" else PROBE_EVERY_S
        breaker = self._of(name)
        if breaker.due is not None:
            return self._probed(name, breaker, who, said, pause)
        if said == "ok":
            self._kept.pop(name, None)
        if said not in ("away", "barred") or failure is None:
            return "same"
        breaker.points += POINTS.get(failure.type, 1)
        breaker.until = now + MEMORY_S
        if said == "away" and breaker.points < OPENS_AT:
            return "same"
        breaker.due = now + pause
        return "opened"

    async def is_open(self, name: str) -> bool:
        return self._of(name).due is not None

    def _probed(self, name: str, breaker: _Breaker, who: str, said: Outcome, pause: float) -> Told:
        if said in ("ok", "alive") and who in breaker.probes:
            del self._kept[name]
            return "healed"
        if breaker.probe != who or said in ("ok", "alive"):
            return "same"
        now = self.clock()
        breaker.probe, breaker.due = "", now if said == "left" else now + pause
        breaker.until = now + MEMORY_S
        return "same"

    def _of(self, name: str) -> _Breaker:
        had = self._kept.get(name)
        if had is None or (had.until and had.until <= self.clock()):
            had = self._kept[name] = _Breaker()
        return had


class Shared:
    """In Redis. While that does not answer, `instead` does."""

    def __init__(self, client: Redis, instead: Board) -> None:
        self._client: Any = client
        self._run: Any = client.register_script(SCRIPT)
        self._instead = instead

    async def choose(self, names: Sequence[str], who: str, probe_s: float) -> Leave:
        try:
            answer = await self._ask(names, "choose", who, int(probe_s * 1000))
        except (RedisError, OSError) as error:
            logger.warning("The breakers in Redis do not answer: %r", error)
            return await self._instead.choose(names, who, probe_s)
        number, state, wait_ms, others = answer
        return Leave(number - 1 if number else None, state == b"probe", wait_ms / 1000, others)

    async def tell(self, name: str, who: str, failure: Failure | None) -> Told:
        said = outcome(failure)
        pause = BARRED_S if said == "barred" else PROBE_EVERY_S
        points = 0 if failure is None else POINTS.get(failure.type, 1)
        spans = (int(pause * 1000), int(MEMORY_S * 1000))
        try:
            told: Told = (await self._ask([name], "tell", who, said, points, OPENS_AT, *spans))[
                0
            ].decode()
        except (RedisError, OSError) as error:
            logger.warning("The breakers in Redis do not listen: %r", error)
            return await self._instead.tell(name, who, failure)
        return told

    async def is_open(self, name: str) -> bool:
        """What cannot be asked is not known to be open."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return bool(await self._client.hexists(keys.breaker(name), "due"))
        except (RedisError, OSError):
            return await self._instead.is_open(name)

    async def _ask(self, names: Sequence[str], *args: Any) -> Any:
        async with asyncio.timeout(ANSWER_S):
            return await self._run(keys=[keys.breaker(name) for name in names], args=args)
