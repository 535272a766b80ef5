"""Many calls at once."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from workflows.engine import Failure, LeaseLost, gather


async def value(n: int) -> int:
    await asyncio.sleep(0)
    return n


async def test_results_are_in_the_order_of_the_calls() -> None:
    async def slow(n: int) -> int:
        await asyncio.sleep((5 - n) / 1000)
        return n

    assert await gather(slow(n) for n in range(5)) == [0, 1, 2, 3, 4]
    assert await gather([]) == []


async def test_no_more_than_the_limit_are_under_way() -> None:
    now, most = 0, 0

    async def counted(n: int) -> int:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        return n

    assert await gather((counted(n) for n in range(20)), limit=3) == list(range(20))
    assert most == 3


async def test_a_generator_is_asked_only_when_there_is_room() -> None:
    made: list[int] = []

    def calls() -> Iterator[Coroutine[Any, Any, int]]:
        for n in range(100):
            made.append(n)
            yield fails() if n == 2 else value(n)

    async def fails() -> int:
        raise Failure("timeout", "Slow.")

    with pytest.raises(Failure):
        await gather(calls(), limit=2)
    assert len(made) < 10


async def test_the_first_failure_is_raised_as_it_is_and_stops_the_others() -> None:
    stopped = asyncio.Event()

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise Failure("not_html", "No page.")

    with pytest.raises(Failure) as caught:
        await gather([waits(), fails(), waits()])
    assert caught.value.type == "not_html"
    assert stopped.is_set()


async def test_calls_that_never_began_are_closed() -> None:
    async def fails() -> int:
        raise Failure("not_html", "No page.")

    never = value(1)
    with pytest.raises(Failure):
        await gather([fails(), never, value(2)], limit=1)
    with pytest.raises(RuntimeError, match="cannot reuse"):
        await never


async def test_a_lost_lease_comes_before_other_failures() -> None:
    async def fails() -> None:
        raise Failure("not_html", "No page.")

    async def lost() -> None:
        raise LeaseLost("lost")

    with pytest.raises(LeaseLost):
        await gather([fails(), lost()])


async def test_a_limit_is_at_least_one() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        await gather([], limit=0)
