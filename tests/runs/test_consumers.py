"""Who gets a socket, what comes through it, and how it ends: seen by a real client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from redis import Redis

from runs import consumers, render, tail
from runs.models import Run
from tests.runs.render.dom import Page
from tests.runs.serving import Person, Site, closed, person, serving
from tests.runs.writer import ROOT, Writer, done
from workflows.wire.cursor import Cursor
from workflows.wire.events import RunCompleted, Text
from workflows.wire.state import EMPTY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def site(settings: Any, redis_url: str) -> AsyncIterator[Site]:
    settings.GX = replace(settings.GX, redis_url=redis_url)
    async with serving() as made:
        yield made
    await tail.here().aclose()


@pytest.fixture
async def owner(site: Site) -> Person:
    return await person("owner@example.org")


@sync_to_async
def begin(redis: Redis, owner: Person) -> Writer:
    return Writer(redis, str(owner.owns(attempt=1).id)).begin()


async def test_nobody_is_accepted_and_then_told_4401(site: Site) -> None:
    async with site.socket(uuid4()) as ws:
        assert await closed(ws) == 4401


async def test_an_unknown_and_a_foreign_run_are_4404_alike(
    site: Site, owner: Person, redis: Redis
) -> None:
    run = await begin(redis, owner)
    stranger = await person("stranger@example.org")
    async with site.socket(uuid4(), stranger) as ws, site.socket(run.run, stranger) as foreign:
        assert (await closed(ws), await closed(foreign)) == (4404, 4404)


async def test_an_address_of_nothing_is_4404(site: Site, owner: Person) -> None:
    async with site.socket("nothing", owner) as ws:
        assert await closed(ws) == 4404


async def test_the_twenty_first_socket_is_4429(site: Site, owner: Person, redis: Redis) -> None:
    run = await begin(redis, owner)
    async with AsyncExitStack() as stack:
        for _ in range(20):
            ws = await stack.enter_async_context(site.socket(run.run, owner))
            await ws.recv()
        async with site.socket(run.run, owner) as one_more:
            assert await closed(one_more) == 4429
    async with site.socket(run.run, owner) as later:
        assert "run-mark" in str(await later.recv())


async def test_the_page_follows_to_the_end_and_is_closed_with_1000(
    site: Site, owner: Person, redis: Redis
) -> None:
    run = await begin(redis, owner)
    page = Page('<div id="run-mark"></div>' + "".join(render.page(EMPTY).values()))
    async with site.socket(run.run, owner) as ws:
        page.put_in(str(await ws.recv()))
        run.say((ROOT, Text("section-1", 0, "<b>Bold\r\n & exact")))
        page.put_in(str(await ws.recv()))
        assert page.root.find("data-section", "1").text == "<b>Bold\n& exact\n"
        run.say(done(ROOT), RunCompleted())
        page.put_in(str(await ws.recv()))
        assert await closed(ws) == 1000
    assert page.root.find("id", "run-mark").attributes["data-status"] == "completed"


async def test_a_client_goes_on_at_its_cursor(site: Site, owner: Person, redis: Redis) -> None:
    run = (await begin(redis, owner)).say((ROOT, Text("a", 0, "seen")))
    async with site.socket(run.run, owner) as before:
        await before.recv()
        async with site.socket(run.run, owner, after=run.tip) as ws:
            first = str(await ws.recv())
            run.say((ROOT, Text("a", 4, " new")))
            second = str(await ws.recv())
    assert "seen" not in first + second
    assert f'data-from="{Cursor(1, 2)}" data-cursor="{Cursor(1, 3)}"' in second
    assert " new" in second


@pytest.mark.parametrize("after", ["", "nonsense", "9-9", "0-0"])
async def test_no_or_an_unknown_cursor_gets_the_snapshot(
    site: Site, owner: Person, redis: Redis, after: str
) -> None:
    run = (await begin(redis, owner)).say((ROOT, Text("a", 0, "all of it")))
    async with site.socket(run.run, owner, after=after) as ws:
        frame = str(await ws.recv())
    assert 'data-from=""' in frame
    assert "all of it" in frame


async def test_silence_is_broken_by_a_mark(
    site: Site, owner: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "HEARTBEAT_S", 0.05)
    run = await begin(redis, owner)
    async with site.socket(run.run, owner) as ws:
        await ws.recv()
        assert str(await ws.recv()) == render.mark(
            replace(EMPTY, status="running"), at=run.tip, start=run.tip
        )


async def test_a_client_that_does_not_read_is_closed_and_others_are_not(
    site: Site, owner: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "SEND_S", 1)
    run = await begin(redis, owner)
    async with (
        site.socket(run.run, owner, max_queue=1, compression=None, max_size=None) as slow,
        # Its whole text soon is larger than what a client takes unasked.
        site.socket(run.run, owner, max_size=None) as quick,
    ):
        await quick.recv()
        at, read = 0, asyncio.create_task(closed(quick))
        while sum(consumers._open.values()) == 2:
            run.say((ROOT, Text("a", at, "x" * 60_000)))
            at += 60_000
            await asyncio.sleep(0)
        assert not read.done()
        assert await closed(slow) == 1013
        run.say(RunCompleted())
        assert await read == 1000


async def test_who_leaves_while_we_speak_is_no_error(
    site: Site, owner: Person, redis: Redis
) -> None:
    run = await begin(redis, owner)

    async def send(message: dict[str, Any]) -> None:
        raise ConnectionResetError  # what a server says, or another OSError

    assert await consumers._follow(send, UUID(run.run), None) is None


async def test_a_sign_out_ends_the_socket(
    site: Site, owner: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    run = await begin(redis, owner)
    async with site.socket(run.run, owner) as ws:
        await ws.recv()
        await sync_to_async(owner.client.logout)()
        assert await closed(ws) == 4401


async def test_a_closed_account_ends_the_socket(
    site: Site, owner: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    run = await begin(redis, owner)
    async with site.socket(run.run, owner) as ws:
        await ws.recv()
        owner.user.is_active = False
        await owner.user.asave()
        assert await closed(ws) == 4401


async def test_a_run_that_goes_ends_the_socket(
    site: Site, owner: Person, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    run = await begin(redis, owner)
    async with site.socket(run.run, owner) as ws:
        await ws.recv()
        await Run.objects.filter(pk=run.run).adelete()
        assert await closed(ws) == 4404
