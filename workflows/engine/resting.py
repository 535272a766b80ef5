"""A step that waits for its turn: its clocks stand still, and no drain waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from workflows.engine.clock import Clock
from workflows.engine.identity import Place
from workflows.engine.standing import Standing

if TYPE_CHECKING:
    from workflows.engine.attempt import Attempt

T = TypeVar("T")


class Resting(Standing):
    """The part of a span that waits for turns at providers."""

    def __init__(self, attempt: Attempt, place: Place, parent: Resting | None) -> None:
        super().__init__(attempt, place)
        self.tries = 0  # begun, the one under way included
        self._above = parent
        self.clock: Clock | None = None  # of this try
        self._resting = 0  # calls
        self.asleep = 0  # between two tries: its own, or those of its calls

    @property
    def number(self) -> int:
        return self.attempt.tried[self.place.digest] + self.tries

    @property
    def rests(self) -> bool:
        """All that it has under way waits: for a turn, or for the next try."""
        waits = self._resting + self.asleep > 0
        return waits and self._resting >= self.budget.held_by(self)

    def timed(self, clock: Clock) -> None:
        self.clock = clock

    async def idle(self, turn: Awaitable[T]) -> T:
        self._resting += 1
        self.attempt.look_idle()
        try:
            with self._standing_still():
                got = await turn
                # A drain that began meanwhile keeps us here: another worker makes this try.
                await self.attempt.may_begin()
                return got
        finally:
            self._resting -= 1

    async def sleep(self, seconds: float) -> None:
        self.asleep += 1
        self.attempt.look_idle()
        try:
            await asyncio.sleep(seconds)
            # A drain that began meanwhile keeps us here: another worker makes the next try.
            await self.attempt.may_begin()
        finally:
            self.asleep -= 1

    def held_up(self, words: str) -> None:
        status = self.attempt.held_up.because(self.path, words)
        if status is not None:
            *_, root = self._line()
            self.attempt.record(status, span=root.path)

    @contextmanager
    def _standing_still(self) -> Iterator[None]:
        """The time-outs of the span's try, and of those above it, do not run meanwhile."""
        clocks = [frame.clock for frame in self._line() if frame.clock is not None]
        for clock in clocks:
            clock.stop()
        try:
            yield
        finally:
            for clock in clocks:
                clock.go_on()

    def _line(self) -> Iterator[Resting]:
        """From this span to the workflow's own."""
        frame: Resting | None = self
        while frame is not None:
            yield frame
            frame = frame._above
