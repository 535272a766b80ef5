"""Those who read along: streams that are cut, a hundred sockets, and one that does not read."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from tests.chaos import cutting, people, sockets, viewers
from tests.chaos.process import Process
from tests.chaos.stack import Stack, stack
from tests.chaos.verdict import check, notes, seeded
from tests.chaos.waiting import until
from tests.runs.writer import ROOT, Said, Writer
from workflows.wire import keys
from workflows.wire.events import Object, RunCompleted

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
CUTS = 100
KINDS = (cutting.SSE, cutting.NDJSON)
MB = 2**20
DEAF, OWED = 10, 4  # viewers, and the MB that each of them would have had to read
NEWS = 14_000  # bytes of one event


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("readers")
    with stack(folder, webs=2, latency=0.05, tokens_per_second=50) as made:
        made.provider.pace(plain=0)
        yield made


def archived(s: Stack, run: str) -> bool:
    """Its end is in SQL: the last thing that a projector does is to take it out of `due`."""
    with s.redis() as client:
        return client.zscore(keys.due(keys.bucket(run)), run) is None


# -- the stream of events


def test_a_stream_cut_at_a_hundred_ids_loses_and_repeats_nothing(s: Stack) -> None:
    rng = seeded("cuts")
    run = s.begin(notes=notes(), words=800)
    live = read_both(s, run, [cut_soon(random.Random(rng.random())) for _ in KINDS])
    assert s.ended(run)["status"] == "completed"
    assert [client_at_its_end(s, run, live[0].last, kind) for kind in KINDS] == [204, 204]
    until(lambda: archived(s, run), 20)
    with s.redis() as client:
        client.flushall()
    whole = cutting.read(s, run, cutting.NDJSON, iter(()))
    later = read_both(s, run, [cut_anywhere(rng, len(whole.data)) for _ in KINDS])
    for reading in (*live, *later):
        assert len(reading.cuts) == CUTS
        assert reading.data == whole.data
    assert [client_at_its_end(s, run, whole.last, kind) for kind in KINDS] == [204, 204]
    check(s, [run])


def read_both(s: Stack, run: str, cuts: list[Iterator[int]]) -> list[cutting.Reading]:
    """As SSE and as lines of JSON, at the same time."""
    with ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(cutting.read, s, run, kind, given)
            for kind, given in zip(KINDS, cuts, strict=True)
        ]
        return [job.result() for job in jobs]


def cut_soon(rng: random.Random) -> Iterator[int]:
    """Gaps between cuts while nobody knows yet how long the log will be."""
    return (rng.randint(1, 3) for _ in range(CUTS))


def cut_anywhere(rng: random.Random, length: int) -> Iterator[int]:
    """Gaps between cuts at random places of a whole log, before its end."""
    places = sorted(rng.sample(range(1, length), CUTS))
    return iter([b - a for a, b in itertools.pairwise([0, *places])])


def client_at_its_end(s: Stack, run: str, last: str, kind: str) -> int:
    s.client.headers["Accept"] = kind
    try:
        with cutting.opened(s.client, run, kind, last) as answer:
            return answer.status_code
    finally:
        del s.client.headers["Accept"]


# -- sockets


class Count:
    """How many connections a process has with Redis, and how many of them wait in XREAD: the most
    that was ever seen at once."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.connections = self.reads = self.looks = 0

    def look(self, client: Redis) -> None:
        found = sockets.redis_clients(client, self.process)
        reads = [c for c in found if c["cmd"] == "xread" and "b" in c["flags"]]
        self.connections = max(self.connections, len(found))
        self.reads = max(self.reads, len(reads))
        self.looks += 1


async def test_a_hundred_sockets_on_one_run_cost_one_reader(s: Stack) -> None:
    web = s.webs[1]
    port = int(web.env["PORT"])
    sessions = await asyncio.to_thread(people.staff, s, 5)
    crowd = [viewers.Viewer(sessions[n % 5]) for n in range(100)]
    # Pages and health checks talk to Redis too: what they keep open counts.
    httpx2.get(f"http://127.0.0.1:{port}/readyz", trust_env=False)
    run = await asyncio.to_thread(s.begin, notes=notes(), words=800)
    count = Count(web)
    with s.redis() as client:
        async with asyncio.TaskGroup() as group:
            following = group.create_task(viewers.follow_all(crowd, s, port, run))
            while not following.done():
                await asyncio.to_thread(count.look, client)
                await asyncio.wait([following], timeout=0.02)
    print(f"{count.looks} looks: {count.connections} connections, {count.reads} XREAD at once")
    assert count.connections <= 3
    assert count.reads == 1
    end = (await asyncio.to_thread(s.ended, run), (await asyncio.to_thread(s.log, run))[-1])
    assert {(v.code, v.status, v.cursor) for v in crowd} == {
        (1000, end[0]["status"], str(end[1].id))
    }
    assert end[0]["status"] == "completed"
    assert min(v.frames for v in crowd) > 1


class Feed:
    """Large news in a run that nobody works on, each written when the reader had the one before."""

    def __init__(self, client: Redis, run: str, reader: viewers.Viewer) -> None:
        self.writer, self.reader = Writer(client, run).begin(), reader

    async def say(self, *said: Said) -> None:
        await asyncio.to_thread(self.writer.say, *said)
        tip = str(self.writer.tip)
        await until_async(lambda: self.reader.cursor == tip, 20)

    async def write(self, number: int) -> None:
        for n in range(number):
            await self.say((ROOT, Object("news", f"{n % 10} " * (NEWS // 2))))


async def until_async(look: Callable[[], object], seconds: float) -> None:
    """As `until`, with the loop going on."""
    await asyncio.to_thread(until, look, seconds, 0.005)


async def test_viewers_that_do_not_read_are_closed_and_cost_little(s: Stack) -> None:
    session, other = await asyncio.to_thread(people.staff, s, 2)
    reader, run = viewers.Viewer(session), await asyncio.to_thread(people.add_run, s)
    for control in s.controls:
        control.freeze()  # it would give the run to a worker
    try:
        with s.redis() as client:
            each = await cost_of_the_deaf(s, Feed(client, run, reader), other)
    finally:
        for control in s.controls:
            control.thaw()
    print(f"{each:.2f} MB for each that does not read")
    assert each <= 1
    assert (reader.code, reader.status) == (1000, "completed")


async def cost_of_the_deaf(s: Stack, feed: Feed, session: str) -> float:
    """The MB for each while they last; they are closed before the run ends, the reader is not."""
    web, run = s.webs[1], feed.writer.run
    port = int(web.env["PORT"])
    async with asyncio.TaskGroup() as group:
        group.create_task(feed.reader.follow(s, port, run))
        await feed.write(100)
        before = sockets.resident(web)
        sockets.begin_most(web)
        with ExitStack() as opened:
            ports = [opened.enter_context(viewers.deaf(s, port, run, session)) for _ in range(DEAF)]
            theirs = {(port, one) for one in ports}
            await until_async(lambda: theirs <= sockets.pairs(web), 20)
            await feed.write(OWED * MB // NEWS)
            most = sockets.most_resident(web)
            await until_async(lambda: not theirs & sockets.pairs(web), 45)
        await feed.say(RunCompleted({"sections": []}))
    return (most - before) / DEAF / MB
