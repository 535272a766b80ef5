"""A component that is an async generator: its items come live, `async for item in write(x)`.

What it gave is kept when it has ended by itself; then another attempt gives the kept items. One
that was left in the middle, by an error, a crash or its caller, runs again from its beginning. It
is tried once: what was handed out cannot be taken back. Its time-out counts the time in which its
own code is at work, not its caller's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any, Generic, ParamSpec, Self, TypeVar

from workflows.engine.boundary import calling, child, replayed
from workflows.engine.context import current, entered
from workflows.engine.errors import Failure, Halt, contained
from workflows.engine.frame import Frame
from workflows.engine.identity import Place, arguments
from workflows.engine.options import Options

P = ParamSpec("P")
R = TypeVar("R")
_END: Any = object()


@dataclass(frozen=True)
class Streaming(Generic[P, R]):
    """Call it and iterate: `async for item in f(x)`. `f.function` is what was decorated.

    >>> @component
    ... async def words(said: str):
    ...     for word in said.split():
    ...         yield word
    >>> async def read() -> list[str]:
    ...     return [word async for word in words("a heat pump")]
    >>> asyncio.run(read())
    ['a', 'heat', 'pump']
    """

    function: Callable[P, AsyncIterator[R]]
    options: Options

    def __post_init__(self) -> None:
        if self.options.tried_again or self.options.cache or self.options.limit:
            why = "has no retry, fallback, cache or limit: it gives its items as they come"
            raise ValueError(f"{self.options.name} is an async generator and {why}")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[R, None]:
        scope = current()
        if not isinstance(scope, Frame):
            return _timed(self.function(*args, **kwargs), Clock(self.options), None)
        bound = arguments(self.function, args, kwargs)
        place = child(scope, self.options, bound, self.options.key_for(args, kwargs))
        return _items(scope, place, bound, self.options, lambda: self.function(*args, **kwargs))

    def timeout(self, seconds: float) -> Self:
        """Of its own work in all."""
        return self._with(timeout=seconds)

    def key(self, key: object) -> Self:
        """Tells this call from others with the same arguments, in every attempt."""
        return self._with(key=str(key))

    def named(self, name: str) -> Self:
        return self._with(name=name)

    def label(self, label: str) -> Self:
        """What people read instead of its name."""
        return self._with(label=label)

    def _with(self, **changes: Any) -> Self:
        return replace(self, options=replace(self.options, **changes))


class Clock:
    """How long its own code may still work."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.left = options.timeout

    async def next(self, source: AsyncIterator[R]) -> R:
        """The next item, or _END. Raises Failure when the time is over."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.left) as limit:
                return await anext(source, _END)
        except TimeoutError as error:
            if not limit.expired():
                raise
            message = f"{self.options.name} took longer than {self.options.timeout:g} s."
            raise Failure("timeout", message, retryable=True) from error
        finally:
            if self.left is not None:
                self.left = max(0.0, self.left - (time.monotonic() - began))


async def _items(
    parent: Frame,
    place: Place,
    bound: dict[str, Any],
    options: Options,
    begin: Callable[[], AsyncIterator[R]],
) -> AsyncGenerator[R, None]:
    attempt = parent.attempt
    attempt.claim()
    if (found := replayed(parent, place)) is not None:
        for item in found.value:
            yield item
        return
    with calling(parent, place):
        await attempt.may_begin()
    frame = Frame(attempt, place, options, parent)
    frame.start(bound)
    parent.streams.add(frame)
    given: list[R] = []
    try:
        async with aclosing(_timed(begin(), Clock(options), frame)) as items:
            async for item in items:
                given.append(item)
                yield item
        with calling(parent, place):
            frame.complete(given)
            await attempt.journal.flush()
        attempt.proved()
    except Exception as error:
        frame.fail(error)
        raise
    except (asyncio.CancelledError, GeneratorExit):
        if frame in parent.streams:
            with suppress(Halt):
                frame.stop()
        raise
    finally:
        parent.streams.discard(frame)
        attempt.budget.leave(frame)


async def _timed(
    source: AsyncIterator[R], clock: Clock, frame: Frame | None
) -> AsyncGenerator[R, None]:
    """The items of `source`, each made inside its span: its code and its caller's take turns."""
    try:
        while True:
            with nullcontext() if frame is None else _turn(frame):
                item = await clock.next(source)
            if item is _END:
                return
            yield item
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()


@contextmanager
def _turn(frame: Frame) -> Iterator[None]:
    """Its own code is at work, and nobody else's above it."""
    frames, parent = frame.attempt.frames, frame.parent
    frames.add(frame)
    try:
        waiting = nullcontext() if parent is None else calling(parent, frame.place)
        with waiting, entered(frame), contained():
            yield
    finally:
        frames.discard(frame)
