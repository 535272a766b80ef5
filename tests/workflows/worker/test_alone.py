"""How many suspects a worker has at once, and which it begins, with a nursery that remembers."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field
from typing import Any, cast

from workflows.wire.orders import Order
from workflows.worker import alone
from workflows.worker.alone import Alone


def order(n: int, attempt: int = 2) -> Order:
    return Order(f"run {n}", "naps", 1, attempt, "server")


@dataclass
class Remembers:
    """A nursery whose children end when the test says so."""

    ends: dict[Order, asyncio.Future[int | None]] = field(default_factory=dict)
    signals: list[tuple[Order, signal.Signals]] = field(default_factory=list)

    async def carry_out(self, order: Order) -> int | None:
        self.ends[order] = asyncio.get_running_loop().create_future()
        return await self.ends[order]

    def send_signal(self, order: Order, which: signal.Signals) -> None:
        self.signals.append((order, which))


def made(at_once: int = 2) -> tuple[Alone, Remembers]:
    nursery = Remembers()
    return Alone(cast("Any", nursery), at_once), nursery


async def begun(*doing: Any) -> list[asyncio.Task[bool]]:
    tasks = [asyncio.ensure_future(one) for one in doing]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_so_many_at_once_as_many_wait_and_the_rest_is_forgotten() -> None:
    suspects, nursery = made(at_once=2)
    tasks = await begun(*(suspects.dies_of(order(n)) for n in range(5)))
    assert [task.done() for task in tasks] == [False] * 4 + [True]
    assert list(nursery.ends) == [order(0), order(1)]
    nursery.ends[order(0)].set_result(0)
    await begun()
    assert list(nursery.ends) == [order(0), order(1), order(2)]
    assert (tasks[0].result(), tasks[4].result(), len(suspects)) == (False, False, 3)
    for task in tasks:
        task.cancel()


async def test_an_order_that_comes_twice_is_carried_out_once() -> None:
    suspects, nursery = made()
    first, second = await begun(suspects.dies_of(order(1)), suspects.dies_of(order(1)))
    assert second.result() is False
    nursery.ends[order(1)].set_result(-11)
    assert await first


async def test_what_nobody_saw_is_no_death() -> None:
    suspects, nursery = made()
    [task] = await begun(suspects.dies_of(order(1)))
    nursery.ends[order(1)].set_result(None)
    assert not await task


async def test_while_draining_those_that_wait_are_not_begun() -> None:
    suspects, nursery = made(at_once=1)
    first, second = await begun(suspects.dies_of(order(1)), suspects.dies_of(order(2)))
    suspects.drain()
    assert (order(1), signal.SIGTERM) in nursery.signals
    nursery.ends[order(1)].set_result(0)
    assert [await first, await second] == [False, False]
    assert list(nursery.ends) == [order(1)]


async def test_one_that_lost_its_run_is_killed_if_it_does_not_notice(monkeypatch: Any) -> None:
    monkeypatch.setattr(alone, "LOST_S", 0)
    suspects, nursery = made()
    [task] = await begun(suspects.dies_of(order(1, attempt=4)))
    suspects.lose("run 1", 3)
    suspects.lose("run 2", 9)
    await asyncio.sleep(0.01)
    assert nursery.signals == []
    suspects.lose("run 1", 4)
    await asyncio.sleep(0.01)
    assert nursery.signals == [(order(1, attempt=4), signal.SIGKILL)]
    task.cancel()
