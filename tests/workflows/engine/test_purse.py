"""What calls cost reaches Redis, whatever the network does on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.proxy import proxied
from tests.patience import patience
from tests.workflows.engine.house import House, until
from tests.workflows.engine.test_writer import opened, port, writing
from workflows.engine.errors import Failure
from workflows.wire import keys
from workflows.wire.events import RunCancelled
from workflows.wire.spend import Try, decode

RUN = "2f000000-0000-4000-8000-000000000000"
BEGUN = Try("c1", RUN, "7", "blog[0]", 1, "blog", "openai", "gpt", 1000)
ENDED = replace(BEGUN, ended_at=2000, prompt_tokens=3, completion_tokens=4, status="ok")


def spent(house: House) -> list[Try]:
    entries: Any = house.redis.xrange(keys.spend(15))
    return [decode(entry) for _, entry in entries]


async def test_records_are_written_in_their_order(house: House) -> None:
    async with writing(house.url) as writer:
        await writer.purse.put(BEGUN)
        writer.purse.put(ENDED)
        await writer.purse.emptied()
    assert spent(house) == [BEGUN, ENDED]


async def test_a_lost_reply_loses_no_record(house: House) -> None:
    async with proxied(port(house)) as proxy, writing(proxy.url) as writer:
        await writer.purse.put(BEGUN)
        proxy.lose_reply(2, after=b"XADD")
        await writer.purse.put(ENDED)
    # Twice is no harm: it has the same id.
    assert set(spent(house)) == {BEGUN, ENDED}


async def test_a_run_that_was_lost_still_pays(house: House) -> None:
    async with writing(house.url) as writer:
        run, tip = opened(house)
        journal = writer.journal(run, tip)
        opened(house, attempt=2, run=run, body=RunCancelled())
        with pytest.raises(BaseException, match=r"lost|ended"):
            await journal.flush()
        await writer.purse.put(ENDED)
    assert spent(house) == [ENDED]


async def test_whoever_stops_waiting_leaves_the_record(house: House) -> None:
    async with proxied(port(house)) as proxy, writing(proxy.url) as writer:
        await writer.purse.put(BEGUN)
        proxy.freeze()
        writer.purse.put(ENDED).cancel()
        await until(lambda: writer.purse.waiting)
        proxy.thaw()
        await writer.purse.emptied()
        await until(lambda: not writer.purse.waiting)
    assert spent(house) == [BEGUN, ENDED]


async def test_a_key_of_another_kind_is_said_and_holds_up_nobody(house: House) -> None:
    house.redis.set(keys.spend(15), "no stream")
    async with writing(house.url) as writer:
        with pytest.raises(Failure, match="cannot be written"):
            await writer.purse.put(BEGUN)
        run, tip = opened(house)
        async with asyncio.timeout(patience(5)):
            await writer.journal(run, tip).flush()
