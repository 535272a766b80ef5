"""A run of 10,000 steps: it works, and what shows it is bounded, however many there are."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from redis import Redis

from runs.models import Run, Span
from runs.projector import Projector
from runs.render import plan, trace
from tests.runs.serving import Person
from tests.workflows.engine.house import House
from workflows.engine import component, gather, workflow

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = 10_000
PAGE_BYTES = 500_000


@component
async def step(n: int) -> int:
    return n


@workflow("blog")
async def many(_: Any) -> int:
    return len(await gather((step(n) for n in range(STEPS)), limit=200))


@pytest.fixture(autouse=True)
def on_redis(settings: Any, redis_url: str) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url, broker_url=redis_url)


def carried_out(house: House) -> str:
    async def work() -> str:
        async with house.executor(many) as executor:
            run = house.queue(many)
            await executor.execute(house.order(run, many))
            return run

    return asyncio.run(work())


def rows(page: bytes) -> int:
    return len(set(re.findall(rb'data-span="([^"]*)"', page)))


def test_a_run_of_ten_thousand_steps_ends_and_its_pages_open(redis: Redis, redis_url: str) -> None:
    house, owner = House(redis_url), Person("owner@example.org")
    run = carried_out(house)
    house.redis.close()
    owner.owns(id=UUID(run), attempt=1)
    live = owner.client.get(f"/runs/{run}/")
    projector = Projector(redis)
    while projector.poll():
        pass
    row = Run.objects.get()
    assert (row.status, row.output, Span.objects.count()) == ("completed", STEPS, STEPS + 1)
    for page in (live, owner.client.get(f"/runs/{run}/")):
        assert (page.status_code, rows(page.content)) == (200, plan.STEPS)
        assert len(page.content) < PAGE_BYTES
        assert f"and {STEPS + 1 - plan.STEPS} more steps" in page.content.decode()
    seen = [owner.client.get(f"/runs/{run}/trace/?from={n}").content for n in (0, 9_500, 10_000)]
    assert [rows(page) for page in seen] == [trace.STEPS, trace.STEPS, 1]
    assert max(map(len, seen)) < PAGE_BYTES
    assert "?from=9500" in seen[2].decode()
    assert owner.client.get(f"/runs/{run}/trace/?from=-x").status_code == 200
