"""Folds of live logs, kept for whoever asks next: then only what is new is folded.

A page, or a program that polls, would else cost as much as the run is long, each time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from redis import Redis

from workflows.wire import log
from workflows.wire.events import Event
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State

MOST = 16  # runs: one that reads a large site holds some megabytes


class Folds:
    """States by run, for any number of threads. The longest unasked is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, State] = OrderedDict()
        self._lock = threading.Lock()

    def state(self, client: Redis, run: str) -> State | None:
        """As the log is now; None without a log. Raises RedisError."""
        with self._lock:
            kept = self._kept.get(run, EMPTY)
        found = log.read(client, run, kept.cursor.before())
        news = _after(kept, found)
        if news is None:  # another log than ours
            kept, news = EMPTY, log.read(client, run)
        return self._keep(run, fold(kept, news)) if news or kept is not EMPTY else None

    def _keep(self, run: str, state: State) -> State:
        with self._lock:
            self._kept[run] = state
            self._kept.move_to_end(run)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return state


def _after(kept: State, found: list[Event]) -> list[Event] | None:
    """What follows the state; None when its last event is not there."""
    if kept is EMPTY:
        return found
    return found[1:] if found and found[0].id == kept.cursor else None


_folds = Folds()
state = _folds.state
