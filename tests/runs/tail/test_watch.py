"""What a viewer gets, by where it is."""

from __future__ import annotations

import asyncio

import pytest

from runs.tail.batch import Batch
from runs.tail.watch import EVENTS_KEPT, NotFollowed, Watch
from tests.runs.render.dom import parse
from tests.workflows.wire.logs import log
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Event, Log, RunCompleted, RunQueued, RunStarted, Text
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State

EVENTS = log(
    RunQueued("blog", 1, "1", {}),
    RunStarted("w", 1),
    ("a", Text("a", 0, "one ")),
    ("a", Text("a", 4, "two ")),
    ("a", Text("a", 8, "three")),
    RunCompleted(),
)


async def no_log(watch: Watch, after: Cursor) -> Batch | None:
    return None


@pytest.fixture
def watch() -> Watch:
    made = Watch("r", no_log)
    made.begin(fold(EMPTY, EVENTS[:2]))
    return made


def mark(html: str) -> dict[str, str]:
    return parse(html).find("id", "run-mark").attributes


async def test_the_first_frame_is_the_snapshot(watch: Watch) -> None:
    frame = await watch.next(None)
    assert mark(frame.html)["data-from"] == ""
    assert (frame.cursor, frame.note, frame.final) == (Cursor(1, 0), "", False)


async def test_whoever_has_it_all_waits(watch: Watch) -> None:
    waiting = asyncio.ensure_future(watch.next(Cursor(1, 0), note=""))
    await asyncio.sleep(0)
    assert not waiting.done()
    assert watch.feed(EVENTS[2:3])
    assert (await waiting).cursor == Cursor(1, 1)


async def test_parts_since_the_cursor_come_in_one_frame(watch: Watch) -> None:
    for event in EVENTS[2:5]:
        assert watch.feed([event])
    frame = await watch.next(Cursor(1, 1))
    assert (mark(frame.html)["data-from"], frame.cursor) == ("1-1", Cursor(1, 3))
    assert [text for text in ("one ", "two ", "three") if text in frame.html] == ["two ", "three"]


async def test_a_cursor_inside_a_frame_gets_the_snapshot(watch: Watch) -> None:
    watch.feed(EVENTS[2:5])
    assert mark((await watch.next(Cursor(1, 2))).html)["data-from"] == ""


async def test_viewers_share_the_snapshot(watch: Watch) -> None:
    one, two = await asyncio.gather(watch.next(None), watch.next(Cursor(9, 9)))
    assert one.html == two.html


def test_what_does_not_follow_is_not_taken(watch: Watch) -> None:
    before = watch.state
    assert not watch.feed(EVENTS[3:])
    assert watch.state is before


async def test_the_end_is_final(watch: Watch) -> None:
    watch.feed(EVENTS[2:])
    assert (await watch.next(Cursor(1, 0))).final


async def test_pausing_is_told_and_taken_back(watch: Watch) -> None:
    watch.pause()
    frame = await watch.next(Cursor(1, 0), note="")
    assert mark(frame.html) | {"hx-swap-oob": ""} == {
        "id": "run-mark", "hidden": "", "hx-swap-oob": "", "data-from": "1-0",
        "data-cursor": "1-0", "data-status": "running", "data-note": "paused",
    }  # fmt: skip
    watch.feed(EVENTS[2:3])
    assert (await watch.next(Cursor(1, 0), note="paused")).note == ""


async def test_what_sql_knows_does_not_shrink_a_page() -> None:
    watch = Watch("r", no_log)
    watch.begin(State(status="running"), provisional=True)
    frame = await watch.next(Cursor(4, 4))
    assert (frame.cursor, frame.note) == (Cursor(4, 4), "paused")
    assert len(parse(frame.html).children) == 1
    assert "run-article" in (await watch.next(None)).html


def test_after_a_provisional_state_the_log_is_folded_from_its_beginning() -> None:
    watch = Watch("r", no_log)
    watch.begin(State(status="running"), provisional=True)
    assert not watch.feed(EVENTS)


async def test_events_from_memory(watch: Watch) -> None:
    watch.feed(EVENTS[2:4])
    watch.feed(EVENTS[4:])
    assert await watch.events_after(Cursor(1, 2)) == Batch(tuple(EVENTS[4:]))


async def test_events_that_memory_has_let_go_are_read_from_the_log() -> None:
    asked: list[Cursor] = []

    async def read(watch: Watch, after: Cursor) -> Batch:
        asked.append(after)
        return Batch(tuple(EVENTS[2:]))

    watch = Watch("r", read)
    watch.begin(fold(EMPTY, EVENTS[:2]))
    assert await watch.events_after(ZERO) == Batch(tuple(EVENTS[2:]))
    assert asked == [ZERO]


async def test_memory_is_bounded() -> None:
    watch = Watch("r", no_log)
    events = log(RunQueued("blog", 1, "1", {}), *[Log("info", str(n)) for n in range(2000)])
    watch.begin(fold(EMPTY, events[:1]))
    for event in events[1:]:
        watch.feed([event])
    kept: list[Event] = list(watch._events)
    assert kept == events[-EVENTS_KEPT:]


async def test_when_nobody_follows_viewers_are_told() -> None:
    watch = Watch("r", no_log)
    waiting = asyncio.ensure_future(watch.next(None))
    await asyncio.sleep(0)
    watch.fail(ValueError("broken"))
    with pytest.raises(NotFollowed):
        await waiting
