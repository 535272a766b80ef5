"""One live run as a projector holds it: its row, the fold of its log, and what is not written yet.

`take` folds new events and writes the rows in one transaction. It never lets SQL go back: while
SQL's cursor is not met in the log, the log is shorter than SQL, and its restore is the monitor's.
Only an end is taken all the same, since nothing can follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from django.db import transaction

from runs import rows, signals, totals
from runs.audit import audit
from runs.models import BEFORE, LARGE, LogArchive, Notice, Run, Span
from runs.rows import Said
from runs.standing import opening
from workflows.wire.cursor import FIRST, ZERO, Cursor
from workflows.wire.events import Event, SpanCompleted, SpanFailed
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State, accepts

WRITTEN = [field.name for field in Span._meta.concrete_fields if field.name not in ("id", "run")]


class Outcome(Enum):
    GOES_ON = "goes on"
    ASTRAY = "astray"  # what is in memory cannot go on: drop it and begin again from the row
    ENDED = "ended"


class Followed:
    def __init__(self, run: Run) -> None:
        self.run = run
        self.known = ZERO  # what the rows hold though their cursor does not say so
        self.cool()

    def cool(self) -> None:
        """Forget the fold; it is made again when the log has news."""
        self.state: State | None = None
        self.written = EMPTY
        self.said: dict[str, Said] = {}
        self.met = False  # SQL's cursor was met in the log

    @property
    def position(self) -> Cursor:
        """Everything after this is news."""
        if self.state is not None:
            return self.state.cursor
        cursor = max(self.run.cursor, self.known)
        return opening(cursor).before() if cursor.seq == BEFORE else cursor

    def take(self, events: Sequence[Event], whole: Callable[[], list[Event]]) -> Outcome:
        """Fold news and write it. `whole` reads the log from its beginning."""
        if self.state is None:
            self.state, self.met = EMPTY, self.run.cursor == ZERO
            events = whole()
        if not chained(self.state, events):
            return Outcome.ASTRAY
        now = self._fold(self.state, events)
        if now.ended:
            return self._end(now, whole())
        if self.met:
            return self._advance(now, events)
        return self._unmet(now)

    def _fold(self, state: State, events: Sequence[Event]) -> State:
        """Fold what the rows hold, then the news, minding what each span had said at its end."""
        cut = 0 if self.met else self._cut(events)
        if cut:
            self.written = state = fold(state, events[:cut])
        for part in segments(events[cut:]):
            state = fold(state, part)
            last = part[-1]
            if isinstance(last.body, SpanCompleted | SpanFailed) and last.span:
                self.said[last.span] = rows.said(state, last.span)
        self.state = state
        return state

    def _cut(self, events: Sequence[Event]) -> int:
        """How many of these the rows hold: all of them unless SQL's cursor is met here."""
        cursor = self.run.cursor
        for number, event in enumerate(events):
            if event.id == opening(cursor):
                self.met = True
                return number if cursor.seq == BEFORE else number + 1
        return len(events)

    def _unmet(self, now: State) -> Outcome:
        """The log is elsewhere than SQL, or the row was moved since we read it."""
        cursor = self.run.cursor
        if now.cursor > cursor:
            self._refresh()
        return Outcome.GOES_ON if self.run.cursor == cursor else Outcome.ASTRAY

    def _advance(self, now: State, events: Sequence[Event]) -> Outcome:
        if now.cursor == self.run.cursor:
            return Outcome.GOES_ON
        if now.cursor == FIRST:
            # The row was there first and says all of it. Where thousands wait, to write that down
            # would keep others from starting theirs.
            self.known = FIRST
            return Outcome.GOES_ON
        # Twice, since another projector may have come a part of the way in between.
        for _ in range(2):
            if self._write(now):
                return self._wrote(now)
            self._refresh()
            if self.run.cursor == now.cursor:
                return self._wrote(now)
            if not any(event.id == self.run.cursor for event in events):
                break
        return Outcome.ASTRAY

    def _end(self, now: State, log: list[Event]) -> Outcome:
        """Status, output and archive in one transaction: from then on SQL is the truth."""
        if not (log and chained(EMPTY, log)) or log[-1].id != now.cursor:
            return Outcome.ASTRAY
        return Outcome.ENDED if self._write(now, log) else Outcome.ASTRAY

    def _wrote(self, now: State) -> Outcome:
        self.written, self.said = now, {}
        return Outcome.GOES_ON

    def _refresh(self) -> None:
        names = (field.name for field in Run._meta.concrete_fields)
        self.run.refresh_from_db(fields=[name for name in names if name not in LARGE])

    @transaction.atomic
    def _write(self, now: State, log: Sequence[Event] = ()) -> bool:
        """Rows and cursor together. False: another projector was first."""
        begun = self.run.started_at is None and now.started_at is not None
        self.run.heed_attempt(now.cursor.attempt)
        if not self.run.advance(now.cursor, **self._changes(now)):
            return False
        if log:
            audit(self.run, now)
        totals.settle(self.run)
        if log:
            Span.objects.filter(run=self.run, status__in=("running", "retrying")).update(
                status="lost"
            )
            LogArchive.keep(self.run, log)
        changed = list(self._changed(now))
        Span.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN,
            batch_size=50,
        )  # fmt: skip
        Notice.objects.bulk_create(self._notices(now, changed, begun=begun))
        return True

    def _changes(self, now: State) -> dict[str, Any]:
        # What a restore tells of had finished before: it speaks for nobody.
        cleared = not now.suspect and any(self._finished(now))
        progress = {"crashes": 0, "deaths": 0} if cleared else {}
        return rows.run_changes(self.run, now) | progress | self._heard(now)

    def _heard(self, now: State) -> dict[str, Any]:
        """It is large, and seldom another one."""
        heard = rows.heard(now)
        return {} if heard == rows.heard(self.written) and not now.ended else {"heard": heard}

    def _changed(self, now: State) -> Iterator[Span]:
        """The rows of the spans that are not as they were written: fold replaces what changes."""
        for number, (path, span) in enumerate(now.spans.items()):
            if span is not self.written.spans.get(path):
                yield rows.span_row(self.run.id, number, span, self.said.get(path, {}))

    def _finished(self, now: State) -> Iterator[str]:
        return (path for path in self.said if now.spans[path].status == "completed")

    def _notices(self, now: State, changed: Iterable[Span], *, begun: bool) -> Iterator[Notice]:
        if begun and signals.run_started.has_listeners(Run):
            yield Notice(run=self.run, kind=Notice.Kind.STARTED)
        if signals.span_finished.has_listeners(Run):
            for span in changed:
                if span.path in self.said and span.status in ("completed", "failed"):
                    yield Notice(run=self.run, kind=Notice.Kind.SPAN, span=span)
        if now.ended and signals.run_finished.has_listeners(Run):
            yield Notice(run=self.run, kind=Notice.Kind.FINISHED)


def chained(state: State, events: Iterable[Event]) -> bool:
    """Whether each event follows the one before it (rule 6 of the log)."""
    for event in events:
        if not accepts(state, event):
            return False
        state = State(cursor=event.id)
    return True


def segments(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """The events, cut after each end of a span."""
    start = 0
    for number, event in enumerate(events, start=1):
        if isinstance(event.body, SpanCompleted | SpanFailed):
            yield events[start:number]
            start = number
    if start < len(events):
        yield events[start:]
