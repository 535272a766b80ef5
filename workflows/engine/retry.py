"""Whether and when to try again: a policy returns a decision. It neither sleeps nor rolls dice.

Classes that cannot succeed are not tried again, a provider's `Retry-After` is honoured unless it
is longer than anyone would wait, and what an inner component has tried in vain is not tried again
by the outer ones: otherwise three layers of three tries would make 27. Where an outer layer does
try again (it raised an error of its own), each inner call gets one more try, not all of its own;
and there is a bound on what one attempt of a run tries again in all.
"""

from __future__ import annotations

from dataclasses import dataclass

from workflows.engine.errors import Failure, mark

LONGEST_WAIT_S = 120.0

# A mistake in the code is the same mistake the next time.
HOPELESS = (
    AssertionError, AttributeError, ImportError, MemoryError, NameError, NotImplementedError,
    RecursionError, SyntaxError, TypeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exponential:
    """Doubles from `initial` to `max` seconds, plus up to `jitter` of itself."""

    initial: float = 0.5
    max: float = 30.0
    jitter: float = 0.25

    def after(self, tried: int, luck: float) -> float:
        """Seconds to wait after `tried` tries; `luck` is a random number of [0, 1)."""
        base = min(self.max, self.initial * 2.0 ** min(tried - 1, 60))
        return min(self.max, base * (1 + self.jitter * luck))


def exponential(*, initial: float = 0.5, max: float = 30.0, jitter: float = 0.25) -> Exponential:
    """Waits that double from `initial` to `max` seconds, plus up to `jitter` of themselves.

    >>> exponential(initial=1, max=60).after(tried=3, luck=0.0)
    4.0
    """
    return Exponential(initial, max, jitter)


@dataclass(frozen=True, slots=True)
class Decision:
    """Try again after `delay_s`, or not: then `why` may hold a sentence for readers."""

    again: bool
    delay_s: float = 0.0
    why: str = ""


GIVE_UP = Decision(again=False)


@dataclass(frozen=True, slots=True)
class Retry:
    """Up to `attempts` tries in all, with `wait` between them. An error that cannot go away (a bug,
    a Failure that is not retryable) is not tried again.

    >>> tries = []
    >>> @component(retry=Retry(attempts=3, wait=exponential(initial=0.001)))
    ... async def flaky() -> str:
    ...     tries.append("try")
    ...     if len(tries) < 3:
    ...         raise Failure("timeout", "Slow.", retryable=True)
    ...     return "done"
    >>> asyncio.run(flaky()), len(tries)
    ('done', 3)
    """

    attempts: int = 3
    wait: Exponential = Exponential()

    def decide(
        self,
        error: BaseException,
        *,
        tried: int,
        left_s: float | None,
        luck: float,
        tries_left: int | None = None,
    ) -> Decision:
        """`left_s`: seconds to the run's deadline; None without one. `tries_left`: how often
        anything in the run may be tried again; None when nobody counts."""
        if tried >= self.attempts or not may_succeed(error):
            return GIVE_UP
        if tries_left is not None and tries_left <= 0:
            return Decision(False, why="This run has tried again as often as it may.")
        asked = error.retry_after if isinstance(error, Failure) else None
        delay = max(self.wait.after(tried, luck), asked or 0.0)
        if delay > LONGEST_WAIT_S:
            return Decision(False, why=f"It asked to wait {delay:.0f} s, longer than we wait.")
        if left_s is not None and delay >= left_s:
            return Decision(False, why="There is no time left for another try.")
        return Decision(True, delay)


ONCE = Retry(attempts=1)


def may_succeed(error: BaseException) -> bool:
    """Whether another try could end otherwise."""
    if not isinstance(error, Exception) or was_retried(error):
        return False
    if isinstance(error, Failure):
        return error.retryable
    return not isinstance(error, HOPELESS)


def mark_retried(error: BaseException) -> None:
    """An inner boundary has spent its tries on it."""
    mark(error, "__gx_retried__", True)


def was_retried(error: BaseException) -> bool:
    return getattr(error, "__gx_retried__", False)
