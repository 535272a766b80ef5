"""Runs that wait for an answer: what a worker still holds of them, which should be nothing."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from pathlib import Path

from tests import valkey
from tests.bench.figure import Figure
from tests.chaos.parking import waits
from tests.workflows.engine.house import House
from workflows.engine.execute import Executor

AT_ONCE = 100
PROC = Path("/proc/self")


def main(n: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        valkey.running(Path(folder), fsync="everysec") as server,
    ):
        asyncio.run(measure(House(server.url), n))


async def measure(house: House, n: int) -> None:
    async with house.executor(waits) as executor:
        await park(house, executor, max(1, n // 10))  # what is made once is made now
        before, rss = held(executor), rss_mb()
        await park(house, executor, n)
        names = ("runs held", "tasks", "threads", "files and connections")
        for name, had, has in zip(names, before, held(executor), strict=True):
            Figure(f"{n} parked runs: {name}", has, name.split()[0], had, n).show()
        Figure(f"{n} parked runs: RSS of the worker", rss_mb(), "MB", rss, n).show()
        memory = house.redis.info("memory")["used_memory"] / 1e6
        Figure(f"{n} parked runs: memory of Redis", memory, "MB", n=n).show()


async def park(house: House, executor: Executor, n: int) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with places:
            run = house.queue(waits, {"topic": str(number)})
            await executor.execute(house.order(run, waits))

    await asyncio.gather(*(one(number) for number in range(n)))


def held(executor: Executor) -> tuple[int, int, int, int]:
    files = len(list((PROC / "fd").iterdir()))
    return len(executor.held), len(asyncio.all_tasks()), threading.active_count(), files


def rss_mb() -> float:
    pages = int((PROC / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
