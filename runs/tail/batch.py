"""Events for one reader: those after its cursor, or all of them after a reset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Event
from workflows.wire.state import State, accepts

MOST = 16  # events at once: a reader that does not read keeps no more, and they may be large


@dataclass(frozen=True, slots=True)
class Batch:
    """`reset`: the log was rebuilt under the reader, and `events` begins at its beginning."""

    events: tuple[Event, ...]
    reset: bool = False

    @property
    def terminal(self) -> bool:
        return bool(self.events) and self.events[-1].terminal

    @classmethod
    def cut(cls, events: Sequence[Event], after: Cursor) -> Self:
        """What comes after `after` in a whole log."""
        for number, event in enumerate(events):
            if event.id == after:
                return cls(tuple(events[number + 1 :]))
        return cls(tuple(events), reset=after != ZERO)


def follow(cursor: Cursor, events: Iterable[Event]) -> bool:
    """Whether a reader at `cursor` may take these events, one after the other (rule 6)."""
    for event in events:
        if not accepts(State(cursor=cursor), event):
            return False
        cursor = event.id
    return True
