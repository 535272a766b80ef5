"""What comes alone is done at once, what comes meanwhile together, and nobody is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError

from runs import together
from runs.together import Together
from tests.chaos.waiting import until

Go = Callable[[], None]


class Gate:
    """Doubles numbers, once it is opened; an odd one is refused."""

    def __init__(self) -> None:
        self.together: Together[int, int] = Together(self.do)
        self.done: list[list[int]] = []
        self.may = threading.Event()
        self.lets_go = False
        self.fails: BaseException | None = None

    def do(self, numbers: Sequence[int], go_on: Go) -> list[int | BaseException]:
        self.done.append(list(numbers))
        if self.lets_go:
            go_on()
        assert self.may.wait(20)
        if self.fails:
            raise self.fails
        return [ValueError(n) if n % 2 else 2 * n for n in numbers]

    def waiting(self, number: int) -> None:
        until(lambda: len(self.together._lines.get("a", ())) == number, 20)


@pytest.fixture
def gate() -> Gate:
    return Gate()


def asked(pool: ThreadPoolExecutor, gate: Gate, numbers: Sequence[int]) -> list[Future[int]]:
    """The first is at work, the others wait for it, in their order."""
    found = []
    for place, number in enumerate(numbers):
        found.append(pool.submit(gate.together.ask, "a", number))
        until(lambda: bool(gate.done), 20)
        gate.waiting(place)
    return found


def test_those_that_come_meanwhile_are_done_together(gate: Gate) -> None:
    with ThreadPoolExecutor(9) as pool:
        futures = asked(pool, gate, range(0, 18, 2))
        gate.may.set()
        assert [one.result(20) for one in futures] == list(range(0, 36, 4))
    assert gate.done == [[0], list(range(2, 18, 2))]
    assert gate.together._lines == {}


def test_each_gets_its_own_error(gate: Gate) -> None:
    with ThreadPoolExecutor(9) as pool:
        futures = asked(pool, gate, [0, 2, 3])
        gate.may.set()
        assert futures[1].result(20) == 4
        with pytest.raises(ValueError, match="3"):
            futures[2].result(20)


@pytest.mark.parametrize("error", [OSError("broken"), SystemExit()])
def test_an_error_of_all_is_everybodys_and_lets_the_next_in(
    gate: Gate, error: BaseException
) -> None:
    gate.fails = error
    with ThreadPoolExecutor(9) as pool:
        futures = asked(pool, gate, [0, 2, 4])
        gate.may.set()
        for one in futures:
            assert one.exception(20) is error
    gate.fails = None
    assert gate.together.ask("a", 6) == 12


def test_lines_do_not_wait_for_each_other(gate: Gate) -> None:
    with ThreadPoolExecutor(9) as pool:
        first = asked(pool, gate, [0])
        second = pool.submit(gate.together.ask, "b", 2)
        until(lambda: gate.done == [[0], [2]], 20)
        gate.may.set()
        assert (first[0].result(20), second.result(20)) == (0, 4)


def test_the_next_begin_as_soon_as_they_may(gate: Gate) -> None:
    gate.lets_go = True
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(gate.together.ask, "a", 0)
        until(lambda: gate.done == [[0]], 20)
        second = pool.submit(gate.together.ask, "a", 2)
        until(lambda: gate.done == [[0], [2]], 20)
        gate.may.set()
        assert (first.result(20), second.result(20)) == (0, 4)


def test_no_more_at_once_than_is_good(gate: Gate) -> None:
    gate.together = Together(gate.do, most=2)
    with ThreadPoolExecutor(9) as pool:
        futures = asked(pool, gate, range(0, 12, 2))
        gate.may.set()
        assert [one.result(20) for one in futures] == list(range(0, 24, 4))
    assert gate.done == [[0], [2, 4], [6, 8], [10]]


def test_who_waits_in_vain_is_told_so_and_nothing_was_done(gate: Gate, monkeypatch: Any) -> None:
    monkeypatch.setattr(together, "PATIENCE_S", 0.01)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(gate.together.ask, "a", 0)
        until(lambda: gate.done == [[0]], 20)
        with pytest.raises(OperationalError):
            gate.together.ask("a", 2)
        gate.may.set()
        assert first.result(20) == 0
    assert gate.done == [[0]]


def test_who_is_being_done_waits_for_it_however_long(gate: Gate, monkeypatch: Any) -> None:
    """An error would say that nothing was done."""
    monkeypatch.setattr(together, "PATIENCE_S", 1.5)
    again, may = threading.Event(), threading.Event()

    def do(numbers: Sequence[int], go_on: Go) -> list[int | BaseException]:
        gate.done.append(list(numbers))
        if 2 in numbers:
            again.set()
            assert may.wait(20)
        else:
            assert gate.may.wait(20)
        return list(numbers)

    gate.together = Together(do)
    with ThreadPoolExecutor(9) as pool:
        futures = asked(pool, gate, [0, 2])
        late = pool.submit(gate.together.ask, "a", 4)
        gate.waiting(2)
        gate.may.set()
        assert again.wait(20)
        late_ends = pool.submit(threading.Event().wait, 1.6)
        late_ends.result()
        may.set()
        assert [one.result(20) for one in (*futures, late)] == [0, 2, 4]
