"""The projector: the log to SQL, idempotent by the cursor; then the end, and letting go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.model.agenda import Process, Steps
from tests.model.sql import Finished, Row
from tests.model.world import BLOB, DUE, LEASE_KEY, LOG, RUN, TTL, Unknown, World
from workflows.wire.cursor import ZERO
from workflows.wire.events import Event
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State, accepts


class Projector:
    """`events` is the log as it was read, `state` its fold, `said` what spans had said at their
    end. All of it can be dropped at any time."""

    def __init__(self, world: World, process: Process) -> None:
        self.world, self.process = world, process
        self.forget()

    def forget(self) -> None:
        self.state = EMPTY
        self.events: list[Event] = []
        self.said: dict[str, dict[str, str]] = {}

    def steps(self) -> Steps[None]:
        while True:
            yield self.world.chance.randint(200, self.world.poll)
            try:
                yield from self.poll()
            except Unknown:
                self.forget()

    def poll(self) -> Steps[None]:
        due = yield from self.world.ask(self.process, lambda: self.world.server.zscore(DUE, RUN))
        row = self.world.sql.row
        if due is None or row is None:
            return
        if row.finished:
            yield from self.let_go()
            return
        after = self.state.cursor if self.events else None
        news = yield from self.world.ask(self.process, lambda: self.world.events(after))
        # SQL is read before the log: its cursor then is of an event that must be there.
        if self.take(news) and self.events and self.may_write(row):
            yield from self.write(row)

    def take(self, news: list[Event]) -> bool:
        for event in news:
            if not accepts(self.state, event) and self.world.switches.readers_accept:
                self.forget()
                return False
            self.fold(event)
        return True

    def fold(self, event: Event) -> None:
        self.state = fold(self.state, [event])
        self.events.append(event)
        if event.kind == "span.completed" and event.span:
            self.said[event.span] = texts(self.state, event.span)

    def may_write(self, row: Row) -> bool:
        """While SQL's cursor is not in the log, the log is shorter; its restore is the monitor's.
        An end is taken all the same: nothing can follow it, a restore neither."""
        if self.state.cursor == row.cursor:
            return False
        met = row.cursor == ZERO or any(event.id == row.held for event in self.events)
        return met or self.state.ended or not self.world.switches.sql_stays

    def write(self, row: Row) -> Steps[None]:
        switches, ended = self.world.switches, self.state.ended
        if ended and not switches.let_go_after_sql:
            yield from self.let_go()
        changes = self.changes(row)
        if ended and switches.archive_with_end:
            changes["archive"] = tuple(self.events)
        if not self.world.sql.advance(row, **changes):
            self.forget()
            return
        self.world.note(self.process.name, f"writes up to {self.state.cursor}")
        if ended:
            if not switches.archive_with_end:
                yield 0
                self.world.sql.archive(tuple(self.events))
            yield from self.let_go()

    def changes(self, row: Row) -> dict[str, Any]:
        spans = finished_in(self.state, self.said)
        kept = row.spans if self.world.switches.sql_stays else {}
        return {
            "cursor": self.state.cursor,
            "status": self.state.status,
            "output": self.state.output,
            "starts": self.state.starts,
            "started_at": self.state.started_at,
            "spans": {**spans, **kept},
        }

    def let_go(self) -> Steps[None]:
        """The end is in SQL: the log may expire, and last of all leave `due`."""
        for key in (LOG, BLOB, LEASE_KEY):
            yield from self.world.ask(self.process, expiring(self.world, key))
        yield from self.world.ask(self.process, lambda: self.world.server.zrem(DUE, RUN))
        self.world.note(self.process.name, "lets go")


def finished(events: Iterable[Event]) -> dict[str, Finished]:
    """The finished spans of a log, by identity."""
    state = fold(EMPTY, events)
    return finished_in(state, {path: texts(state, path) for path in state.spans})


def finished_in(state: State, said: Mapping[str, dict[str, str]]) -> dict[str, Finished]:
    return {
        span.hash: Finished(span, said.get(span.path, {}))
        for span in state.spans.values()
        if span.status == "completed"
    }


def expiring(world: World, key: str) -> Any:
    return lambda: world.server.pexpire(key, TTL)


def texts(state: State, path: str) -> dict[str, str]:
    channels = state.channels.items()
    return {name: found.text for name, found in channels if found.span == path and not found.stale}
