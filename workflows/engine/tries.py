"""One call of a function within its boundary: time-out, tries, fallback. It knows no log."""

from __future__ import annotations

import asyncio
import functools
import inspect
import random
from collections.abc import Callable
from typing import Any, Protocol

import tenacity

from workflows.engine.clock import Clock
from workflows.engine.errors import Failure
from workflows.engine.options import Options
from workflows.engine.retry import GIVE_UP, Decision, mark_retried
from workflows.engine.threads import in_thread


class Watcher(Protocol):
    """Whoever is told how a call goes."""

    def left_s(self) -> float | None:
        """Seconds to the run's deadline; None without one."""

    def tries_left(self) -> int | None:
        """How often anything in the run may still be tried again; None: nobody counts."""

    def trying(self, number: int) -> None: ...

    def retrying(self, error: BaseException, number: int, decision: Decision) -> None: ...

    def falling_back(self, error: BaseException) -> None: ...

    async def sleep(self, seconds: float) -> None: ...

    def timed(self, clock: Clock) -> None:
        """The time-out of the try that begins."""


class Unwatched:
    """Outside a run nobody asks."""

    def left_s(self) -> float | None:
        return None

    def tries_left(self) -> int | None:
        return None

    def trying(self, number: int) -> None: ...

    def retrying(self, error: BaseException, number: int, decision: Decision) -> None: ...

    def falling_back(self, error: BaseException) -> None: ...

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def timed(self, clock: Clock) -> None: ...


async def within(
    function: Callable[..., Any], options: Options, args: Any, kwargs: Any, watcher: Watcher
) -> Any:
    """The function's value, or the error of its last try."""
    once = functools.partial(_once, function, options, args, kwargs, watcher)
    try:
        if options.retry.attempts == 1:
            watcher.trying(1)
            return await once()
        return await Tries(options, watcher).of(once)
    except Exception as error:
        if options.fallback is None:
            raise
        watcher.falling_back(error)
        return await invoked(options.fallback, args, kwargs)


class Tries:
    """tenacity's loop, led by our policy."""

    def __init__(self, options: Options, watcher: Watcher) -> None:
        self._policy = options.retry
        self._watcher = watcher
        self._decision = GIVE_UP

    async def of(self, once: Callable[[], Any]) -> Any:
        retrying = tenacity.AsyncRetrying(
            sleep=self._watcher.sleep,
            retry=self._again,
            wait=lambda state: self._decision.delay_s,
            before=lambda state: self._watcher.trying(state.attempt_number),
            before_sleep=self._tell,
            reraise=True,
        )
        return await retrying(once)

    def _again(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        if error is None:
            return False
        # Not for secrets: two callers that failed together should not come back together.
        luck = random.random()  # noqa: S311
        tried = state.attempt_number
        self._decision = self._policy.decide(
            error,
            tried=tried,
            left_s=self._watcher.left_s(),
            tries_left=self._watcher.tries_left(),
            luck=luck,
        )
        if not self._decision.again:
            self._give_up(error, tried)
        return self._decision.again

    def _give_up(self, error: BaseException, tried: int) -> None:
        if tried > 1:
            mark_retried(error)
        if isinstance(error, Failure) and self._decision.why:
            error.message = f"{error.message} {self._decision.why}"
            error.args = (error.message,)

    def _tell(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            self._watcher.retrying(error, state.attempt_number, self._decision)


async def _once(
    function: Callable[..., Any], options: Options, args: Any, kwargs: Any, watcher: Watcher
) -> Any:
    if options.timeout is None:
        return await invoked(function, args, kwargs)
    try:
        async with asyncio.timeout(options.timeout) as limit:
            watcher.timed(Clock(limit))
            return await invoked(function, args, kwargs)
    except TimeoutError as error:
        if not limit.expired():
            raise
        message = f"{options.name} took longer than {options.timeout:g} s."
        raise Failure("timeout", message, retryable=True) from error


async def invoked(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call it, in a thread when it is an ordinary function, with the context that it has here."""
    if inspect.iscoroutinefunction(inspect.unwrap(function)):
        return await function(*args, **kwargs)
    value = await in_thread(function, args, kwargs)
    # What was ordinary to look at: a lambda that calls an async function, an object that is one.
    return await value if inspect.iscoroutine(value) else value
