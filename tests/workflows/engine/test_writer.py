"""Batches on their way to a real server, over a network that misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.exceptions import (
    BusyLoadingError,
    ConnectionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)  # fmt: skip

from tests.fakes.proxy import Proxy, proxied
from tests.workflows.engine.house import House, until
from workflows.engine import workflow
from workflows.engine.errors import LeaseLost
from workflows.engine.journal import Journal
from workflows.engine.writer import PIPELINE_BYTES, Refused, Writer, is_final
from workflows.wire import keys, log
from workflows.wire.clients import connect_writer
from workflows.wire.codec import encode
from workflows.wire.cursor import Cursor
from workflows.wire.events import Body, Log, RunCancelled, RunStarted, SpanCompleted, Text
from workflows.wire.script import Answer, run_script


@workflow("w")
async def w() -> None: ...


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[Writer]:
    client = connect_writer(url)
    writer = Writer(client)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(writer.run())
        try:
            yield writer
        finally:
            task.cancel()
    await client.aclose()


def opened(
    house: House, attempt: int = 1, run: str | None = None, body: Body | None = None
) -> tuple[str, Cursor]:
    """A run whose attempt has been opened."""
    run = run or house.queue(w)
    call = log.open_call(
        run,
        [encode(body or RunStarted("x", 1), at=1)],
        attempt=attempt,
        nonce="n",
        redis_run_id=log.redis_run_id(house.redis),
        lease_ms=5000,
    )
    assert run_script(house.redis, call).ok
    return run, Cursor(attempt, 0)


def say(journal: Journal, *messages: str) -> None:
    for message in messages:
        journal.put(Log("info", message), span=None, at=1)


def messages(house: House, run: str) -> list[str]:
    return [e.body.message for e in house.events(run) if isinstance(e.body, Log)]


def port(house: House) -> int:
    return int(house.redis.connection_pool.connection_kwargs["port"])


async def test_events_arrive_in_order_with_gap_free_ids(house: House) -> None:
    async with writing(house.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        for n in range(1000):
            say(journal, str(n))
            if n % 100 == 0:
                await journal.flush()
        await journal.flush()
    assert messages(house, run) == [str(n) for n in range(1000)]
    assert [e.id for e in house.events(run)][1:] == [Cursor(1, n) for n in range(1001)]


@pytest.mark.parametrize("lost", [1, 3])
async def test_a_lost_reply_writes_nothing_twice(house: House, lost: int) -> None:
    async with proxied(port(house)) as proxy, writing(proxy.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        say(journal, "one")
        await journal.flush()
        proxy.lose_reply(lost, after=b"EVAL")
        say(journal, "two", "three")
        await journal.flush()
        say(journal, "four")
        await journal.flush()
    assert messages(house, run) == ["one", "two", "three", "four"]
    assert proxy.connections == 1 + lost


async def test_a_lost_reply_of_many_runs_hurts_none(house: House) -> None:
    async with proxied(port(house)) as proxy, writing(proxy.url) as writer:
        runs = [opened(house) for _ in range(20)]
        journals = [writer.journal(run, tip) for run, tip in runs]
        for round in range(10):
            proxy.lose_reply(round % 2, after=b"EVAL")
            for journal in journals:
                say(journal, str(round))
            await asyncio.gather(*(journal.flush() for journal in journals))
    for run, _ in runs:
        assert messages(house, run) == [str(n) for n in range(10)]


async def test_a_silent_network_is_waited_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.engine.writer.ANSWER_S", 0.05)
    async with proxied(port(house)) as proxy, writing(proxy.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        proxy.freeze()
        say(journal, "one")
        flush = asyncio.ensure_future(journal.flush())
        await until(lambda: proxy.connections >= 2)
        assert not flush.done()
        proxy.thaw()
        proxy.cut()
        await flush
    assert messages(house, run) == ["one"]


async def test_a_server_that_forgot_the_script_is_told_again(house: House) -> None:
    async with writing(house.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        for n in range(3):
            house.redis.script_flush()
            say(journal, str(n))
            await journal.flush()
    assert messages(house, run) == ["0", "1", "2"]


async def test_full_memory_is_waited_out(house: House) -> None:
    async with writing(house.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        house.redis.config_set("maxmemory", 1)
        try:
            say(journal, "one")
            flush = asyncio.ensure_future(journal.flush())
            await asyncio.sleep(0.1)
            assert not flush.done()
        finally:
            house.redis.config_set("maxmemory", 0)
        await flush
    assert messages(house, run) == ["one"]


@pytest.mark.parametrize("answer", ["lost", "gone", "ended"])
async def test_a_refusal_closes_the_journal(house: House, answer: str) -> None:
    async with writing(house.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        closed: list[BaseException] = []
        journal.on_close = closed.append
        if answer == "lost":
            opened(house, 2, run)
        elif answer == "gone":
            house.redis.delete(keys.log(run))
        else:
            opened(house, 2, run, RunCancelled())
        before = house.events(run)
        say(journal, "from a zombie")
        with pytest.raises(Refused) as caught:
            await journal.flush()
        assert caught.value.answer is Answer(answer)
        assert house.events(run) == before
        assert len(closed) == 1


async def test_a_fence_with_nothing_to_say_asks_all_the_same(house: House) -> None:
    async with writing(house.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        first = await journal.flush()
        assert await journal.flush() > first
        assert len(house.events(run)) == 2
        opened(house, 2, run)
        with pytest.raises(LeaseLost):
            await journal.flush()


async def test_a_key_of_the_wrong_type_ends_it(house: House) -> None:
    async with writing(house.url) as writer:
        run, tip = opened(house)
        house.redis.delete(keys.log(run))
        house.redis.set(keys.log(run), "not a stream")
        journal, (other, other_tip) = writer.journal(run, tip), opened(house)
        healthy = writer.journal(other, other_tip)
        say(journal, "one")
        say(healthy, "two")
        with pytest.raises(LeaseLost, match="cannot be written"):
            await journal.flush()
        await healthy.flush()
    assert messages(house, other) == ["two"]


async def test_the_first_word_goes_at_once_and_the_next_are_joined(house: House) -> None:
    async with writing(house.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        at = 0
        for word in ["He", "llo", ", ", "you"]:
            journal.put(Text("x", at, word), span="a", at=1)
            at += len(word)
            await asyncio.sleep(0.001)
        await until(lambda: len(house.events(run)) == 4)
    said = [e.body.delta for e in house.events(run) if isinstance(e.body, Text)]
    assert said[0] == "He"
    assert said[1:] == ["llo, you"]


async def test_a_batch_of_large_values_is_split(house: House) -> None:
    async with writing(house.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        for n in range(5):
            journal.put(SpanCompleted(output=str(n) * 200_000), span="a", at=1)
        await journal.flush()
    outputs = [e.body.output for e in house.events(run) if isinstance(e.body, SpanCompleted)]
    assert outputs == [str(n) * 200_000 for n in range(5)]


async def test_large_batches_of_many_runs_go_one_after_the_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes longer to send than one waits for an answer would be sent again for ever."""
    sizes: list[int] = []
    send = Writer._send

    async def noted(writer: Writer, commands: list[tuple[Any, ...]]) -> list[Any]:
        sizes.append(sum(len(str(part)) for command in commands for part in command))
        return await send(writer, commands)

    monkeypatch.setattr(Writer, "_send", noted)
    async with writing(house.url) as writer:
        runs = [opened(house) for _ in range(12)]
        journals = [writer.journal(run, tip) for run, tip in runs]
        for journal in journals:
            journal.put(SpanCompleted(output="x" * 1_000_000), span="a", at=1)
        await asyncio.gather(*(journal.flush() for journal in journals))
    assert len(sizes) >= 3
    assert max(sizes) < PIPELINE_BYTES + 1_100_000
    assert all(len(house.events(run)) == 3 for run, _ in runs)


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (ResponseError("WRONGTYPE Operation against a key"), True),
        (ResponseError("user_script:1: attempt to index a nil value"), True),
        (ResponseError("MISCONF Errors writing to the AOF file"), False),
        (ResponseError("BUSY Redis is busy running a script"), False),
        (NoScriptError("No matching script"), False),
        (OutOfMemoryError("command not allowed"), False),
        (ReadOnlyError("You can't write against a read only replica"), False),
        (BusyLoadingError("Redis is loading the dataset in memory"), False),
        (ConnectionError("reset"), False),
        (OSError("unreachable"), False),
    ],
)
def test_only_some_errors_would_come_again(error: Exception, final: bool) -> None:
    assert is_final(error) is final


def test_the_proxy_speaks_redis() -> None:
    assert Proxy("127.0.0.1", 1).url.startswith("redis://")
