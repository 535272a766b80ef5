"""Logs that other people's workers write: what cannot be read means nothing and hides nothing."""

from typing import Any

import pytest

from workflows.wire import codec, log
from workflows.wire.cursor import Cursor
from workflows.wire.events import Event, RunFailed, RunQueued, SpanStarted, Status, Unknown
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY

ERROR = {"type": "internal", "message": "It broke."}
SPAN = {"name": "blog", "hash": "h"}
WRONG: list[tuple[str, Any]] = [
    ("text", {"channel": "a", "at": "0", "delta": "x"}),
    ("text", {"channel": "a", "at": -5, "delta": "x"}),
    ("text", {"channel": ["a"], "at": 0, "delta": "x"}),
    ("text", {"channel": "a", "at": 0, "delta": 5}),
    ("status", {"message": 5}),
    ("status", {"message": "x", "done": "half"}),
    ("object", {"label": {}, "value": 1}),
    ("log", {"level": "info"}),
    ("span.started", SPAN | {"name": 5}),
    ("span.started", SPAN | {"key": 5}),
    ("span.completed", {"tries": 2**40}),
    ("span.completed", {"duration_ms": "long"}),
    ("span.completed", {"usage": None}),
    ("span.completed", {"usage": {}}),
    ("span.completed", {"usage": {"calls": [{"provider": "p"}]}}),
    ("span.completed", {"usage": {"calls": [{"provider": "p", "model": "m", "cost_usd": "1"}]}}),
    ("span.failed", {"error": "it broke"}),
    ("span.failed", {"error": ERROR | {"message": None}}),
    ("span.retrying", {"try": 1, "of": 3, "delay_s": None, "error": ERROR}),
    ("run.started", {"worker": "w", "version": "1"}),
    ("run.waiting", {"key": "k", "until": "tomorrow"}),
    ("run.signalled", {"id": 1, "name": "hold"}),
    ("run.queued", {"workflow": "w", "version": 1, "owner": "1", "input": 1, "limits": [1]}),
    ("text", None),
    ("text", [1]),
    ("text", "x"),
]  # fmt: skip


def entry(kind: str, data: Any) -> dict[bytes, bytes]:
    said = {"v": 1, "at": 1, "span": "blog[0]", "data": data}
    return {b"kind": kind.encode(), b"data": codec.dumps(said)}


def before() -> list[Event]:
    queued = RunQueued("blog", 1, "1", {})
    return [
        Event(Cursor(0, 1), 1, None, queued),
        Event(Cursor(1, 1), 2, "blog[0]", SpanStarted("blog", "h")),
        Event(Cursor(1, 2), 3, "blog[0]", Status("at work")),
    ]


@pytest.mark.parametrize(("kind", "data"), WRONG)
def test_what_does_not_fit_its_kind_means_nothing(kind: str, data: Any) -> None:
    event = codec.decode(b"1-3", entry(kind, data))
    assert isinstance(event.body, Unknown)
    had = fold(EMPTY, before())
    now = fold(had, [event])
    assert (now.spans, now.channels, now.status) == (had.spans, had.channels, had.status)
    assert codec.from_json(codec.loads(codec.dumps(codec.to_json(event)))) == event


ENDS: list[tuple[str, Any]] = [
    ("run.failed", None),
    ("run.failed", {}),
    ("run.failed", {"error": "no"}),
    ("run.failed", {"error": {}}),
    ("run.cancelled", {"by": 5}),
    ("run.cancelled", {"reason": []}),
]


@pytest.mark.parametrize(("kind", "data"), ENDS)
def test_an_end_is_one_though_it_cannot_be_read(kind: str, data: Any) -> None:
    event = codec.decode(b"1-3", entry(kind, data))
    state = fold(EMPTY, [*before(), event])
    assert (event.terminal, state.status) == (True, "failed")
    assert isinstance(event.body, RunFailed)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {b"kind": b"text"},
        {b"kind": b"text", b"data": b"{"},
        {b"kind": b"\xff", b"data": b"[]"},
        {b"data": b'{"at": "now", "span": 5}', b"kind": b"status"},
        {b"kind": b"status", b"data": b'{"at": 1e300, "span": [], "data": {"message": "x"}}'},
    ],
)
def test_an_entry_that_is_no_event_hides_no_other(fields: dict[bytes, bytes]) -> None:
    events = log.decode_entries([(b"1-3", fields), (b"1-4", entry("status", {"message": "on"}))])
    assert [event.id for event in events] == [Cursor(1, 3), Cursor(1, 4)]
    state = fold(EMPTY, [*before(), *events])
    assert state.spans["blog[0]"].message == "on"


@pytest.mark.parametrize("ms", [-1, 0, 2**53, 10**15])
def test_every_time_is_a_day_of_the_calendar(ms: int) -> None:
    event = Event(Cursor(1, 1), ms, None, Status("x"))
    assert codec.to_json(event)["at"][:4] in ("1970", "9999")


def test_numbers_of_any_size_can_be_said() -> None:
    assert codec.dumps({"a": 2**70, "b": [-(2**64)]}) == b'{"a":%d,"b":[%d]}' % (2**70, -(2**64))
