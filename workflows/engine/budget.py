"""What a run may spend, in US dollars and tokens, over all of its attempts.

Spent is what its log says. A call under way holds an estimate. A new one goes ahead when its own
estimate still fits; else it waits until those beside it have said what they really used, and goes
when it is alone and anything is left. So what may be spent beyond the bound is one call, plus what
calls use beyond their estimates: a bound on their answers (`max_completion_tokens`) makes these
exact. A price that is not known counts in tokens only; a try whose usage nobody told counts
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workflows.engine.errors import Failure
from workflows.wire.events import Call, Limits
from workflows.wire.state import State

LOW = 0.8
EXPECTED_TOKENS = 1_000  # of an answer, as long as no longer one has been seen


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a run's budget: US dollars and tokens; None: there is no bound.

    `low`: 80 % of it are used.

    >>> budget()
    Left(usd=None, tokens=None, low=False)
    """

    usd: float | None = None
    tokens: int | None = None
    low: bool = False


@dataclass(eq=False, slots=True)
class Hold:
    """What a call under way may come to."""

    holder: object
    usd: float
    tokens: int


class Budget:
    """All of it runs in the loop's thread."""

    def __init__(self, limits: Limits, spent: Iterable[Call] = ()) -> None:
        self.limits = limits
        self.usd = 0.0
        self.tokens = 0
        self.expected = EXPECTED_TOKENS  # of an answer: the longest so far
        self._held: list[Hold] = []
        self._waiting: list[asyncio.Future[None]] = []
        for call in spent:
            self.add(call)

    @classmethod
    def of(cls, state: State) -> Budget:
        """From the log; what was copied from another run was paid there."""
        spans = (span for span in state.spans.values() if not span.copied)
        return cls(state.limits, (call for span in spans for call in span.usage.calls))

    @property
    def left(self) -> Left:
        usd, tokens = self.limits.usd, self.limits.tokens
        return Left(
            usd=None if usd is None else max(0.0, usd - self.usd),
            tokens=None if tokens is None else max(0, tokens - self.tokens),
            low=self._part() >= LOW,
        )

    def add(self, call: Call) -> bool:
        """A call has ended. True: with it 80 % are used."""
        was_low = self.left.low
        # Ten times a cent is ten cents, also in binary.
        self.usd = round(self.usd + (call.cost_usd or 0.0), 9)
        self.tokens += (call.prompt_tokens or 0) + (call.completion_tokens or 0)
        self.expected = max(self.expected, call.completion_tokens or 0)
        return self.left.low and not was_low

    def check(self, usd: float | None = None) -> None:
        """Raises Failure when nothing is left; what costs nothing needs no money to be left."""
        if self._gone(self.limits.tokens, self.tokens) or (
            usd != 0 and self._gone(self.limits.usd, self.usd)
        ):
            raise Failure("budget", f"This run has used its budget: {self.told()}.")

    async def reserve(
        self, holder: object, usd: float | None, tokens: int, within: Callable[[object], bool]
    ) -> Hold:
        """Wait until a call may be made that is estimated at so much. Raises Failure.

        `within`: whether this call is made inside what another holder is doing. That one may be
        waiting for it, so it is not waited for.
        """
        hold = Hold(holder, usd or 0.0, tokens)
        self.check(usd)
        while not self._fits(hold, within):
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
            self.check(usd)
        self._held.append(hold)
        return hold

    def release(self, hold: Hold) -> None:
        """The call has ended, and was added before."""
        if hold in self._held:
            self._held.remove(hold)
            self._wake()

    def leave(self, holder: object) -> None:
        """Nothing of this holder's is under way any more."""
        if self._held and any(hold.holder is holder for hold in self._held):
            self._held = [hold for hold in self._held if hold.holder is not holder]
            self._wake()

    @property
    def under_way(self) -> bool:
        """Whether a provider is at work for this run."""
        return bool(self._held)

    def held_by(self, holder: object) -> int:
        """How many of its calls are under way, or wait to be."""
        return sum(hold.holder is holder for hold in self._held)

    def told(self) -> str:
        """What was used, for people: "$1.72 of $2.00, 310,000 of 400,000 tokens"."""
        said = []
        if self.limits.usd is not None:
            said.append(f"${self.usd:,.2f} of ${self.limits.usd:,.2f}")
        if self.limits.tokens is not None:
            said.append(f"{self.tokens:,} of {self.limits.tokens:,} tokens")
        return ", ".join(said)

    def _fits(self, hold: Hold, within: Callable[[object], bool]) -> bool:
        others = [held for held in self._held if not within(held.holder)]
        if not others:
            return True
        usd = self.usd + hold.usd + sum(held.usd for held in self._held)
        tokens = self.tokens + hold.tokens + sum(held.tokens for held in self._held)
        fits_usd = self.limits.usd is None or not hold.usd or usd <= self.limits.usd
        return fits_usd and (self.limits.tokens is None or tokens <= self.limits.tokens)

    @staticmethod
    def _gone(limit: float | None, used: float) -> bool:
        return limit is not None and used >= limit

    def _part(self) -> float:
        """How much of the budget is used: 0.5 is half. The scarcer of the two counts."""
        bounds = ((self.limits.usd, self.usd), (self.limits.tokens, self.tokens))
        return round(max((used / limit for limit, used in bounds if limit), default=0.0), 9)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
