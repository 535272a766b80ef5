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
