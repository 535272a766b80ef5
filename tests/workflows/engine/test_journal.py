"""What waits to be written, without any Redis."""

import asyncio
from typing import Any

import pytest

from workflows.engine.errors import Handover, LeaseLost
from workflows.engine.journal import JOINED_CHARS, UNSENT_BYTES, Journal
from workflows.wire.codec import Packed, loads
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Error,
    Log,
    Object,
    RunCompleted,
    SpanCompleted,
    SpanRetrying,
    SpanStarted,
    Status,
    Text,
)  # fmt: skip


class Desk:
    """A journal, and a note of each time that it asked to be written."""

    def __init__(self) -> None:
        self.asked: list[bool] = []
        self.journal = Journal(
            "run",
            Cursor(3, 0),
            mask=lambda body, encode: encode(body),
            schedule=lambda _, lazy: self.asked.append(lazy),
        )

    def put(self, *bodies: Any, span: str = "a") -> None:
        for body in bodies:
            self.journal.put(body, span=span, at=1)

    def take(self) -> list[Any]:
        return [brief(packed) for packed in self.journal.take(0.0)]


def brief(packed: Packed) -> Any:
    data = loads(packed.data)["data"]
    if packed.kind == "text":
        return data["channel"], data["at"], data["delta"]
    return data.get("message") or data.get("label") or packed.kind


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_deltas_that_wait_are_joined(desk: Desk) -> None:
    desk.put(Text("x", 0, "a"), Text("y", 0, "1"), Text("x", 1, "bc"), Text("x", 3, "d"))
    assert desk.take() == [("x", 0, "abcd"), ("y", 0, "1")]


def test_what_is_under_way_does_not_grow(desk: Desk) -> None:
    desk.put(Text("x", 0, "a"))
    assert desk.take() == [("x", 0, "a")]
    desk.journal.acknowledge(1.0)
    desk.put(Text("x", 1, "b"))
    assert desk.take() == [("x", 1, "b")]


def test_a_replacement_a_gap_or_another_speaker_is_not_joined(desk: Desk) -> None:
    desk.put(Text("x", 0, "a"), Text("x", 0, "b"))
    desk.put(Text("x", 1, "c"), span="b")
    desk.put(Text("x", 1, "d"))
    assert desk.take() == [("x", 0, "a"), ("x", 0, "b"), ("x", 1, "c"), ("x", 1, "d")]


def test_a_try_that_ends_stands_between_its_texts(desk: Desk) -> None:
    retrying = SpanRetrying(1, 3, 0.5, Error("timeout", "Slow."))
    desk.put(Text("x", 0, "a"), retrying, Text("x", 1, "b"))
    assert desk.take() == [("x", 0, "a"), "span.retrying", ("x", 1, "b")]


def test_joined_text_has_a_bound(desk: Desk) -> None:
    half = "z" * (JOINED_CHARS // 2)
    desk.put(Text("x", 0, half), Text("x", len(half), half), Text("x", 2 * len(half), "!"))
    assert [len(delta) for _, _, delta in desk.take()] == [JOINED_CHARS, 1]


def test_only_the_newest_status_and_object_wait(desk: Desk) -> None:
    desk.put(Status("one"), Object("o", 1), Log("info", "kept"), Status("two"), Object("p", 1))
    assert desk.take() == ["one", "o", "kept", "two", "p"]
    desk.put(Status("three"), Status("four"), Object("o", 2), Object("o", 3))
    assert desk.take() == ["four", "o"]


def test_the_tip_moves_by_what_was_written(desk: Desk) -> None:
    desk.put(Log("info", "a"), Log("info", "b"))
    desk.take()
    assert desk.journal.tip == Cursor(3, 0)
    desk.journal.acknowledge(1.0)
    assert (desk.journal.tip, desk.journal.unsent) == (Cursor(3, 2), 0)


async def test_a_flush_is_answered_by_the_next_batch_not_by_the_one_under_way(desk: Desk) -> None:
    desk.put(Log("info", "a"))
    desk.take()
    flush = asyncio.ensure_future(desk.journal.flush())
    await asyncio.sleep(0)
    desk.journal.acknowledge(1.0)
    await asyncio.sleep(0)
    assert not flush.done()
    assert desk.take() == []
    desk.journal.acknowledge(2.0)
    assert await flush == 2.0


async def test_a_flush_waits_for_all_that_was_put(desk: Desk) -> None:
    for _ in range(3):
        desk.put(Object("o", "x" * 20_000), Log("info", "between"))
        desk.put(SpanStarted("f", "h"))
    for _ in range(20):
        desk.put(SpanCompleted(output="y" * 30_000))
    flush = asyncio.ensure_future(desk.journal.flush())
    await asyncio.sleep(0)
    desk.take()
    desk.journal.acknowledge(1.0)
    await asyncio.sleep(0)
    assert not flush.done()
    while desk.journal.waiting:
        desk.take()
        desk.journal.acknowledge(2.0)
    assert await flush == 2.0


async def test_who_says_too_much_waits_for_room(desk: Desk) -> None:
    while not desk.journal.full:
        desk.put(SpanCompleted(output="y" * 30_000))
    room = asyncio.ensure_future(desk.journal.room())
    await asyncio.sleep(0)
    assert not room.done()
    while desk.journal.waiting:
        desk.take()
        desk.journal.acknowledge(1.0)
    await room
    assert desk.journal.unsent < UNSENT_BYTES


async def test_a_flush_does_not_wait_for_what_others_put_later(desk: Desk) -> None:
    noise = "\x01" * 8000  # six times as long in JSON: a batch never holds all of it
    desk.put(Log("info", "mine"))
    flush = asyncio.ensure_future(desk.journal.flush())
    await asyncio.sleep(0)
    for n in range(50):
        desk.put(Text(f"c{n}", 0, noise))
    desk.take()
    assert desk.journal.waiting
    desk.journal.acknowledge(1.0)
    assert await flush == 1.0


def test_nothing_is_taken_after_the_end(desk: Desk) -> None:
    desk.put(Log("info", "a"), RunCompleted(1))
    with pytest.raises(LeaseLost):
        desk.put(Log("info", "b"))
    assert desk.take() == ["a", "run.completed"]


def test_what_was_dropped_is_said_before_the_end(desk: Desk) -> None:
    for _ in range(1000):
        desk.put(Log("info", "x" * 1000))
    desk.put(RunCompleted(1))
    said: list[str] = []
    while desk.journal.waiting:
        said += desk.take()
        desk.journal.acknowledge(1.0)
    assert said[-2].endswith("messages were dropped: too many at once.")
    assert said[-1] == "run.completed"


def test_an_object_is_kept_as_it_was_when_it_was_said(desk: Desk) -> None:
    growing = [1]
    desk.put(Object("o", growing))
    growing.append(2)
    [packed] = desk.journal.take(0.0)
    assert loads(packed.data)["data"]["value"] == [1]


def test_a_flood_of_messages_is_dropped_and_said(desk: Desk) -> None:
    for _ in range(5000):
        desk.put(Log("info", "x" * 1000))
    assert desk.journal.unsent < 3 * UNSENT_BYTES
    said: list[str] = []
    while desk.journal.waiting:
        said += desk.take()
        desk.journal.acknowledge(1.0)
    assert said[-1].endswith("messages were dropped: too many at once.")


async def test_a_closed_journal_takes_nothing(desk: Desk) -> None:
    closed: list[BaseException] = []
    desk.journal.on_close = closed.append
    desk.put(Log("info", "a"))
    flush = asyncio.ensure_future(desk.journal.flush())
    await asyncio.sleep(0)
    desk.journal.close(LeaseLost("lost"))
    desk.journal.close(Handover("later"))
    with pytest.raises(LeaseLost):
        await flush
    with pytest.raises(LeaseLost):
        desk.put(Log("info", "b"))
    with pytest.raises(LeaseLost):
        await desk.journal.flush()
    assert [type(error) for error in closed] == [LeaseLost]
    assert not desk.journal.waiting


async def test_an_error_that_is_no_halt_becomes_one(desk: Desk) -> None:
    desk.journal.close(ValueError("WRONGTYPE"))
    with pytest.raises(LeaseLost, match="WRONGTYPE"):
        await desk.journal.room()


def test_a_started_span_may_wait_for_company(desk: Desk) -> None:
    desk.journal.put(SpanStarted("f", "h"), span="a", at=1, lazy=True)
    desk.put(Log("info", "a"))
    assert desk.asked == [True, False]
