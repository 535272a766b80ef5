"""Starts wait for each other where it costs nothing, and never for one that waits for them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from gxweb.accounts.models import User
from runs import turns
from runs.models import Run
from runs.turns import in_turn

pytestmark = pytest.mark.django_db(transaction=True)
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="its own lock is the line")


def test_one_at_a_time_is_in_it(alice: User) -> None:
    inside: list[int] = []

    def look(_: int) -> int:
        try:
            with in_turn(alice.pk):
                inside.append(1)
                found = len(inside)
                Run.objects.create(owner=alice, workflow="blog", version=1, input={})
                inside.pop()
                return found
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(look, range(100))) == {1}
    assert Run.objects.count() == 100


def test_the_next_does_not_wait_for_what_comes_after_the_commit(alice: User) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def announce() -> None:
        begun.set()
        may_end.wait(20)

    def slow() -> None:
        with in_turn(alice.pk):
            transaction.on_commit(announce)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(20)
    with in_turn(alice.pk):
        pass
    may_end.set()
    thread.join()


def test_an_error_lets_the_next_in(alice: User) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), in_turn(alice.pk):
            1 / 0  # noqa: B018


def test_whoever_has_the_database_does_not_wait(alice: User) -> None:
    """It is the one for whom the first in line waits."""
    with transaction.atomic(), turns._next, in_turn(alice.pk):
        Run.objects.create(owner=alice, workflow="blog", version=1, input={})
    assert Run.objects.count() == 1


def test_one_that_does_not_move_is_left(alice: User, monkeypatch: Any) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def stand() -> None:
        with in_turn(alice.pk):
            begun.set()
            may_end.wait(20)
        connection.close()

    thread = threading.Thread(target=stand)
    thread.start()
    assert begun.wait(20)
    monkeypatch.setattr(turns, "PATIENCE_S", 0.01)
    with pytest.raises(OperationalError), in_turn(alice.pk):
        pass
    may_end.set()
    thread.join()
