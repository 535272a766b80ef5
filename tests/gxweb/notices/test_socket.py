"""`/ws/me/`: who gets it, what it says, and how it ends: seen by a real client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import AsyncMock
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError
from django.utils import timezone
from websockets import Origin
from websockets.exceptions import InvalidStatus

from gxweb.edition import edition
from gxweb.notices import board, chips
from gxweb.notices.chips import NONE, Chip, Chips
from gxweb.notices.models import Dismissal
from runs import consumers
from runs.models import Run
from tests.patience import patience
from tests.runs.serving import Person, Site, closed, person, serving

pytestmark = pytest.mark.django_db(transaction=True)
ME = "/ws/me/"


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(board, "POLL_S", 0.15)
    async with serving() as made:
        yield made
    await board.here().aclose()


@pytest.fixture
async def ada(site: Site) -> Person:
    return await person("ada@example.org")


@sync_to_async
def begin(owner: Person, topic: str = "Salt") -> Run:
    return Run.objects.create(
        owner=owner.user, workflow="blog", version=1, status="running", input={"topic": topic}
    )


async def change(run: Run, **fields: Any) -> None:
    await Run.objects.filter(pk=run.pk).aupdate(**fields)


async def frame(ws: Any, *words: str) -> str:
    """The next frame that has all of these words."""
    async with asyncio.timeout(patience(10)):
        async for said in ws:
            if all(word in str(said) for word in words):
                return str(said)
    raise AssertionError(words)


async def test_nobody_is_accepted_and_then_told_4401(site: Site) -> None:
    async with site.connect(ME) as ws:
        assert await closed(ws) == 4401


async def test_another_sites_page_gets_no_socket(site: Site, ada: Person) -> None:
    with pytest.raises(InvalidStatus):
        async with site.connect(ME, ada, origin=Origin("https://evil.example")):
            pass


async def test_the_twenty_first_socket_is_4429(site: Site, ada: Person) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(20):
            ws = await stack.enter_async_context(site.connect(ME, ada))
            await ws.recv()
        async with site.connect(ME, ada) as one_more:
            assert await closed(one_more) == 4429
    async with site.connect(ME, ada) as later:
        assert await frame(later, 'id="chips"')


async def test_a_run_appears_goes_on_and_turns_into_ready(site: Site, ada: Person) -> None:
    async with site.connect(ME, ada) as ws:
        assert "chip-title" not in str(await ws.recv())
        run = await begin(ada, "Salt <b>")
        await frame(ws, f'data-chip="{run.pk}"', "Salt &lt;b&gt;", ">running<")
        await change(run, progress_done=3, progress_total=9)
        await frame(ws, ">3/9<")
        await change(run, status="completed", finished_at=timezone.now())
        await frame(ws, ">ready<", "data-ended", "Dismiss Salt")
        await sync_to_async(Dismissal.objects.create)(run=run)
        assert "chip-title" not in await frame(ws, f'data-edition="{edition()}"></div>')


async def test_the_runs_of_others_are_not_seen(site: Site, ada: Person) -> None:
    bob = await person("bob@example.org")
    async with site.connect(ME, ada) as ws, site.connect(ME, bob) as other:
        await begin(bob, "Private")
        await frame(other, "Private")
        await begin(ada, "Mine")
        assert "Private" not in await frame(ws, "Mine")


async def test_silence_is_broken(site: Site, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "HEARTBEAT_S", 0.05)
    async with site.connect(ME, ada) as ws:
        assert len({str(await ws.recv()) for _ in range(3)}) == 1


async def test_a_client_that_does_not_read_is_closed(
    site: Site, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(send: Any, text: str) -> None:
        raise TimeoutError

    monkeypatch.setattr(consumers, "say", full)
    async with site.connect(ME, ada) as ws:
        assert await closed(ws) == 1013


async def test_a_web_process_that_drains_says_so(ada: Person) -> None:
    drained = serving()
    site = await drained.__aenter__()
    async with site.connect(ME, ada) as ws:
        await ws.recv()
        async with asyncio.TaskGroup() as group:
            group.create_task(drained.__aexit__(None, None, None))
            assert await closed(ws) == 1012


async def test_a_changed_password_ends_it(
    site: Site, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    async with site.connect(ME, ada) as ws:
        await ws.recv()
        ada.user.set_password("another one entirely")
        await ada.user.asave()
        assert await closed(ws) == 4401


async def test_a_sign_out_ends_it(site: Site, ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    async with site.connect(ME, ada) as ws:
        await ws.recv()
        await sync_to_async(ada.client.logout)()
        assert await closed(ws) == 4401


async def test_a_closed_account_ends_it(
    site: Site, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_S", 0.05)
    async with site.connect(ME, ada) as ws:
        await ws.recv()
        ada.user.is_active = False
        await ada.user.asave()
        assert await closed(ws) == 4401


async def test_redis_is_not_needed(site: Site, ada: Person, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url="redis://127.0.0.1:1/0")
    async with site.connect(ME, ada) as ws:
        run = await begin(ada, "Salt")
        assert str(run.pk) in await frame(ws, "Salt")


# --- The board --------------------------------------------------------------------------------


async def test_all_pages_of_all_people_are_one_question(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []
    going = Chips((Chip(uuid4(), "A", "running"),), 1)

    async def read(owners: list[int]) -> dict[int, Chips]:
        asked.append(sorted(owners))
        return {1: going}

    monkeypatch.setattr(board, "_read", read)
    monkeypatch.setattr(board, "POLL_S", 0.3)
    made = board.Board()
    async with AsyncExitStack() as stack:
        seats = [await stack.enter_async_context(made.seat(n % 5)) for n in range(100)]
        found = [await seat.next(None) for seat in seats]
        assert found.count(going) == 20
        assert found.count(NONE) == 80
        assert asked == [[0, 1, 2, 3, 4]]
    await made.aclose()


async def test_nobody_is_asked_about_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "POLL_S", 0.12)
    read = AsyncMock(return_value={})
    monkeypatch.setattr(board, "_read", read)
    made = board.Board()
    async with made.seat(1) as seat:
        await seat.next(None)
    async with asyncio.timeout(patience(5)):
        await made._task  # type: ignore[misc]
    count = read.await_count
    async with made.seat(1) as seat:
        await seat.next(None)
    assert read.await_count > count
    await made.aclose()


async def test_sql_that_is_away_keeps_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "POLL_S", 0.12)
    first, second = Chips(live=1), Chips(live=2)
    answers = [{1: first}, OperationalError(), OperationalError(), {1: second}]
    monkeypatch.setattr(board, "_read", AsyncMock(side_effect=[*answers, *[{1: second}] * 50]))
    made = board.Board()
    async with made.seat(1) as seat:
        assert await seat.next(None) == first
        assert await seat.next(first) == second
    await made.aclose()


def test_the_words_of_each_state() -> None:
    assert set(chips.WORDS) == set(Run.Status.values)
