"""One web process and very many programs: those that read along, and those that start runs.

READERS=300 reads so many streams of events, six to a run; STARTS=10000 posts so many. Whatever was
accepted has its log in the end: what `start` could not announce in time the monitor does.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

import pytest

from runs.tail.watch import EVENTS_KEPT
from tests.bench.figure import p50, p95
from tests.chaos import listeners, people, sockets
from tests.chaos.listeners import Listener
from tests.chaos.process import ROOT as HERE
from tests.chaos.stack import Stack, stack
from tests.chaos.waiting import until
from tests.patience import bar, patience
from tests.runs.writer import ROOT, Said, Writer
from workflows.wire import keys
from workflows.wire.events import Object, RunCompleted

pytestmark = [pytest.mark.chaos, pytest.mark.alone, pytest.mark.timeout(1200)]
READERS = int(os.environ.get("READERS") or 12)
ALIKE = 6  # readers of one run
TICKS = 200 if READERS >= 100 else 20
DEAF = 10
NEWS, OWED, TOGETHER = 14_000, 60, 16  # bytes of a large event, how many, so many at once
STARTS = int(os.environ.get("STARTS") or 60)
QUOTA = STARTS * 3 // 4
AT_ONCE = 16
EMPTY = 200  # looks at an empty view between so many starts
MB = 2**20
# What few requests take depends on what else the machine does.
JUDGED = STARTS >= 1000
QUOTAS: dict[str, Any] = {
    "GX_USER_CONCURRENT_RUNS": str(QUOTA),
    "GX_USER_DAILY_USD": "900000",
    "GX_USER_DAILY_TOKENS": "900000000000",
}


@dataclass(frozen=True)
class Answer:
    status: int
    run: str
    ms: float


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("burst")
    with stack(folder, workers=0, DEBUG="0", SECRET_KEY="for-tests-" * 6, **QUOTAS) as made:
        yield made


# -- those that read


async def test_events_come_soon_to_all_who_read(s: Stack) -> None:
    runs = await asyncio.to_thread(people.add_runs, s, READERS // ALIKE)
    with s.redis() as client, undisturbed(s), ExitStack() as opened:
        # Other tests' starts have left some.
        before = most = len(await asyncio.to_thread(sockets.redis_clients, client, s.webs[0]))
        talk = opened.enter_context(talking(s, runs))
        for run in runs[:DEAF]:
            opened.enter_context(listeners.deaf(s, run))
        crowd = {run: [await listeners.listen(s, run) for _ in range(ALIKE)] for run in runs}
        everybody = [one for group in crowd.values() for one in group]
        await asyncio.to_thread(until, lambda: all(one.ids for one in everybody), 60)
        talk("\n")
        ended = asyncio.gather(*(one.ended for one in everybody))
        while not ended.done():
            found = await asyncio.to_thread(sockets.redis_clients, client, s.webs[0])
            most = max(most, len(found))
            await asyncio.wait([ended], timeout=0.5)
        logs = {run: [str(event.id) for event in s.log(run)] for run in runs}
    wrong = [run for run, group in crowd.items() for one in group if one.ids != logs[run]]
    ages = [ms for one in everybody for ms in one.ages_ms]
    print(f"{len(everybody)} readers of {len(runs)} runs, {len(ages)} events: emit to read p50"
          f" {p50(ages):.0f}, p95 {p95(ages):.0f} ms; {most - before} connections")  # fmt: skip
    assert wrong == []
    assert len(ages) == len(everybody) * TICKS
    assert most - before <= 10
    assert p95(ages) <= 250


@contextmanager
def talking(s: Stack, runs: list[str]) -> Iterator[Callable[[str], int]]:
    words = [sys.executable, "-m", "tests.chaos.talking", s.server.url, str(TICKS), *runs]
    with subprocess.Popen(
        words, cwd=HERE, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process.stdin.write


@contextmanager
def undisturbed(s: Stack) -> Iterator[None]:
    """A control would wonder about runs that no worker has."""
    for control in s.controls:
        control.freeze()
    yield
    for control in s.controls:
        control.thaw()


async def test_who_does_not_read_costs_little_and_delays_nobody(s: Stack) -> None:
    run = (await asyncio.to_thread(people.add_runs, s, 1))[0]
    web = s.webs[0]
    with s.redis() as client, undisturbed(s), ExitStack() as opened:
        feed = Feed(Writer(client, run).begin(), await listeners.listen(s, run))
        # What the process needs once for so many, whoever they are, and what it keeps of the run.
        others = [await listeners.listen(s, run) for _ in range(DEAF)]
        for _ in range(EVENTS_KEPT // TOGETHER):
            await feed.say(*[feed.news(0)] * TOGETHER)
        for one in others:
            one.transport.close()
        before = sockets.resident(web)
        for _ in range(DEAF):
            opened.enter_context(listeners.deaf(s, run))
        await feed.write(OWED)
        each = (sockets.resident(web) - before) / DEAF / MB
        await feed.say(RunCompleted({"sections": []}))
        await asyncio.wait_for(feed.reader.ended, patience(20))
    print(f"{each:.2f} MB for each that does not read; the others waited {max(feed.took):.0f} ms")
    assert each <= 1
    assert feed.reader.ids == [str(event.id) for event in s.log(run)]
    assert p95(feed.took) <= bar(250, promised=READERS >= 100)


class Feed:
    """Large news, each written when the one who reads had the one before."""

    def __init__(self, writer: Writer, reader: Listener) -> None:
        self.writer, self.reader = writer, reader
        self.took: list[float] = []  # ms

    async def write(self, number: int) -> None:
        for n in range(number):
            begun = time.monotonic()
            await self.say(self.news(n))
            self.took.append((time.monotonic() - begun) * 1000)

    def news(self, number: int) -> Said:
        return ROOT, Object("news", f"{number % 10} " * (NEWS // 2))

    async def say(self, *said: Said) -> None:
        await asyncio.to_thread(self.writer.say, *said)
        tip = str(self.writer.tip)
        await asyncio.to_thread(until, lambda: tip in self.reader.ids[-1:], 20, 0.002)


# -- those that start runs


def test_each_start_is_a_run_or_a_429(s: Stack) -> None:
    others = set(rows(s))
    with Callers(s) as callers:
        callers.all("GET", "/healthz", EMPTY)
        sockets.begin_most(s.webs[0])
        before = sockets.resident(s.webs[0])
        empty = callers.all("GET", "/healthz", EMPTY)
        posts = callers.all("POST", "/api/workflows/blog/runs", STARTS)
        empty += callers.all("GET", "/healthz", EMPTY)
    grown = (sockets.most_resident(s.webs[0]) - before) / MB
    accepted = [one for one in posts if one.status == 202]
    codes = Counter(one.status for one in posts)
    missing = without_log(s, accepted)
    print(f"{STARTS} starts: {dict(codes)}, {len(missing)} announced later; p50 and p95"
          f" {told(accepted)} ms, of an empty view {told(empty)} ms; {grown:+.1f} MB")  # fmt: skip
    assert codes == {202: QUOTA, 429: STARTS - QUOTA}
    assert sorted(set(rows(s)) - others) == sorted(one.run for one in accepted)
    until(lambda: not without_log(s, accepted), 60, what="a log for each that was accepted")
    assert grown <= 30
    if JUDGED:
        assert p95([one.ms for one in accepted]) <= 4 * p95([one.ms for one in empty])


class Callers:
    """So many at once, each with a connection that it keeps."""

    def __init__(self, s: Stack) -> None:
        self.headers = {"Authorization": f"Bearer {s.token}", "Content-Type": "application/json"}
        self.pool = ThreadPoolExecutor(AT_ONCE)
        self.free: SimpleQueue[http.client.HTTPConnection] = SimpleQueue()
        self.lines = [
            http.client.HTTPConnection("127.0.0.1", s.port, timeout=120) for _ in range(AT_ONCE)
        ]
        for line in self.lines:
            self.free.put(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()
        for line in self.lines:
            line.close()

    def all(self, method: str, path: str, number: int) -> list[Answer]:
        return list(self.pool.map(lambda _: self.call(method, path), range(number)))

    def call(self, method: str, path: str) -> Answer:
        body = json.dumps({"topic": "A licence"}) if method == "POST" else None
        line = self.free.get()
        begun = time.perf_counter()
        line.request(method, path, body=body, headers=self.headers)
        answer = line.getresponse()
        said = answer.read()
        ms = (time.perf_counter() - begun) * 1000
        self.free.put(line)
        return Answer(answer.status, json.loads(said)["id"] if answer.status == 202 else "", ms)


def told(answers: list[Answer]) -> str:
    took = [one.ms for one in answers]
    return f"{p50(took):.0f} and {p95(took):.0f}"


def without_log(s: Stack, accepted: list[Answer]) -> list[str]:
    with s.redis() as client:
        pipe = client.pipeline(transaction=False)
        for one in accepted:
            pipe.exists(keys.log(one.run))
        there = pipe.execute()
    return [one.run for one, found in zip(accepted, there, strict=True) if not found]


def rows(s: Stack) -> list[str]:
    with closing(sqlite3.connect(s.folder / "db.sqlite3")) as database:
        found = [str(id) for (id,) in database.execute("SELECT id FROM runs_run")]
    return sorted(f"{it[:8]}-{it[8:12]}-{it[12:16]}-{it[16:20]}-{it[20:]}" for it in found)
