"""What many ask for at once is done by one of them for all.

Whoever comes while nobody is at work does at once what was asked, alone. Those who come meanwhile
are done together by the first of them: so nobody waits for company, and the more come the less each
of them costs.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from threading import Event, Lock
from typing import Generic, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection

T = TypeVar("T")
R = TypeVar("R")

MOST = 32  # at once
PATIENCE_S = 20.0  # as SQLite waits for its lock
# Does all of them, and lets the next begin as soon as they may. Gives what each one is to get, or
# the error that is to be raised.
Do = Callable[[Sequence[T], Callable[[], None]], Sequence[R | BaseException]]


class _Place(Generic[T, R]):
    """In a line. Woken when it is done, or when it is the first."""

    def __init__(self, asked: T) -> None:
        self.asked = asked
        self.woken = Event()
        self.got: list[R | BaseException] = []

    def give(self, outcome: R | BaseException) -> None:
        self.got.append(outcome)
        self.woken.set()

    def take(self) -> R:
        [outcome] = self.got
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


class Together(Generic[T, R]):
    def __init__(self, do: Do[T, R], most: int = MOST) -> None:
        """`most`: how many are done at once."""
        self._do, self._most = do, most
        self._lock = Lock()
        self._lines: dict[Hashable, list[_Place[T, R]]] = {}  # of those for whom one is at work

    def ask(self, line: Hashable, asked: T) -> R:
        """Raises what `do` gives for it or raises, and OperationalError when it was left waiting:
        then nothing was done."""
        place: _Place[T, R] = _Place(asked)
        if not self._is_first(line, place):
            self._wait(line, place)
        if not place.got:
            self._do_all(line, place)
        return place.take()

    def _is_first(self, line: Hashable, place: _Place[T, R]) -> bool:
        with self._lock:
            if line in self._lines:
                self._lines[line].append(place)
                return False
            self._lines[line] = []
            return True

    def _wait(self, line: Hashable, place: _Place[T, R]) -> None:
        _give_back()
        if place.woken.wait(PATIENCE_S):
            return
        with self._lock:
            others = self._lines.get(line, [])
            if left := place in others:
                others.remove(place)
        if left:
            raise OperationalError("nobody has come to it for long")
        place.woken.wait()  # somebody is at it: it may be done already

    def _do_all(self, line: Hashable, first: _Place[T, R]) -> None:
        with self._lock:
            others = self._lines[line]
            places = [first, *others[: self._most - 1]]
            del others[: self._most - 1]
        following = [line]

        def go_on() -> None:
            if following:
                self._wake_next(following.pop())

        outcomes: Sequence[R | BaseException] = []
        try:
            outcomes = self._do([place.asked for place in places], go_on)
        except BaseException as error:  # noqa: BLE001 - raised by each that was asked for
            outcomes = [error] * len(places)
        finally:
            go_on()
            for place, outcome in zip(places, outcomes, strict=True):
                place.give(outcome)

    def _wake_next(self, line: Hashable) -> None:
        with self._lock:
            if others := self._lines[line]:
                others.pop(0).woken.set()
            else:
                del self._lines[line]


def _give_back() -> None:
    """Of a pool's few connections, those who only wait hold none: others would wait for them."""
    if connection.settings_dict["OPTIONS"].get("pool"):
        with suppress(DatabaseError, InterfaceError):
            connection.close()
