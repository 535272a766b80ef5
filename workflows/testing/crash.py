"""A worker that dies at a place in its log: what it said until then is there, and nothing after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflows.engine.errors import LeaseLost
from workflows.engine.journal import Journal
from workflows.engine.masking import Mask
from workflows.engine.writer import Writer
from workflows.wire.cursor import Cursor
from workflows.wire.events import Body


@dataclass(frozen=True)
class Crash:
    """After so many events of a kind, counted in one attempt."""

    kind: str
    number: int


def crash_at(kind: str, number: int = 1) -> Crash:
    """The worker dies as soon as its `number`-th event of this kind is in the log. Its opening,
    `run.started`, is not one that it says: the first that it does is `span.started`.

    >>> crash_at("span.completed", 3)
    Crash(kind='span.completed', number=3)
    """
    if number < 1:
        raise ValueError("an event is counted from 1")
    return Crash(kind, number)


class Mortal:
    """What decides when a worker dies."""

    died = False

    def dies_at(self, body: Body, span: str | None) -> bool:
        """Whether this event is the last that the worker says."""
        return False


class Counting(Mortal):
    """Dies of a crash."""

    def __init__(self, crash: Crash) -> None:
        self._kind, self._left = crash.kind, crash.number

    def dies_at(self, body: Body, span: str | None) -> bool:
        self._left -= body.kind == self._kind
        return not self._left


class MortalJournal(Journal):
    """Takes nothing after the event at which its worker dies."""

    def __init__(self, mortal: Mortal, die: Callable[[str, int], None], *words: Any, **more: Any):
        super().__init__(*words, **more)
        self._mortal, self._die, self._dead = mortal, die, False

    def put(self, body: Body, *, span: str | None, **more: Any) -> None:
        if self._dead:
            return  # what a dead process would say nobody hears
        super().put(body, span=span, **more)
        if self._mortal.dies_at(body, span):
            self._dead = True
            self._schedule(self, False)

    def acknowledge(self, sent_at: float) -> None:
        super().acknowledge(sent_at)
        if self._dead and not self.waiting:
            self._die(self.run, self.tip.attempt)


class MortalWriter(Writer):
    """The writer of a process that may die. `lose`: the executor's."""

    lose: Callable[[str, int, LeaseLost], None]

    def __init__(self, client: Any, mortal: Mortal) -> None:
        super().__init__(client)
        self._mortal = mortal

    def journal(self, run: str, tip: Cursor, mask: Mask | None = None) -> Journal:
        mask = mask or self.mask
        return MortalJournal(
            self._mortal, self._end, run, tip, mask=mask.encoded, schedule=self._schedule
        )

    def _end(self, run: str, attempt: int) -> None:
        """Not a refusal of the log's, and no hand-over: so that nobody lets go of the lease."""
        self._mortal.died = True
        self.lose(run, attempt, LeaseLost("this worker was killed by its test"))
