"""Many calls at once, with the manners of a TaskGroup: the first failure stops the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Iterator
from typing import TypeVar

from workflows.engine.errors import Halt, contained

T = TypeVar("T")


async def gather(calls: Iterable[Awaitable[T]], *, limit: int | None = None) -> list[T]:
    """The results, in the order of the calls. The first failure is raised as it is.

    With a limit a generator is asked for its next call only when there is room for it.

    >>> @component
    ... async def double(n: int) -> int:
    ...     return 2 * n
    >>> async def all_of_them() -> list[int]:
    ...     return await gather((double(n) for n in range(5)), limit=2)
    >>> asyncio.run(all_of_them())
    [0, 2, 4, 6, 8]
    """
    if limit is not None and limit < 1:
        raise ValueError("limit must be at least 1")
    numbered = enumerate(calls)
    results: dict[int, T] = {}
    try:
        async with asyncio.TaskGroup() as group:
            if limit is None:
                for number, call in numbered:
                    group.create_task(_one(number, call, results))
            else:
                for _ in range(limit):
                    group.create_task(_several(numbered, results))
    except BaseExceptionGroup as errors:
        raise _foremost(errors) from None
    finally:
        _close(calls)
    return [results[number] for number in sorted(results)]


async def _one(number: int, call: Awaitable[T], results: dict[int, T]) -> None:
    with contained():
        results[number] = await call


async def _several(calls: Iterator[tuple[int, Awaitable[T]]], results: dict[int, T]) -> None:
    for number, call in calls:
        await _one(number, call, results)


def _foremost(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure; but that the run is not ours any more comes before all."""
    halts = (error for error in errors.exceptions if isinstance(error, Halt))
    return next(halts, errors.exceptions[0])


def _close(calls: Iterable[Awaitable[T]]) -> None:
    """Coroutines that were made and never begun would complain."""
    if isinstance(calls, list | tuple):
        for call in calls:
            if asyncio.iscoroutine(call):
                call.close()
