"""A run's log and state, wherever they are: readers never notice that a stream has expired.

A finished run is read from its archive, a live one from Redis. While Redis is away, or has less
than SQL, a live run is what its rows remember, and `live` is False.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from channels.db import database_sync_to_async
from redis.exceptions import RedisError

from runs import connections, folds, rows, standing
from runs.models import LogArchive, Run
from workflows.wire import log
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Event
from workflows.wire.faults import Fault, unpacked
from workflows.wire.faults import read as faults_of
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State


@dataclass(frozen=True, slots=True)
class History:
    """The events after a reader's cursor. `reset`: its cursor is not in this log, so that it must
    forget what it has and take these, which are the whole log. `live`: Redis answered for them, or
    the run is finished; when False, nothing is known beyond what SQL has."""

    events: tuple[Event, ...]
    reset: bool = False
    live: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """A run's state, and whether it is fresh (`live` as in History)."""

    state: State
    live: bool = True


def read(run: Run, after: Cursor | None = None) -> History:
    """The log after `after`; all of it when `after` is None or not in the log."""
    found = _log(run)
    if found is None:
        return History((), live=False)
    return _after(found, after)


def events(run: Run, after: Cursor | None = None) -> list[Event]:
    return list(read(run, after).events)


def view(run: Run) -> View:
    try:
        # The log may have gone to the archive since the row was read.
        found = None if run.finished else _folded(run) or _archived(run)
    except RedisError:
        found = None
    return remembered(run) if found is None else View(found)


def remembered(run: Run) -> View:
    """What SQL alone knows: all of a finished run."""
    if run.finished:
        return View(fold(EMPTY, run.archive.events))
    return View(rows.remembered(run, run.spans.all()), live=False)


def faults(run: Run) -> list[Fault]:
    """Errors whole, for staff; none that can be had while Redis is away."""
    if run.finished and (kept := run.archive.faults):
        return unpacked(kept)
    try:
        return faults_of(connections.redis(), str(run.id))
    except RedisError:
        return []


def state(run: Run) -> State:
    return view(run).state


aread = database_sync_to_async(read)


def _log(run: Run) -> list[Event] | None:
    """The whole log; None when a live run's log cannot be had."""
    if run.finished:
        return run.archive.events
    try:
        return _hot(run)
    except RedisError:
        return None


def _hot(run: Run) -> list[Event] | None:
    client = connections.redis()
    found = log.read(client, str(run.id))
    if _holds(found, run.cursor):
        return found
    # The run may have ended, and its log gone, since the row was read.
    archive = LogArchive.objects.filter(run=run.pk).first()
    return None if archive is None else archive.events


def _folded(run: Run) -> State | None:
    client = connections.redis()
    [found] = standing.look(client, [run])
    return folds.state(client, str(run.id)) if found.whole else None


def _archived(run: Run) -> State | None:
    archive = LogArchive.objects.filter(run=run.pk).first()
    return None if archive is None else fold(EMPTY, archive.events)


def _holds(found: list[Event], cursor: Cursor) -> bool:
    if not found:
        return False
    return cursor == ZERO or _has(found, standing.opening(cursor))


def _after(found: list[Event], after: Cursor | None) -> History:
    if after is None or after == ZERO:
        return History(tuple(found))
    if not _has(found, after):
        return History(tuple(found), reset=True)
    return History(tuple(event for event in found if event.id > after))


def _has(found: Iterable[Event], id: Cursor) -> bool:
    return any(event.id == id for event in found)
