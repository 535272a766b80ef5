"""Logs by hand: events with their ids, and hypothesis strategies for them."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Call,
    Error,
    Event,
    Limits,
    Log,
    Object,
    RunAnswered,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunRestored,
    RunSignalled,
    RunStarted,
    RunWaiting,
    SpanCompleted,
    SpanFailed,
    SpanRetrying,
    SpanStarted,
    Status,
    Text,
    Usage,
)

AT = 1_763_693_121_123

names = st.sampled_from(["blog[0]", "blog[0]/outline[0]", "blog[0]/write_section[1]"])
words = st.text(max_size=12)
errors = st.builds(Error, st.sampled_from(["timeout", "internal"]), words, st.booleans())
numbers = st.none() | st.integers(0, 10**6)
calls = st.builds(Call, words, words, numbers, numbers, st.none() | st.floats(0, 9), numbers, words)
usages = st.builds(Usage, st.lists(calls, max_size=2).map(tuple))
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
bodies: st.SearchStrategy[Body] = st.one_of(
    st.builds(RunQueued, words, st.integers(1, 9), words, json, st.builds(Limits, numbers)),
    st.builds(RunStarted, words, st.integers(1, 9), words, st.integers(0, 9)),
    st.builds(RunRestored, st.integers(0, 5), numbers),
    st.builds(RunWaiting, words, words, json, json, numbers),
    st.builds(RunAnswered, words, words, json),
    st.builds(RunSignalled, words, st.sampled_from(["finish", "hold"]), json),
    st.builds(RunCompleted, json),
    st.builds(RunFailed, errors),
    st.builds(RunCancelled, words, words),
    st.builds(SpanStarted, words, words, st.none() | words, words, st.none() | words, words),
    st.builds(SpanRetrying, st.integers(1, 9), st.integers(1, 9), st.floats(0, 60), errors, words),
    st.builds(SpanCompleted, json, st.floats(0, 1e6), st.integers(1, 9), st.booleans(),
              st.none() | words, usages),
    st.builds(SpanFailed, errors, st.floats(0, 1e6), st.integers(1, 9), usages),
    st.builds(Status, words, numbers, numbers),
    st.builds(Text, st.sampled_from(["section-1", "section-2"]), st.integers(0, 20), words),
    st.builds(Object, st.sampled_from(["outline", "profile"]), json),
    st.builds(Log, words, words),
)  # fmt: skip


@st.composite
def logs(draw: st.DrawFn, size: int = 25) -> list[Event]:
    """Events with rising ids: what fold may be given, sensible or not."""
    said = draw(st.lists(st.tuples(names, bodies), max_size=size))
    attempt, seq = 0, 0
    events: list[Event] = []
    for span, body in said:
        opens = isinstance(body, RunStarted | RunRestored)
        after = Cursor(attempt, seq)
        attempt, seq = (attempt + 1, 0) if opens else (attempt, seq + 1)
        nonce = f"n{attempt}" if opens else ""
        events.append(
            Event(
                Cursor(attempt, seq), AT + len(events), span, body, after if opens else None, nonce
            )
        )
    return events


def log(*said: Body | tuple[str, Body]) -> list[Event]:
    """A log as the protocol writes it: run.queued is `0-1`, openings begin an attempt."""
    attempt, seq = 0, 0
    events: list[Event] = []
    for part in said:
        span, body = part if isinstance(part, tuple) else (None, part)
        opens = isinstance(body, RunStarted | RunRestored)
        after = Cursor(attempt, seq) if opens else None
        attempt, seq = (attempt + 1, 0) if opens else (attempt, seq + 1)
        events.append(
            Event(Cursor(attempt, seq), AT + len(events), span, body, after, "n" if opens else "")
        )
    return events


def ids(events: Iterable[Event]) -> list[str]:
    return [str(event.id) for event in events]
