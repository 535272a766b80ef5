"""When a breaker opens, who probes, and when it closes: in this process and, equally, in Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

import pytest
from redis.asyncio import Redis

from workflows.engine.errors import Failure
from workflows.llm import breaker
from workflows.llm.breaker import BARRED_S, OPENS_AT, PROBE_EVERY_S, Board, Leave, Local, Shared
from workflows.llm.failures import Barred
from workflows.wire.clients import connect_async

DOWN = Failure("provider_unavailable", "Down.", retryable=True)
SLOW = Failure("timeout", "Slow.", retryable=True)
BUSY = Failure("rate_limited", "Busy.", retryable=True)
FILTERED = Failure("content_filtered", "No.")
OURS = Failure("provider_refused", "What?")
UNPAID = Barred("provider_refused", "Pay.")
PROBE_S = 20.0


class Desk(Protocol):
    board: Board

    async def after(self, seconds: float) -> None: ...


class Here:
    def __init__(self) -> None:
        self.now = 1000.0
        self.board: Board = Local(clock=lambda: self.now)

    async def after(self, seconds: float) -> None:
        self.now += seconds


class InRedis:
    """Time passes by turning back what was noted: a script reads the server's own clock."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.board: Board = Shared(client, Local())

    async def after(self, seconds: float) -> None:
        for key in await self.client.keys("gx:{breaker}:*"):
            if due := await self.client.hget(key, "due"):  # type: ignore[misc]
                await self.client.hset(key, "due", int(due) - int(seconds * 1000))  # type: ignore[misc]


@pytest.fixture(params=["here", "redis"])
async def desk(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Desk]:
    if request.param == "here":
        yield Here()
        return
    client = connect_async(redis_url)
    yield InRedis(client)
    await client.aclose()


async def told(desk: Desk, *failures: Failure | None, who: str = "x", name: str = "a") -> str:
    said = "same"
    for failure in failures:
        said = await desk.board.tell(name, who, failure)
    return said


async def choose(desk: Desk, *names: str, who: str = "x") -> Leave:
    return await desk.board.choose(names or ("a",), who, PROBE_S)


async def test_the_first_that_is_well_is_asked(desk: Desk) -> None:
    assert await choose(desk, "a", "b") == Leave(0, others=1)
    assert await told(desk, *[DOWN] * OPENS_AT) == "opened"
    assert await choose(desk, "a", "b") == Leave(1)
    assert await choose(desk, "b", "a") == Leave(0)


@pytest.mark.parametrize(
    ("failures", "said"),
    [
        ([DOWN] * (OPENS_AT - 1), "same"),
        ([DOWN] * OPENS_AT, "opened"),
        ([SLOW] * (OPENS_AT // 2), "opened"),
        ([DOWN] * (OPENS_AT - 1) + [None, DOWN], "same"),
        ([DOWN] * (OPENS_AT - 1) + [BUSY, DOWN], "opened"),
        ([BUSY] * 20, "same"),
        ([FILTERED] * 20, "same"),
        ([OURS] * 20, "same"),
        ([UNPAID], "opened"),
    ],
)
async def test_what_opens_it(desk: Desk, failures: list[Failure | None], said: str) -> None:
    assert await told(desk, *failures) == said
    assert ((await choose(desk)).number is None) == (said == "opened")


async def test_whoever_waits_can_look_whether_it_is_open(desk: Desk) -> None:
    assert not await desk.board.is_open("a")
    await told(desk, *[DOWN] * OPENS_AT)
    assert await desk.board.is_open("a")
    assert not await desk.board.is_open("b")


async def test_one_probe_at_a_time_and_the_first_that_is_answered_closes_it(desk: Desk) -> None:
    await told(desk, *[DOWN] * OPENS_AT)
    closed = await choose(desk)
    assert closed.number is None
    assert 0 < closed.wait_s <= PROBE_EVERY_S
    await desk.after(PROBE_EVERY_S)
    assert await choose(desk, "a", "b", who="probe") == Leave(0, probe=True, others=1)
    assert [await choose(desk, "a", "b", who=who) for who in "yz"] == [Leave(1)] * 2
    assert await told(desk, DOWN, None, who="somebody from before") == "same"
    assert await told(desk, None, who="probe") == "healed"
    assert await choose(desk) == Leave(0)


async def test_a_probe_that_fails_is_followed_by_another(desk: Desk) -> None:
    await told(desk, *[DOWN] * OPENS_AT)
    await desk.after(PROBE_EVERY_S)
    await choose(desk, who="one")
    assert await told(desk, DOWN, who="one") == "same"
    assert (await choose(desk)).number is None
    await desk.after(PROBE_EVERY_S)
    assert (await choose(desk, who="two")).probe


async def test_a_probe_whose_worker_died_is_not_waited_for(desk: Desk) -> None:
    await told(desk, *[DOWN] * OPENS_AT)
    await desk.after(PROBE_EVERY_S)
    assert (await choose(desk, who="dead")).probe
    await desk.after(PROBE_S)
    assert (await choose(desk, who="next")).probe
    assert await told(desk, DOWN, who="dead") == "same"
    assert await told(desk, None, who="next") == "healed"


async def test_a_probe_with_a_long_answer_closes_it_all_the_same(desk: Desk) -> None:
    """A section of a post takes longer to be told than a probe has its provider for itself: while
    there are calls each would be followed by the next, and none would ever count."""
    await told(desk, *[DOWN] * OPENS_AT)
    await desk.after(PROBE_EVERY_S)
    assert (await choose(desk, who="long")).probe
    for number in range(5):
        await desk.after(PROBE_S)
        assert (await choose(desk, who=f"later {number}")).probe
    assert await told(desk, None, who="before it opened") == "same"
    assert await told(desk, None, who="long") == "healed"
    assert await choose(desk) == Leave(0)
    await told(desk, *[DOWN] * OPENS_AT)
    assert await told(desk, None, who="later 1") == "same"  # of the outage before


@pytest.mark.parametrize("answered", [BUSY, FILTERED, OURS])
async def test_a_probe_that_is_answered_at_all_closes_it(desk: Desk, answered: Failure) -> None:
    await told(desk, *[DOWN] * OPENS_AT)
    await desk.after(PROBE_EVERY_S)
    await choose(desk, who="probe")
    assert await told(desk, answered, who="probe") == "healed"


async def test_a_probe_that_was_given_up_leaves_its_place(desk: Desk) -> None:
    await told(desk, *[DOWN] * OPENS_AT)
    await desk.after(PROBE_EVERY_S)
    await choose(desk, who="probe")
    await told(desk, Failure("deadline", "Over."), who="probe")
    assert (await choose(desk)).probe


async def test_who_bars_us_is_left_alone_for_longer(desk: Desk) -> None:
    await told(desk, UNPAID)
    await desk.after(BARRED_S - 1)
    assert (await choose(desk)).number is None
    await desk.after(1)
    assert (await choose(desk)).probe


async def test_of_many_only_one_probes(desk: Desk) -> None:
    await told(desk, *[DOWN] * OPENS_AT)
    await desk.after(PROBE_EVERY_S)
    leaves = await asyncio.gather(*(choose(desk, who=str(n)) for n in range(50)))
    assert sum(leave.probe for leave in leaves) == 1


async def test_when_all_are_open_the_soonest_says_how_long(desk: Desk) -> None:
    await told(desk, UNPAID)
    await told(desk, *[DOWN] * OPENS_AT, name="b")
    leave = await choose(desk, "a", "b")
    assert leave.number is None
    assert 0 < leave.wait_s <= PROBE_EVERY_S


async def test_all_workers_see_the_same(redis_url: str) -> None:
    one, other = connect_async(redis_url), connect_async(redis_url)
    for client in (one, other) * (OPENS_AT // 2):
        await Shared(client, Local()).tell("a", "x", DOWN)
    assert (await Shared(other, Local()).choose(["a"], "x", PROBE_S)).number is None
    await one.aclose()
    await other.aclose()


async def test_without_redis_a_worker_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "ANSWER_S", 0.2)
    client = connect_async("redis://127.0.0.1:1/0")
    board = Shared(client, Local())
    assert (await board.choose(["a"], "x", PROBE_S)).number == 0
    for _ in range(OPENS_AT):
        said = await board.tell("a", "x", DOWN)
    assert said == "opened"
    assert (await board.choose(["a"], "x", PROBE_S)).number is None
    assert await board.is_open("a")
    await client.aclose()
