"""One line at a host for all workers, on a real Valkey and by its clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from tests.fakes.site import Reply, Site, page
from tests.patience import patience
from tests.workflows.engine.house import House, until
from tests.workflows.ingest.shops import shop, tale
from workflows.catalog.site import SiteBrief
from workflows.engine import Failure
from workflows.ingest.crawl import FETCHING
from workflows.ingest.flow import read_site
from workflows.ingest.politeness import LONGEST_WAIT_S, Left, Line, _asked
from workflows.ingest.visiting import CONNECTIONS
from workflows.wire import keys
from workflows.wire.clients import connect_async

Begin = Callable[[Site], Site]


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    made = connect_async(redis_url)
    yield made
    await made.aclose()


async def test_turns_of_all_workers_are_one_line(client: Redis) -> None:
    waits = [await _asked(client, "a.example", 2.0, 0.0) for _ in range(4)]
    assert all(got for got, _ in waits)
    for number, (_, wait) in enumerate(waits):
        assert 2.0 * number - 1 < wait <= 2.0 * number
    assert await _asked(client, "b.example", 2.0, 0.0) == (True, 0.0)


async def test_a_host_that_asks_to_wait_stops_the_line(client: Redis) -> None:
    await _asked(client, "a.example", 1.0, 20.0)
    got, wait = await _asked(client, "a.example", 1.0, 0.0)
    assert got
    assert 19 < wait <= 20


async def test_nobody_lines_up_for_longer_than_we_look_ahead(client: Redis) -> None:
    await _asked(client, "a.example", 1.0, LONGEST_WAIT_S + 30)
    got, wait = await _asked(client, "a.example", 1.0, 0.0)
    assert not got
    assert wait > LONGEST_WAIT_S


async def test_the_line_goes_by_itself(client: Redis) -> None:
    await _asked(client, "a.example", 1.0, 0.0)
    assert 0 < await client.pttl(keys.host("a.example")) <= 2000


async def test_who_is_not_wanted_any_more_leaves() -> None:
    line = Line(30.0)
    await line.wait("a.example")
    began = time.monotonic()
    with pytest.raises(Left) as why:
        await line.wait("a.example", unwanted=lambda: "stopped")
    assert why.value.why == "stopped"
    assert time.monotonic() - began < patience(5)


async def test_two_runs_share_the_line(
    begin: Begin, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GX_HOST_DELAY_SECONDS", "0.15")
    site = begin(shop("salt", "brine", "tide"))
    runs = [house.queue(read_site, {"url": site.url()}) for _ in range(2)]
    async with house.executor(read_site) as one, house.executor(read_site) as two:
        await asyncio.gather(
            one.execute(house.order(runs[0], read_site)),
            two.execute(house.order(runs[1], read_site)),
        )
    assert [house.state(run).status for run in runs] == ["completed", "completed"]
    times = [at for path, at in site.asked if path != "/robots.txt"]
    assert len(times) >= 8
    # Over all: one that goes late makes one gap short.
    assert times[-1] - times[0] > 0.9 * 0.15 * (len(times) - 1)


async def test_retry_after_is_honoured_by_all(begin: Begin) -> None:
    site = begin(shop("salt", "brine"))
    answers: list[str | Reply] = [
        Reply("later", 429, {"Retry-After": "1"}),
        page("Salt", *tale("salt")),
    ]
    site.pages["/salt"] = lambda: answers.pop(0)
    read = await read_site(SiteBrief(site.url()))
    assert site.url("/salt") in [one.url for one in read.pages]
    first = next(at for path, at in site.asked if path == "/salt")
    after = sorted(at for _, at in site.asked if at > first)
    late = [at for at in after if at - first > 0.5]  # one may have been under way
    assert len(after) - len(late) <= 2
    assert late[0] - first >= 0.95


async def test_who_asks_for_too_long_is_left(begin: Begin) -> None:
    site = begin(shop("salt"))
    site.pages["/salt"] = Reply("later", 503, {"Retry-After": "86400"})
    read = await read_site(SiteBrief(site.url()))
    assert [(one.why, site.paths().count("/salt")) for one in read.skipped] == [("unreachable", 1)]


@pytest.mark.parametrize("said", ["²", "Mon, 01 Jan 2026 00:00:00 +99999999999999", "soon"])
async def test_what_is_no_time_to_wait_ends_no_reading(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setattr("workflows.ingest.visiting.FIRST_WAIT_S", 0.001)
    site = begin(shop("salt", "brine"))
    site.pages["/salt"] = Reply("later", 429, {"Retry-After": said})
    read = await read_site(SiteBrief(site.url()))
    assert [one.url for one in read.pages] == [site.url("/"), site.url("/brine")]


async def test_a_site_that_went_away_ends_the_reading(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.ingest.visiting.FIRST_WAIT_S", 0.001)
    names = [f"room{n}" for n in range(40)]
    site = begin(shop(*names))
    site.pages |= {f"/{name}": Reply("", 500) for name in names}
    read = await read_site(SiteBrief(site.url()))
    assert len(read.pages) == 1
    assert "stopped answering" in read.note
    assert len(site.asked) < 60


async def test_a_home_page_that_never_answers_is_no_hang(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.fetch.client.FIRST_BYTE_S", 0.05)
    monkeypatch.setattr("workflows.ingest.visiting.FIRST_WAIT_S", 0.001)
    site = begin(shop("salt"))
    site.pages["/robots.txt"] = Reply("", 404)
    site.slow_s = 1.0
    with pytest.raises(Failure) as why:
        await read_site(SiteBrief(site.url()))
    assert why.value.type == "timeout"


async def test_a_host_has_few_connections_open_at_once(begin: Begin) -> None:
    names = [f"room-{n}" for n in range(12)]
    site = shop(*names)
    open_then: list[int] = []

    def told(path: str) -> str:
        open_then.append(len(site.open))
        return page(path, *tale(path))

    site.pages = {"/": site.pages["/"]}
    site.other, site.slow_s = told, 0.05
    begin(site)
    await read_site(SiteBrief(site.url()))
    assert max(open_then) == CONNECTIONS


async def test_a_worker_that_drains_does_not_wait_for_a_line(
    begin: Begin, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GX_HOST_DELAY_SECONDS", "20")
    site = begin(shop("salt", "brine", "harbour", "tide", "quay"))
    run = house.queue(read_site, {"url": site.url()})

    def waits() -> bool:
        names = [span.name for span in house.state(run).spans.values() if span.open]
        return names.count("fetch_page") == FETCHING and "portrait" not in names

    async with house.executor(read_site) as executor:
        doing = asyncio.create_task(executor.execute(house.order(run, read_site)))
        await until(waits)
        executor.drain()
        await asyncio.wait_for(doing, patience(10))
    assert site.paths().count("/salt") == 0
