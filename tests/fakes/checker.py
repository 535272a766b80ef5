"""The oracle: is a log well-formed, does it agree with the provider's ledger and with SQL?

Each violation is a sentence; no sentence means that every promise was kept. It looks only at what
is written down: it shares no code with the writers, and of the readers only codec and fold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis import Redis

from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Event,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunRestored,
    RunStarted,
    SpanCompleted,
    SpanFailed,
    SpanStarted,
    Text,
)
from workflows.wire.fold import fold
from workflows.wire.log import read
from workflows.wire.state import EMPTY, State

Row = Mapping[str, Any]
Line = Mapping[str, Any]


def violations(
    client: Redis,
    runs: Iterable[str],
    *,
    ledger: Sequence[Line] = (),
    rows: Mapping[str, Row] | None = None,
    allowed_open: int = 0,
) -> list[str]:
    """Of all ended `runs`. `rows`: run → status, cursor, output as SQL has them. `allowed_open`:
    how many provider calls were under way when something was killed, and may be made again.
    """
    logs = {run: read(client, run) for run in runs}
    found = [f"{run}: {told}" for run, events in logs.items() for told in log_violations(events)]
    for run, row in (rows or {}).items():
        state = fold(EMPTY, logs.get(run, []))
        found += [f"{run}: {told}" for told in row_violations(state, row)]
    if ledger:
        found += ledger_violations(ledger, allowed_open)
        found += usage_violations(logs.values(), ledger)
    return found


def log_violations(events: Sequence[Event]) -> list[str]:
    if not events:
        return ["there is no log"]
    reading = _Reading()
    for event in events:
        reading.take(event)
    return [*reading.found, *_end_violations(events)]


def _end_violations(events: Sequence[Event]) -> list[str]:
    ends = [event for event in events if event.terminal]
    if len(ends) != 1:
        return [f"{len(ends)} terminal events: {', '.join(str(e.id) for e in ends) or 'none'}"]
    if ends[0] is not events[-1]:
        return [f"{ends[0].id} is terminal and {events[-1].id} comes after it"]
    return []


@dataclass
class _Reading:
    """What has been read of one log, and what was wrong with it."""

    found: list[str] = field(default_factory=list)
    tip: Cursor | None = None
    lengths: dict[str, int] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    finished: dict[str, Cursor] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        self._id(event)
        self.tip = event.id
        match event.body:
            case RunRestored():
                # What follows is complete: spans and texts are said anew.
                self.lengths, self.identities, self.finished = {}, {}, {}
            case Text() as text:
                self._text(event, text)
            case SpanStarted() as started:
                self._started(event, started)
            case SpanCompleted() | SpanFailed():
                self._ended(event)
            case _:
                pass

    def _id(self, event: Event) -> None:
        if self.tip is None:
            self._first(event)
        elif event.id.attempt == self.tip.attempt:
            self._next(event, self.tip)
        else:
            self._opening(event, self.tip)

    def _first(self, event: Event) -> None:
        queued = isinstance(event.body, RunQueued) and event.id == Cursor(0, 1)
        restored = isinstance(event.body, RunRestored) and event.id.seq == 0
        if not queued and not restored:
            self.found.append(f"the log begins with {event.id} {event.kind}")

    def _next(self, event: Event, tip: Cursor) -> None:
        if event.id.seq != tip.seq + 1:
            self.found.append(f"{event.id} comes after {tip}")
        if event.after is not None:
            self.found.append(f"{event.id} is an opening in the midst of its attempt")

    def _opening(self, event: Event, tip: Cursor) -> None:
        if event.id.attempt < tip.attempt:
            self.found.append(f"{event.id} is of an older attempt than {tip}")
        if event.id.seq != 0:
            self.found.append(f"attempt {event.id.attempt} begins with {event.id}")
        if event.after != tip:
            self.found.append(f"{event.id} says that it follows {event.after}, and follows {tip}")

    def _text(self, event: Event, text: Text) -> None:
        length = self.lengths.get(text.channel, 0)
        if text.at > length:
            why = f"writes at {text.at} in {text.channel!r}, which has {length} characters"
            self.found.append(f"{event.id} {why}")
        self.lengths[text.channel] = text.at + len(text.delta)

    def _started(self, event: Event, started: SpanStarted) -> None:
        self.identities[event.span or ""] = started.hash
        if started.hash in self.finished:
            when = self.finished[started.hash]
            self.found.append(f"{event.id} runs {event.span} again, which finished at {when}")

    def _ended(self, event: Event) -> None:
        identity = self.identities.pop(event.span or "", None)
        if identity is None:
            self.found.append(f"{event.id} ends {event.span}, which had not begun")
        elif isinstance(event.body, SpanCompleted):
            self.finished[identity] = event.id


def ledger_violations(lines: Sequence[Line], allowed_open: int = 0) -> list[str]:
    """No request that the provider finished is made again, but for those open at a kill."""
    starts = {line["call"]: line for line in lines if line["event"] == "start"}
    done = [starts[line["call"]] for line in lines if _finished(line)]
    often = {asked: n for asked, n in Counter(s["hash"] for s in done).items() if n > 1}
    again = sum(often.values()) - len(often)
    if again <= allowed_open:
        return []
    names = sorted({str(s["schema"] or s["model"]) for s in done if s["hash"] in often})
    told = f"{again} finished calls were made again, {allowed_open} may be: {', '.join(names)}"
    return [told]


def usage_violations(logs: Iterable[Sequence[Event]], lines: Sequence[Line]) -> list[str]:
    """What the logs say was answered, the provider must have finished."""
    counted = sum(map(answered, logs))
    done = sum(_finished(line) for line in lines)
    if counted <= done:
        return []
    return [f"the logs count {counted} answered calls, the provider finished {done}"]


def _since_restored(events: Sequence[Event]) -> Sequence[Event]:
    """What a restore wrote is complete: counting what it follows as well would count twice."""
    restored = [n for n, event in enumerate(events) if isinstance(event.body, RunRestored)]
    return events[restored[-1] :] if restored else events


def balance_violations(logs: Iterable[Sequence[Event]], lines: Sequence[Line]) -> list[str]:
    """Each call that the provider finished is in a log, or was open when its worker died: then the
    log has its span, begun and left. So what was paid twice is known one by one."""
    told = list(logs)
    doubt = sum(in_doubt(events) for events in told)
    counted = sum(map(answered, told))
    done = sum(_finished(line) for line in lines)
    if counted <= done <= counted + doubt:
        return []
    return [f"the provider finished {done} calls; the logs have {counted} and left {doubt} open"]


def answered(events: Sequence[Event]) -> int:
    """Calls that the log says were answered."""
    return sum(
        call.status == "ok"
        for event in _since_restored(events)
        if isinstance(event.body, SpanCompleted | SpanFailed)
        for call in event.body.usage.calls
    )


def in_doubt(events: Sequence[Event]) -> int:
    """How many spans that may have had a call were open when their attempt ended: those which no
    other open span is part of."""
    open_spans: set[str] = set()
    left = 0
    for event in events:
        match event.body:
            case SpanStarted():
                open_spans.add(event.span or "")
            case SpanCompleted() | SpanFailed():
                open_spans.discard(event.span or "")
            case RunStarted() | RunCompleted() | RunFailed() | RunCancelled():
                left += sum(not _has_inner(span, open_spans) for span in open_spans)
                open_spans.clear()
            case _:
                pass
    return left


def _has_inner(span: str, others: Iterable[str]) -> bool:
    return any(other.startswith(f"{span}/") for other in others)


def row_violations(state: State, row: Row) -> list[str]:
    """SQL says the same as the log, as far as the row has it."""
    meant = {"status": state.status, "cursor": str(state.cursor), "output": state.output}
    told = {**row, "cursor": str(row["cursor"])} if "cursor" in row else dict(row)
    return [
        f"SQL has {name} {told[name]!r}, the log {meant[name]!r}"
        for name in meant
        if name in told and told[name] != meant[name]
    ]


def _finished(line: Line) -> bool:
    return (line["event"], line.get("status")) == ("end", "ok")
