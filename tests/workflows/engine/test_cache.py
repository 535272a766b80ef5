"""A result is made once for all of its owner's runs, as long as it is good."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Away

from tests.workflows.engine.house import House
from workflows.engine import Failure, Workflow, component, workflow
from workflows.engine import store as stores
from workflows.engine.cache import KEPT, MOST_BYTES, Cache, Kept, Memory, Slot, Spent, Store
from workflows.engine.store import RedisStore
from workflows.wire import keys
from workflows.wire.clients import connect_async
from workflows.wire.state import State

HOUR = 3600.0


@dataclass(frozen=True)
class Page:
    url: str
    read: date


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Lost:
    """A store that is away."""

    async def get(self, owner: str, key: str) -> bytes | None:
        raise Away("gone")

    async def put(self, owner: str, key: str, value: bytes, ttl: float) -> None:
        raise TimeoutError

    async def hold(self, owner: str, key: str, who: str, seconds: float) -> bool:
        raise TimeoutError

    async def let_go(self, owner: str, key: str, who: str) -> None:
        raise TimeoutError


class Pages:
    """Runs that read a page, and how often it was really read."""

    def __init__(self, store: Store | None = None, **options: Any) -> None:
        self.read: Counter[str] = Counter()

        @component(**options)
        async def fetch(url: str) -> Page:
            self.read[url] += 1
            if url == "bad":
                raise Failure("unreachable", "Not there.")
            return Page(url, date(2026, 1, 2))

        @workflow("reads")
        async def reads(url: str) -> str:
            page = await fetch.cache(HOUR, store)(url)
            assert isinstance(page, Page)
            return page.url

        self.flow: Workflow[[str], str] = reads


async def ran(house: House, flow: Workflow[..., Any], url: str, owner: str = "ann") -> State:
    async with house.executor(flow) as executor:
        run = house.queue(flow, url, owner=owner)
        await executor.execute(house.order(run, flow))
    return house.state(run)


async def test_a_second_run_takes_it_and_says_so(house: House) -> None:
    pages = Pages()
    first = await ran(house, pages.flow, "a")
    second = await ran(house, pages.flow, "a")
    assert (first.output, second.output, pages.read) == ("a", "a", {"a": 1})
    cached = [state.spans["reads[0]/fetch[0]"].cached for state in (first, second)]
    assert cached == [False, True]
    assert second.spans["reads[0]/fetch[0]"].output == first.spans["reads[0]/fetch[0]"].output


async def test_another_owner_never_gets_it(house: House) -> None:
    pages = Pages()
    await ran(house, pages.flow, "a")
    theirs = await ran(house, pages.flow, "a", owner="bob")
    assert (theirs.output, pages.read) == ("a", {"a": 2})


async def test_only_what_went_well_is_kept(house: House) -> None:
    pages = Pages()
    for _ in range(2):
        assert (await ran(house, pages.flow, "bad")).status == "failed"
    assert pages.read == {"bad": 2}


@pytest.mark.parametrize(
    ("one", "other", "read"),
    [({}, {}, 1), ({"version": 1}, {"version": 2}, 2), ({"key": "a"}, {"key": "b"}, 2)],
)
async def test_who_a_call_is_decides(
    house: House, one: dict[str, Any], other: dict[str, Any], read: int
) -> None:
    store = Memory()
    both = [Pages(store, **one), Pages(store, **other)]
    for pages in both:
        await ran(house, pages.flow, "a")
    assert sum(pages.read["a"] for pages in both) == read


async def test_a_store_that_is_away_only_costs_the_work(house: House) -> None:
    pages = Pages(Lost())
    for _ in range(2):
        assert (await ran(house, pages.flow, "a")).status == "completed"
    assert pages.read == {"a": 2}


async def test_what_names_a_secret_leaves_none_in_the_store(house: House) -> None:
    store, logins = Memory(), list[str]()

    @component(secret="password")
    async def login(password: str) -> str:
        logins.append(password)
        return f"session of {password}" if password.startswith("echo") else "ok"

    @workflow("logs in")
    async def logs_in(password: str) -> str:
        return await login.cache(HOUR, store)(password)

    for password in ("echo-hunter2", "echo-hunter2", "hunter2-x", "hunter2-x"):
        await ran(house, logs_in, password)
    # One result held what was secret and was made again; the other was kept, under a seal.
    assert logins == ["echo-hunter2", "echo-hunter2", "hunter2-x"]
    assert "hunter2" not in repr(store._of)


async def test_a_result_is_taken_over_within_its_run_without_the_store(house: House) -> None:
    class Once(Memory):
        asked = 0

        async def get(self, owner: str, key: str) -> bytes | None:
            self.asked += 1
            return await super().get(owner, key)

    store, done = Once(), list[int]()

    @component
    async def step(n: int) -> int:
        done.append(n)
        return n

    @workflow("twice")
    async def twice(_: Any) -> list[int]:
        return [await step.cache(HOUR, store)(1) for _ in range(2)]

    state = await ran(house, twice, "")
    # Whoever makes it has looked twice: before, and after it had the slot for itself.
    assert (state.output, done, store.asked) == ([1, 1], [1], 2 + 1)


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Cache(0)


@pytest.fixture(params=["memory", "redis"])
async def shelf(request: pytest.FixtureRequest, redis_url: str) -> Any:
    clock = Clock()
    client: Redis = connect_async(redis_url)
    store = Memory(clock) if request.param == "memory" else RedisStore(client, clock)
    yield store, clock
    await client.aclose()


async def test_a_store_keeps_each_owners_values_for_their_time(shelf: Any) -> None:
    store, clock = shelf
    await store.put("ann", "a", b"1", 10)
    await store.put("ann", "b", b"2", 100)
    assert [await store.get("ann", key) for key in "abc"] == [b"1", b"2", None]
    assert await store.get("bob", "a") is None
    clock.now += 50
    assert [await store.get("ann", key) for key in "ab"] == [None, b"2"]
    await store.put("ann", "a", b"3", 10)
    assert await store.get("ann", "a") == b"3"


async def test_a_store_keeps_so_many_values_of_an_owner(shelf: Any) -> None:
    store, _ = shelf
    for n in range(KEPT + 5):
        await store.put("ann", str(n), b"x", 100 + n)
    found = [n for n in range(KEPT + 5) if await store.get("ann", str(n))]
    assert found == list(range(5, KEPT + 5))


async def test_in_redis_an_owners_values_take_only_so_much_room(
    redis_url: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "OWNER_BYTES", 1_000_000)
    client = connect_async(redis_url)
    store = RedisStore(client)
    for n in range(300):
        await store.put("ann", str(n), bytes(10_000), 100 + n)
        assert await store.get("ann", str(n)) is not None
    assert house.redis.hlen(keys.cache("ann")) <= 110
    assert house.redis.hlen(keys.cache("ann")) == house.redis.zcard(keys.cached("ann"))
    await client.aclose()


async def test_in_redis_it_goes_by_itself(redis_url: str, house: House) -> None:
    client = connect_async(redis_url)
    await RedisStore(client).put("ann", "a", b"1", 100)
    await client.aclose()
    assert 98 <= house.redis.ttl(keys.cache("ann")) <= 102
    assert 98 <= house.redis.ttl(keys.cached("ann")) <= 102


async def test_what_cannot_be_read_or_is_too_large_is_made_again() -> None:
    store = Memory()
    slot = Slot(store, "ann", "k", HOUR)
    await store.put("ann", "k", b'{"$":"unknown"}', HOUR)
    assert await slot.find() is None
    await store.put("ann", "k", b"not JSON", HOUR)
    assert await slot.find() is None
    other = Slot(store, "ann", "large", HOUR)
    await other.keep("x" * MOST_BYTES, Spent())
    await other.keep({"$": "opaque", "class": "x"}, Spent())
    assert await other.find() is None
    await asyncio.gather(other.keep([1], Spent(5, None)), other.keep([1], Spent(5, None)))
    found = await other.find()
    assert found == Kept([1], Spent(5, None))
