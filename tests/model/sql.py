"""One row of SQL and its spans. Each method is one transaction with one winner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.model.switches import Switches
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Event
from workflows.wire.state import ENDED, Span

BEFORE = -1  # the seq of a cursor just before an opening


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished span, and what it had said."""

    span: Span
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    created: int = 0
    attempt: int = 1
    server: str = ""  # the start of Redis under which that number was taken
    cursor: Cursor = ZERO
    status: str = "queued"
    output: Any = None
    starts: int = 0
    started_at: int | None = None
    spans: Mapping[str, Finished] = field(default_factory=dict)  # by identity
    archive: tuple[Event, ...] | None = None

    @property
    def finished(self) -> bool:
        return self.status in ENDED

    @property
    def held(self) -> Cursor:
        """The event that a log must have to hold what SQL has of it."""
        return Cursor(self.cursor.attempt, 0) if self.cursor.seq == BEFORE else self.cursor


class Sql:
    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.row: Row | None = None  # None: the run was not inserted yet
        self.went_back = ""

    @property
    def live(self) -> Row | None:
        return None if self.row is None or self.row.finished else self.row

    def insert(self, server: str, now: int, spans: Mapping[str, Finished]) -> None:
        self.row = Row(server=server, created=now, spans=spans)

    def take(self, seen: Row, server: str) -> int | None:
        """The next attempt's number; None for whoever comes second."""
        row = self.live
        if row is None or row.attempt != seen.attempt:
            return None
        self._set(replace(row, attempt=row.attempt + 1, server=server))
        return row.attempt + 1

    def rewind(self, seen: Row) -> int | None:
        """The next attempt's number, for a restore: no projector of the old log writes any more."""
        row = self.live
        if row is None or (row.attempt, row.cursor) != (seen.attempt, seen.cursor):
            return None
        attempt = row.attempt + 1
        self._set(replace(row, attempt=attempt, cursor=Cursor(attempt, BEFORE)))
        return attempt

    def advance(self, seen: Row, **changes: Any) -> bool:
        row = self.live
        if row is None or row.cursor != seen.cursor:
            return False
        self._set(replace(row, **changes))
        return True

    def archive(self, events: tuple[Event, ...]) -> None:
        """Only for the broken rule 8: the archive in a transaction of its own."""
        if self.row is not None:
            self.row = replace(self.row, archive=events)

    def _set(self, row: Row) -> None:
        had, self.row = self.row, row
        if had is None:
            return
        # An end is taken wherever the log has it: after a cut that may be in an older attempt.
        if row.attempt < had.attempt:
            self.went_back = f"attempt from {had.attempt} to {row.attempt}"
        if row.cursor < had.cursor and not row.finished:
            self.went_back = f"cursor from {had.cursor} to {row.cursor}"
        if had.spans.keys() - row.spans.keys():
            self.went_back = f"spans lost: {sorted(had.spans.keys() - row.spans.keys())}"
