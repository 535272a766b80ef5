"""Slower with every death, quick again after a steady life."""

from gxweb.supervisor.backoff import Backoff


def test_it_doubles_up_to_five_seconds() -> None:
    delays, backoff = [], Backoff()
    for _ in range(7):
        backoff = backoff.after(lived_s=0.1)
        delays.append(backoff.delay)
        backoff = backoff.doubled()
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_a_steady_life_makes_it_quick_again() -> None:
    assert Backoff(5.0).after(lived_s=60) == Backoff()
