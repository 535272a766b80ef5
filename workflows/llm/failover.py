"""Which provider of the chain gets a call, and whether another one is asked when it fails.

An alias (small, large, embedding) goes to every provider that has a model for it. A model's own
name goes to the providers that name it in their `models`; one that nobody names goes to the first
provider alone, as it is.

Where there is a choice, each provider's model has a breaker. When all are open, or have failed in
turn, the call waits and its readers are told; a run fails of that at its deadline only.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from workflows.engine.context import Scope
from workflows.engine.errors import Failure
from workflows.llm.breaker import Board, Local, Shared
from workflows.llm.deadlines import WHOLE_ANSWERS, Deadlines
from workflows.llm.failures import Barred, Throttled
from workflows.llm.kinds import CHAT, Kind
from workflows.llm.limits import PATIENCE_S, Rivals, unhindered
from workflows.llm.providers import Provider
from workflows.wire.events import Call, Log, Status

T = TypeVar("T")

# What another provider may do better: this one is away, or is too slow.
AWAY = frozenset({"provider_unavailable", "timeout"})
PROBE_PART = 0.5  # of the patience that a provider has while another could be asked
LONGEST_PAUSE_S = 5.0
WATCH_EVERY_S = 1.0
LONGEST_OUTAGE_S = 60.0
WAITED = "waited for a provider"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """One try at one provider. Without a `breaker` there is no choice."""

    provider: Provider
    model: str
    breaker: str = ""
    who: str = ""
    probe: bool = False
    rivals: Rivals = ()  # who could be asked instead

    def deadlines(self, given: Deadlines) -> Deadlines:
        if not self.rivals:
            return given
        return given.hurried(PROBE_PART if self.probe else 1.0)


@dataclass(frozen=True, slots=True)
class Full:
    """Nobody can be asked now. `wait_s`: until a breaker lets a probe through; 0: all failed."""

    wait_s: float


Ask = Callable[[Turn], Awaitable[T]]


class Failover:
    def __init__(self, providers: tuple[Provider, ...], failover_s: float = 20) -> None:
        self.providers = providers
        self._probe_s = failover_s * PROBE_PART
        self._local = Local()

    def able(self, model: str, kind: Kind = CHAT) -> tuple[Provider, ...]:
        """Those that have this model, in the order of the chain; never empty."""
        found = tuple(p for p in self.providers if p.knows(model)) or self.providers[:1]
        if not kind.everywhere:
            found = tuple(p for p in found if not p.compatible_only) or found[:1]
        return found if kind.alike else found[:1]

    async def asked(
        self,
        model: str,
        scope: Scope | None,
        ask: Ask[T],
        *,
        stream: bool = False,
        kind: Kind = CHAT,
    ) -> T:
        """What the first provider says that answers. Of a stream its beginning counts here; how it
        ends is told by whoever reads it. Raises Failure."""
        able = self.able(model, kind)
        if len(able) == 1:
            return await ask(Turn(able[0], able[0].model(model)))
        rounds = 0
        while True:
            walk = Walk(self, able, model, scope, stream=stream)
            answer = await walk.through(ask)
            if not isinstance(answer, Full):
                return answer
            await Pause(able, answer, rounds).wait(scope, walk.failed)
            rounds += 1

    def board(self, scope: Scope | None) -> Board:
        if scope is None or scope.redis is None:
            return self._local
        return Shared(scope.redis, self._local)

    async def tell(self, turn: Turn, failure: Failure | None, scope: Scope | None) -> None:
        """How a try ended."""
        if not turn.breaker:
            return
        told = await self.board(scope).tell(turn.breaker, turn.who, failure)
        name = f"{turn.provider.title} ({turn.model})"
        if told == "opened":
            level = logging.ERROR if isinstance(failure, Barred) else logging.WARNING
            logger.log(level, "%s is not asked for a while: %s", name, failure)
        elif told == "healed":
            logger.warning("%s answers again", name)

    def probe_s(self, *, stream: bool) -> float:
        """How long a probe has its provider for itself."""
        return self._probe_s * (1 if stream else WHOLE_ANSWERS)


class Walk:
    """Once through the chain, from one provider to the next until one answers."""

    def __init__(
        self,
        failover: Failover,
        able: Sequence[Provider],
        model: str,
        scope: Scope | None,
        *,
        stream: bool,
    ) -> None:
        self.failed: Failure | None = None
        self._failover = failover
        self._first = able[0]
        self._untried = last_failed_last(able, () if scope is None else scope.calls)
        self._model = model
        self._scope = scope
        self._stream = stream

    async def through(self, ask: Ask[T]) -> T | Full:
        while self._untried:
            turn = await self._choose()
            if isinstance(turn, Full):
                return turn
            self._tell_switch(turn.provider)
            try:
                answer = await self._watched(turn, ask)
            except Failure as failure:
                await self._failover.tell(turn, failure, self._scope)
                if not (elsewhere(failure) or await self._too_long(failure, turn)):
                    raise
                self.failed = failure
                self._untried.remove(turn.provider)
            else:
                await self._answered(turn)
                return answer
        return Full(0.0)

    async def _choose(self) -> Turn | Full:
        failover, models = self._failover, [p.model(self._model) for p in self._untried]
        named = [f"{p.name}:{model}" for p, model in zip(self._untried, models, strict=True)]
        who = secrets.token_hex(8)
        board = failover.board(self._scope)
        leave = await board.choose(named, who, failover.probe_s(stream=self._stream))
        if (n := leave.number) is None:
            return Full(leave.wait_s)
        both = list(zip(self._untried, models, strict=True))
        rivals = (*both[:n], *both[n + 1 :]) if leave.others else ()
        return Turn(*both[n], named[n], who, leave.probe, rivals)

    async def _too_long(self, failure: Failure, turn: Turn) -> bool:
        """Whether it asks us to wait longer than somebody has to who could ask another one."""
        if failure.type != "rate_limited" or not failure.retryable:
            return False
        long = (failure.retry_after or 0.0) > PATIENCE_S
        return long and await unhindered(self._scope, turn.rivals)

    async def _watched(self, turn: Turn, ask: Ask[T]) -> T:
        """A call of which nothing has come is taken elsewhere as soon as others have found out that
        its provider is gone: it does not have to find out for itself."""
        if turn.probe or not turn.rivals:
            return await ask(turn)
        try:
            async with asyncio.timeout(None) as clock:
                watching = asyncio.get_running_loop().create_task(self._watch(turn, clock))
                try:
                    return await ask(turn)
                finally:
                    watching.cancel()
        except TimeoutError as error:
            if not clock.expired():
                raise
            why = f"{turn.provider.title} is not answering."
            failure = Failure("timeout", why, retryable=True, provider=turn.provider.name)
            raise failure from error

    async def _watch(self, turn: Turn, clock: asyncio.Timeout) -> None:
        board = self._failover.board(self._scope)
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            if await board.is_open(turn.breaker):
                clock.reschedule(0.0)
                return

    async def _answered(self, turn: Turn) -> None:
        if not self._stream:
            await self._failover.tell(turn, None, self._scope)
        if (scope := self._scope) is None:
            return
        if (said := _away(turn.provider)) in scope.warned:
            scope.warned.discard(said)
            scope.say(Log("info", f"{turn.provider.title} answers again."))
        if WAITED in scope.warned:
            scope.warned.discard(WAITED)
            scope.say(Status(f"{turn.provider.title} answers again."))

    def _tell_switch(self, provider: Provider) -> None:
        """Once, until the first provider is back."""
        scope, first = self._scope, self._first
        if scope is None or provider is first or _away(first) in scope.warned:
            return
        scope.warned.add(_away(first))
        throttles = self.failed is not None and self.failed.type == "rate_limited"
        what = "is throttling" if throttles else "is not answering"
        why = f"{first.title} {what}; going on with {provider.title}."
        scope.say(Log("warning", why))


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody of `able` can be asked: what to do about it, after so many rounds."""

    able: Sequence[Provider]
    full: Full
    rounds: int

    async def wait(self, scope: Scope | None, failed: Failure | None) -> None:
        """Until it is worth while to ask again; readers are told. Raises Failure."""
        seconds, nobody = self.seconds, f"{_listed(self.able)} are not answering"
        if scope is None or self._in_vain(failed) or _too_late(scope, seconds):
            raise failed or Failure("provider_unavailable", f"{nobody}.", retryable=True)
        scope.warned.add(WAITED)
        scope.say(Status(f"{nobody}; next try in {seconds:.0f} s."))
        # Not for secrets: those who wait should not all come back at once.
        await scope.sleep(seconds * (1 + random.random() / 4))  # noqa: S311

    @property
    def seconds(self) -> float:
        return min(max(self.full.wait_s, 2.0 ** min(self.rounds, 9)), LONGEST_PAUSE_S)

    def _in_vain(self, failed: Failure | None) -> bool:
        """They are not away, they want none of our calls: waiting does not change that."""
        return isinstance(failed, Barred) or self.full.wait_s > LONGEST_OUTAGE_S


def elsewhere(failure: Failure) -> bool:
    """Whether another provider may do what this one could not."""
    return failure.type in AWAY or isinstance(failure, Barred | Throttled)


def last_failed_last(able: Sequence[Provider], calls: Sequence[Call]) -> list[Provider]:
    """A step that is tried again begins where it did not just fail."""
    latest = {call.provider: call.status for call in calls}
    return sorted(able, key=lambda provider: latest.get(provider.name) in AWAY)


def _too_late(scope: Scope, seconds: float) -> bool:
    return scope.deadline is not None and time.monotonic() + seconds >= scope.deadline


def _listed(providers: Sequence[Provider]) -> str:
    *first, last = (provider.title for provider in providers)
    return f"{', '.join(first)} and {last}"


def _away(provider: Provider) -> str:
    return f"away: {provider.name}"
