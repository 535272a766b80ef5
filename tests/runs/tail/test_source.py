"""Questions to Redis, against a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis import Redis

from runs.tail import source as source_module
from runs.tail.batch import Batch
from runs.tail.source import Source
from tests.runs.writer import ROOT, Writer
from workflows.wire import log
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Object, Text

NONE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def source(redis_url: str) -> AsyncIterator[Source]:
    made = Source(redis_url, 5)
    yield made
    await made.aclose()


@pytest.fixture
def run(redis: Redis) -> Writer:
    return Writer(redis).begin().say(*[(ROOT, Text("a", n, "x")) for n in range(5)])


async def test_it_brings_what_is_new_by_run(source: Source, run: Writer) -> None:
    found = await source.wait({run.run: Cursor(1, 4)})
    events = await source.decode(run.run, found[run.run])
    assert [str(event.id) for event in events] == ["1-5", "1-6"]


async def test_a_wake_ends_the_wait_with_nothing(source: Source, run: Writer) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(source.wait({run.run: run.tip}))
        await source.wake()
    assert waiting.result() == {}


async def test_a_wake_before_the_wait_is_not_lost(source: Source, run: Writer) -> None:
    await source.wake()
    assert await source.wait({run.run: run.tip}) == {}


async def test_tips(source: Source, run: Writer) -> None:
    assert await source.tips([run.run, NONE]) == {run.run: run.tip, NONE: None}


async def test_large_values_are_put_in_place(source: Source, run: Writer) -> None:
    run.say((ROOT, Object("big", "y" * 40_000)))
    found = await source.wait({run.run: Cursor(1, 6)})
    assert await source.decode(run.run, found[run.run]) == log.read(
        run.redis, run.run, Cursor(1, 6)
    )


async def test_a_log_is_folded_page_by_page(
    source: Source, run: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await source.fold(run.run)
    monkeypatch.setattr(source_module, "PAGE", 2)
    assert whole is not None
    assert whole.cursor == run.tip
    assert await source.fold(run.run) == whole


async def test_no_log_is_no_state(source: Source) -> None:
    assert await source.fold(NONE) is None
    assert await source.read(NONE, ZERO) is None


async def test_reading_after_a_cursor(source: Source, run: Writer) -> None:
    for after in (ZERO, Cursor(0, 1), Cursor(1, 0), Cursor(1, 3), run.tip):
        expected = log.read(run.redis, run.run, after)
        assert await source.read(run.run, after) == Batch(tuple(expected))


async def test_reading_after_a_cursor_that_is_not_there(source: Source, run: Writer) -> None:
    whole = tuple(log.read(run.redis, run.run))
    for after in (Cursor(1, 99), Cursor(5, 0), Cursor(0, 7)):
        assert await source.read(run.run, after) == Batch(whole, reset=True)
