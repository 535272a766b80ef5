"""Who slept must not judge."""

from __future__ import annotations

from runs.calm import Calm


def ticked(calm: Calm, *at: float) -> Calm:
    for now in at:
        calm.tick(now)
    return calm


def test_it_takes_a_whole_lease() -> None:
    calm = ticked(Calm(5, 0), 1, 2, 3, 4)
    assert not calm.holds(4.9)
    assert calm.holds(5)


def test_a_late_tick_begins_it_again() -> None:
    calm = ticked(Calm(5, 0), 2, 4, 6, 9)
    assert not calm.holds(13.9)
    assert calm.holds(14)


def test_a_reconnection_begins_it_again() -> None:
    calm = ticked(Calm(5, 0), 2, 4, 6)
    calm.disturb(6)
    assert not calm.holds(10)
    assert calm.holds(11)


def test_a_clock_of_redis_that_is_put_forward_begins_it_again() -> None:
    calm = ticked(Calm(5, 0), 2, 4, 6)
    calm.hear(6.0, 1_000_000)
    calm.hear(8.0, 1_002_100)
    assert calm.holds(8)
    calm.hear(8.2, 1_002_300 + 3_600_000)
    assert not calm.holds(13)
    calm.hear(10.0, 1_004_100)
    assert calm.holds(13.2), "one that is put back ends no lease"
