"""One call within its boundary, and what its watcher is told."""

from collections.abc import Callable
from typing import Any

import pytest

from workflows.engine.errors import Failure, LeaseLost
from workflows.engine.options import options_of
from workflows.engine.retry import Decision, Retry, exponential, was_retried
from workflows.engine.tries import Unwatched, within

STEADY = Retry(3, exponential(initial=1, max=60, jitter=0))


class Notes(Unwatched):
    """Keeps what it is told, and does not sleep."""

    def __init__(self, left_s: float | None = None) -> None:
        self.told: list[Any] = []
        self._left_s = left_s

    def left_s(self) -> float | None:
        return self._left_s

    def trying(self, number: int) -> None:
        self.told.append(number)

    def retrying(self, error: BaseException, number: int, decision: Decision) -> None:
        self.told.append((str(error), number, decision.delay_s))

    def falling_back(self, error: BaseException) -> None:
        self.told.append(f"fallback: {error}")

    async def sleep(self, seconds: float) -> None:
        self.told.append(f"slept {seconds:g}")


def failing(*errors: BaseException) -> Callable[[], Any]:
    left = list(errors)

    async def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


def busy(retry_after: float | None = None) -> Failure:
    return Failure("rate_limited", "busy", retryable=True, retry_after=retry_after)


async def run(call: Any, notes: Notes, **options: Any) -> Any:
    return await within(call, options_of(call, **options), (), {}, notes)


async def test_the_watcher_hears_of_every_try_and_wait() -> None:
    notes = Notes()
    assert await run(failing(busy(), busy(9)), notes, retry=STEADY) == "done"
    assert notes.told == [1, ("busy", 1, 1), "slept 1", 2, ("busy", 2, 9), "slept 9", 3]


async def test_an_error_that_was_retried_is_marked() -> None:
    notes = Notes()
    with pytest.raises(Failure) as caught:
        await run(failing(busy(), busy(), busy()), notes, retry=STEADY)
    assert was_retried(caught.value)
    with pytest.raises(Failure) as caught:
        await run(failing(busy()), notes)
    assert not was_retried(caught.value)


async def test_no_time_left_is_said() -> None:
    with pytest.raises(Failure, match="busy There is no time left for another try"):
        await run(failing(busy()), Notes(left_s=0.5), retry=STEADY)


async def test_the_fallback_follows_all_tries() -> None:
    notes = Notes()
    told = await run(failing(busy(), busy(), busy()), notes, retry=STEADY, fallback=lambda: "plain")
    assert told == "plain"
    assert notes.told[-1] == "fallback: busy"


async def test_a_lost_lease_passes_through_everything() -> None:
    notes = Notes()
    with pytest.raises(LeaseLost):
        await run(failing(LeaseLost("lost")), notes, retry=STEADY, fallback=lambda: "plain")
    assert notes.told == [1]
