"""Turns at a provider, by the script in a real Redis and the task that asks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis as Blocking
from redis.asyncio import Redis

from tests.patience import patience
from tests.workflows.engine.house import until
from tests.workflows.llm.worlds import Scope
from workflows.engine.errors import Failure
from workflows.llm import limits
from workflows.llm.bucket import Bucket, bucket_of
from workflows.llm.limits import Pass, its_turn, words
from workflows.llm.prices import Tokens
from workflows.llm.providers import OPENAI_MODELS, Provider
from workflows.llm.turnstile import Standing
from workflows.wire import keys
from workflows.wire.clients import connect_async

pytestmark = pytest.mark.alone

FREE = Provider("openai", "http://127.0.0.1:9/v1", "sk-a", OPENAI_MODELS)
SMALL = Tokens(10, 10)
MINUTE_S = 6.0


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect_async(redis_url)
    yield client
    await until(lambda: not limits._stiles)
    await client.aclose()


@pytest.fixture(autouse=True)
def minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of one."""
    monkeypatch.setattr(limits, "bucket_of", lambda *of: replace(bucket_of(*of), minute_s=MINUTE_S))


def allows(**allowed: int) -> Provider:
    return replace(FREE, **allowed)  # type: ignore[arg-type]


async def ask(
    provider: Provider, scope: Scope, order: list[str] | None = None, tokens: Tokens = SMALL
) -> Pass:
    taken = await its_turn(provider, "small", tokens, scope)
    assert taken is not None
    if order is not None:
        order.append(scope.owner)
    return taken


async def test_without_limits_all_go_at_once(redis: Redis) -> None:
    scopes = [Scope(owner=str(n), redis=redis) for n in range(50)]
    begun = time.monotonic()
    taken = await asyncio.gather(*(ask(FREE, scope) for scope in scopes))
    assert time.monotonic() - begun < patience(1)
    for one in taken:
        one.end(ok=True)


async def test_outside_a_run_and_offline_nobody_counts(redis: Redis) -> None:
    assert await its_turn(FREE, "small", SMALL, None) is None
    assert await its_turn(FREE, "small", SMALL, Scope()) is None
    offline = replace(FREE, name="offline")
    assert await its_turn(offline, "small", SMALL, Scope(redis=redis)) is None


async def test_requests_of_a_minute_are_paced(redis: Redis) -> None:
    scope = Scope(redis=redis)
    begun = time.monotonic()
    for _ in range(13):
        (await ask(allows(rpm=60), scope)).end(SMALL, ok=True)
    took = time.monotonic() - begun
    ideal = 10 * MINUTE_S / 60 / 0.93
    assert ideal - 0.15 < took < patience(ideal), "three at once, then a tenth"


async def test_tokens_of_a_minute_are_paced_and_what_was_not_used_comes_back(redis: Redis) -> None:
    provider, scope = allows(tpm=6000), Scope(redis=redis)
    begun = time.monotonic()
    for _ in range(4):
        (await ask(provider, scope, tokens=Tokens(600, 400))).end(Tokens(5, 5), ok=True)
    assert time.monotonic() - begun < patience(0.5), "each gave back nearly all"
    for _ in range(2):
        (await ask(provider, scope, tokens=Tokens(600, 400))).end(Tokens(600, 400), ok=True)
    assert time.monotonic() - begun > 0.7


async def test_owners_take_turns(redis: Redis) -> None:
    provider, order = allows(concurrent=1), list[str]()
    first = await ask(provider, Scope(owner="zoe", redis=redis))

    async def one(owner: str) -> None:
        taken = await ask(provider, Scope(owner=owner, redis=redis), order)
        taken.end(SMALL, ok=True)

    async with asyncio.TaskGroup() as group:
        for owner in ["ann"] * 6 + ["bob"] * 2 + ["eve"]:
            group.create_task(one(owner))
        await asyncio.sleep(0.05)
        first.end(ok=True)
    assert order[:3] == ["ann", "bob", "eve"]
    assert order[3:] == ["ann", "bob", "ann", "ann", "ann", "ann"]


async def test_interactive_goes_before_bulk_which_keeps_a_share(redis: Redis) -> None:
    provider, order = allows(concurrent=1), list[str]()
    first = await ask(provider, Scope(redis=redis))

    async def one(lane: str) -> None:
        taken = await ask(provider, Scope(owner=lane, lane=lane, redis=redis), order)
        taken.end(SMALL, ok=True)

    async with asyncio.TaskGroup() as group:
        for lane in ["bulk"] * 3 + ["interactive"] * 9:
            group.create_task(one(lane))
        await asyncio.sleep(0.05)
        first.end(ok=True)
    assert [n for n, lane in enumerate(order) if lane == "bulk"] == [3, 8, 11]


async def test_who_is_cancelled_leaves_the_queue(redis: Redis) -> None:
    provider = allows(concurrent=1)
    first = await ask(provider, Scope(redis=redis))
    waiting = [asyncio.create_task(ask(provider, Scope(redis=redis))) for _ in range(20)]
    await asyncio.sleep(0.05)
    last = asyncio.create_task(ask(provider, Scope(redis=redis)))
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert time.monotonic() - begun < patience(0.5)
    first.end(ok=True)
    (await last).end(ok=True)


async def test_a_refusal_pauses_all_workers_for_as_long_as_it_asks(redis: Redis) -> None:
    asked = Failure("rate_limited", "Too many.", retryable=True, retry_after=0.8)
    refused = await ask(FREE, Scope(redis=redis))
    other = connect_async_of(redis)
    refused.end(None, asked)
    await until(lambda: not limits._stiles)
    begun = time.monotonic()
    scope = Scope(redis=other, worker="worker-2")
    (await ask(FREE, scope)).end(ok=True)
    assert 0.5 < time.monotonic() - begun < patience(1.5)
    await until(lambda: not limits._stiles)
    await other.aclose()


def connect_async_of(client: Redis) -> Redis:
    at: dict[str, Any] = client.connection_pool.connection_kwargs
    return connect_async(f"redis://{at['host']}:{at['port']}/{at.get('db') or 0}")


async def test_hours_are_not_believed(redis: Redis, redis_url: str) -> None:
    asked = Failure("rate_limited", "Too many.", retryable=True, retry_after=3600)
    refused = await ask(FREE, Scope(redis=redis))
    refused.end(None, asked)
    await until(lambda: not limits._stiles)
    bucket = bucket_of(FREE, "small")
    with Blocking.from_url(redis_url) as client:
        until_ms = float(client.hget(keys.limits(bucket.id, "state"), "paused") or 0)
    assert until_ms / 1000 - time.time() == pytest.approx(limits.LONGEST_PAUSE_S, abs=5)


async def test_a_quota_that_is_used_up_pauses_nobody(redis: Redis) -> None:
    gone = Failure("rate_limited", "The quota is used up.")
    (await ask(FREE, Scope(redis=redis))).end(None, gone)
    begun = time.monotonic()
    (await ask(FREE, Scope(redis=redis))).end(ok=True)
    assert time.monotonic() - begun < patience(0.5)


async def test_what_a_dead_worker_held_comes_back(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.llm.turnstile.LEASE_S", 1.0)
    monkeypatch.setattr("workflows.llm.turnstile.BEAT_S", 0.3)
    provider, dead = allows(concurrent=2), connect_async_of(redis)
    await ask(provider, Scope(redis=dead, worker="dead"))
    await ask(provider, Scope(redis=dead, worker="dead"))
    queued = asyncio.create_task(ask(provider, Scope(redis=dead, worker="dead")))
    await asyncio.sleep(0.05)
    (stile,) = limits._stiles.values()
    assert stile._serving is not None
    monkeypatch.setattr(stile, "_wake", lambda: None)
    stile._serving.cancel()
    begun = time.monotonic()
    taken = await asyncio.gather(*(ask(provider, Scope(redis=redis)) for _ in range(2)))
    assert 0.5 < time.monotonic() - begun < patience(3)
    for one in taken:
        one.end(ok=True)
    queued.cancel()
    await asyncio.gather(queued, return_exceptions=True)
    await until(lambda: not limits._stiles)
    await dead.aclose()


async def test_tries_again_have_a_purse_of_their_own(redis: Redis) -> None:
    again = Scope(redis=redis, number=2)
    begun = time.monotonic()
    for _ in range(10):
        (await ask(FREE, again)).end(ok=True)
    assert time.monotonic() - begun < patience(0.5), "ten in reserve"
    (await ask(FREE, again)).end(ok=True)
    assert time.monotonic() - begun > 0.1, "then thirty a minute"
    begun = time.monotonic()
    for _ in range(5):
        (await ask(FREE, Scope(redis=redis))).end(ok=True)
    assert time.monotonic() - begun < patience(0.3), "nobody waits for those who try again"


async def test_a_server_that_forgot_everything_is_told_anew(redis: Redis, redis_url: str) -> None:
    provider = allows(concurrent=1)
    first = await ask(provider, Scope(redis=redis))
    second = asyncio.create_task(ask(provider, Scope(redis=redis)))
    await asyncio.sleep(0.05)
    with Blocking.from_url(redis_url) as client:
        client.flushall()
        bucket = bucket_of(provider, "small")
        await until(lambda: client.scard(keys.limits(bucket.id, "held")) == 1)
    assert not second.done()
    first.end(ok=True)
    (await second).end(ok=True)


async def test_its_own_words_limit_who_has_not_told(redis: Redis) -> None:
    first = await ask(FREE, Scope(redis=redis))
    limits.heard({"x-ratelimit-limit-requests": "60", "x-ratelimit-limit-tokens": "lots"})
    first.end(ok=True)
    begun = time.monotonic()
    for _ in range(8):
        (await ask(FREE, Scope(redis=redis))).end(ok=True)
    assert time.monotonic() - begun > 0.4


@pytest.mark.parametrize(
    ("standing", "place", "said"),
    [
        (Standing(paused_s=8.2, every_s=1, calls=5, owners=1), 1, "throttling, next try in 8 s."),
        (Standing(every_s=1, calls=40, owners=2), 10, "a turn at OpenAI, about 20 s."),
        (Standing(every_s=1, calls=400, owners=2), 100, "a turn at OpenAI, about 3 min."),
        (Standing(calls=4, owners=1), 4, "Waiting for a turn at OpenAI."),
    ],
)
def test_the_wait_is_told_in_words(standing: Standing, place: int, said: str) -> None:
    assert words("OpenAI", standing, place).endswith(said)


async def test_the_wait_is_told_now_and_then(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TELL_S", 0.3)
    monkeypatch.setattr("workflows.llm.turnstile.BEAT_S", 0.1)
    provider, scope = allows(concurrent=1), Scope(redis=redis)
    first = await ask(provider, Scope(redis=redis))
    waiting = asyncio.create_task(ask(provider, scope))
    await until(lambda: scope.words)
    first.end(ok=True)
    (await waiting).end(ok=True)
    assert scope.words == ["Waiting for a turn at OpenAI.", ""]


def test_keys_and_models_have_buckets_of_their_own() -> None:
    other = replace(FREE, key="sk-b")
    moved = replace(FREE, base_url="http://127.0.0.1:9/worker1/v1", name="us")
    assert len({bucket_of(p, m).id for p in (FREE, other) for m in ("a", "b")}) == 4
    assert bucket_of(moved, "a").id == bucket_of(FREE, "a").id
    assert isinstance(bucket_of(FREE, "a"), Bucket)
