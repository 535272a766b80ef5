"""The heart, fed by hand."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from redis import Redis

from tests.workflows.engine.house import House
from workflows.engine import workflow
from workflows.engine.attempt import Facts
from workflows.engine.errors import LeaseLost
from workflows.wire import keys, lease, log, pulse
from workflows.wire.clients import connect_once
from workflows.wire.codec import encode
from workflows.wire.events import RunStarted
from workflows.wire.pulse import Beat
from workflows.wire.script import run_script
from workflows.worker.heart import Heart

Made = Callable[..., Heart]


@workflow("w")
async def w() -> None: ...


@dataclass
class Life:
    """A process that says what the test wants."""

    ticked: float = field(default_factory=time.monotonic)
    held: list[Any] = field(default_factory=list)
    lost: list[tuple[str, int, str]] = field(default_factory=list)

    def attempts(self) -> list[Any]:
        return self.held

    def beat(self) -> Beat:
        return Beat("w1", "worker", 1, "host", ("gx.bulk.w.v1",), load=len(self.held), slots=9)

    def lose(self, run: str, attempt: int, why: LeaseLost) -> None:
        self.lost.append((run, attempt, str(why)))


@pytest.fixture
def house(redis_url: str) -> House:
    return House(redis_url)


def opened(house: House, attempt: int = 1) -> Any:
    run = house.queue(w)
    call = log.open_call(
        run,
        [encode(RunStarted("x", 1), at=1)],
        attempt=attempt,
        nonce="n",
        redis_run_id=log.redis_run_id(house.redis),
        lease_ms=100,
    )
    assert run_script(house.redis, call).ok
    return SimpleNamespace(facts=Facts(run, attempt, "ann"))


@pytest.fixture
def heart(house: House) -> Iterator[Made]:
    """Makes hearts, of one client that is closed in the end."""
    client: Redis = connect_once(house.url)
    yield partial(Heart, client, beat_seconds=0.02, lease_seconds=60)
    client.close()


def left_ms(house: House, run: str) -> float:
    held = lease.lease(house.redis, run)
    return 0.0 if held is None else held.until - lease.now_ms(house.redis)


def test_a_beat_renews_the_leases_and_says_that_the_process_lives(
    house: House, heart: Made
) -> None:
    life = Life(held=[opened(house), opened(house, 4)])
    heart(life).beat()
    for attempt in life.held:
        run = attempt.facts.run
        assert left_ms(house, run) > 50_000
        assert (house.redis.zscore(keys.due(keys.bucket(run)), run) or 0) > 50_000
    assert [(beat.load, beat.slots) for beat in pulse.workers(house.redis)] == [(2, 9)]
    assert life.lost == []


def test_a_redis_without_memory_renews_leases(house: House, heart: Made) -> None:
    life = Life(held=[opened(house)])
    house.redis.config_set("maxmemory", 1)
    try:
        heart(life).beat()
        assert left_ms(house, life.held[0].facts.run) > 50_000
    finally:
        house.redis.config_set("maxmemory", 0)


def test_a_lease_that_is_another_s_or_gone_is_told(house: House, heart: Made) -> None:
    taken, gone, ours = opened(house), opened(house), opened(house)
    house.redis.hset(keys.lease(taken.facts.run), "attempt", 2)
    house.redis.delete(keys.lease(gone.facts.run))
    life = Life(held=[taken, gone, ours])
    heart(life).beat()
    assert life.lost == [
        (taken.facts.run, 1, "lost"),
        (gone.facts.run, 1, "gone"),
    ]
    assert left_ms(house, ours.facts.run) > 50_000


def test_it_beats_on_after_the_server_forgot_its_scripts(house: House, heart: Made) -> None:
    life = Life(held=[opened(house), opened(house)])
    beating = heart(life)
    house.redis.script_flush()
    beating.beat()
    assert all(left_ms(house, attempt.facts.run) > 50_000 for attempt in life.held)


def test_a_beat_that_fails_is_not_the_last(
    house: House, caplog: pytest.LogCaptureFixture, heart: Made
) -> None:
    life = Life(held=[opened(house)])
    beating = heart(life)
    house.redis.config_set("maxmemory", 1)
    try:
        beating.beat()
    finally:
        house.redis.config_set("maxmemory", 0)
    assert "A beat failed" in caplog.text
    beating.beat()
    assert left_ms(house, life.held[0].facts.run) > 50_000
    assert life.lost == []


def test_a_wrong_key_of_one_run_does_not_cost_the_others_their_lease(
    house: House, caplog: pytest.LogCaptureFixture, heart: Made
) -> None:
    broken, ours = opened(house), opened(house)
    house.redis.delete(keys.lease(broken.facts.run))
    house.redis.set(keys.lease(broken.facts.run), "no hash")
    heart(Life(held=[broken, ours])).beat()
    assert "could not be renewed" in caplog.text
    assert left_ms(house, ours.facts.run) > 50_000


def test_a_loop_that_stands_still_is_given_one_more_beat(house: House, heart: Made) -> None:
    exits: list[int] = []
    life = Life(ticked=time.monotonic() - 21, held=[opened(house)])
    beating = heart(life, die=exits.append)
    beating.look()
    assert (exits, pulse.workers(house.redis)) == ([], [])
    assert left_ms(house, life.held[0].facts.run) < 1000
    beating.look()
    assert exits == [70]


def test_a_process_that_was_stopped_goes_on(house: House, heart: Made) -> None:
    exits: list[int] = []
    life = Life(ticked=time.monotonic() - 21)
    beating = heart(life, die=exits.append)
    beating.look()
    life.ticked = time.monotonic()
    beating.look()
    assert exits == []
    assert len(pulse.workers(house.redis)) == 1


def test_its_thread_beats_until_it_is_stopped(house: House, heart: Made) -> None:
    beating = heart(Life())
    beating.stop()
    assert pulse.workers(house.redis) == []
    beating = heart(Life())
    beating.start()
    beating.stop()
    assert len(pulse.workers(house.redis)) == 1


def test_a_broken_heart_is_the_end_of_the_process(house: House) -> None:
    class Odd(Life):
        def beat(self) -> Beat:
            raise ValueError("nobody expected this")

    died: list[int] = []
    heart = Heart(
        connect_once(house.url), Odd(), beat_seconds=0.1, lease_seconds=5, die=died.append
    )
    heart._run()
    assert died == [70]
