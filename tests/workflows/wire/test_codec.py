"""Events to bytes and back."""

import hashlib

import pytest
from hypothesis import given

from tests.workflows.wire.logs import AT, bodies, logs
from workflows.wire import codec
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Call,
    Error,
    Event,
    Log,
    Object,
    RunCompleted,
    RunFailed,
    SpanCompleted,
    Text,
    Unknown,
    Usage,
)


def through(body: Body, **extra: object) -> Event:
    packed = codec.encode(body, at=AT, span="blog[0]", extra=extra)
    entry = {b"kind": packed.kind.encode(), b"data": packed.data}
    event = codec.decode(b"1-2", entry)
    return codec.with_blobs(event, {sha: codec.loads(raw) for sha, raw in packed.blobs.items()})


@given(bodies)
def test_every_body_comes_back_as_it_was(body: Body) -> None:
    assert through(body) == Event(Cursor(1, 2), AT, "blog[0]", body)


@given(logs())
def test_events_survive_the_json_that_programs_get(events: list[Event]) -> None:
    texts = [codec.dumps(codec.to_json(event)) for event in events]
    assert [codec.from_json(codec.loads(text)) for text in texts] == events


def test_json_is_as_the_contract_shows_it() -> None:
    event = Event(Cursor(1, 17), 1_763_686_923_456, "blog[0]", Text("section-2", 5, "…"))
    assert codec.to_json(event) == {
        "id": "1-17",
        "v": 1,
        "kind": "text",
        "at": "2025-11-21T01:02:03.456Z",
        "span": "blog[0]",
        "data": {"channel": "section-2", "at": 5, "delta": "…"},
    }


def test_unknown_kinds_and_fields_survive() -> None:
    assert through(Unknown("run.paused", {"by": "owner"})).body == Unknown(
        "run.paused", {"by": "owner"}
    )
    event = through(Text("a", 0, "b"), colour="red")
    assert (event.body, event.extra) == (Text("a", 0, "b"), {"colour": "red"})
    assert codec.to_json(event)["data"]["colour"] == "red"


def test_the_version_of_a_newer_writer_is_kept() -> None:
    event = codec.decode(
        "1-1", {b"kind": b"log", b"data": b'{"v":2,"at":5,"data":{"level":"i","message":"m"}}'}
    )
    assert codec.to_json(event)["v"] == 2
    assert codec.from_json(codec.to_json(event)) == event


def test_a_kind_without_what_it_needs_is_kept_as_unknown() -> None:
    event = codec.decode(
        "1-1", {b"kind": b"text", b"data": b'{"v":1,"at":5,"data":{"channel":"a"}}'}
    )
    assert event.body == Unknown("text", {"channel": "a"})


@pytest.mark.parametrize("size", [codec.BLOB_OVER - 2, codec.BLOB_OVER - 1])
def test_values_over_32_kb_become_blobs_under_their_sha256(size: int) -> None:
    packed = codec.encode(RunCompleted("x" * size), at=AT)
    raw = b'"' + b"x" * size + b'"'
    expected = {hashlib.sha256(raw).hexdigest(): raw} if len(raw) > codec.BLOB_OVER else {}
    assert packed.blobs == expected
    assert through(RunCompleted("x" * size)).body == RunCompleted("x" * size)


def test_a_value_that_looks_like_a_reference_is_not_read_as_one() -> None:
    assert through(SpanCompleted({"$blob": "no"})).body == SpanCompleted({"$blob": "no"})


def test_a_value_makes_room_for_what_stands_beside_it() -> None:
    """A step that asked a provider two hundred times says so, whatever the size of its result."""
    calls = tuple(
        Call("a-provider", "a-model", 1, 2, 0.25, 912.345, id="x" * 32) for _ in range(200)
    )
    body = SpanCompleted(output="y" * (codec.BLOB_OVER - 10), usage=Usage(calls))
    assert len(codec.encode(body, at=AT).data) <= codec.EVENT_MAX
    assert through(body).body == body


def test_an_event_too_large_is_refused() -> None:
    with pytest.raises(codec.TooLarge):
        codec.encode(Text("a", 0, "x" * codec.EVENT_MAX), at=AT)


def test_error_messages_are_clipped_so_that_a_terminal_event_always_fits() -> None:
    body = through(RunFailed(Error("internal", "ü" * codec.ERROR_MAX))).body
    assert isinstance(body, RunFailed)
    assert body.error.message == "ü" * (codec.ERROR_MAX // 2)


def test_half_a_surrogate_pair_is_written_as_a_replacement() -> None:
    assert through(Text("a", 0, "\ud83d!")).body == Text("a", 0, "\ufffd!")
    assert through(Object("o", {"\ude00": ["\ud83d"]})).body == Object("o", {"\ufffd": ["\ufffd"]})


def test_an_entry_may_come_from_a_client_that_decodes() -> None:
    packed = codec.encode(Log("info", "a"), at=5, span="f[0]")
    raw = {b"kind": packed.kind.encode(), b"data": packed.data}
    text = {"kind": packed.kind.encode(), "data": packed.data}
    assert codec.decode("1-2", text) == codec.decode(b"1-2", raw)
    assert packed.size == len(packed.data)


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        codec.encode(Object("o", object()), at=1)


def test_half_a_pair_inside_what_a_span_used_is_replaced_too() -> None:
    usage = Usage((Call("p\ud800", "m", 1, 2),))
    packed = codec.encode(SpanCompleted(output=["\ud83d"], usage=usage), at=1)
    assert codec.loads(packed.data)["data"]["usage"]["calls"][0]["provider"] == "p\ufffd"
    assert codec.loads(packed.data)["data"]["output"] == ["\ufffd"]


def test_blobs_are_put_into_an_event_that_has_its_usage_already() -> None:
    value, usage = "x" * 40_000, Usage((Call("p", "m"),))
    packed = codec.encode(SpanCompleted(output=value, usage=usage), at=1)
    event = codec.decode("1-1", {b"kind": packed.kind.encode(), b"data": packed.data})
    whole = codec.with_blobs(event, {sha: codec.loads(raw) for sha, raw in packed.blobs.items()})
    assert whole.body == SpanCompleted(output=value, usage=usage)
