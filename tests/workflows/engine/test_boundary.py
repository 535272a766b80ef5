"""Where a call stands, and what it leaves behind."""

import asyncio

from tests.workflows.engine.desk import Desk
from workflows.engine import component
from workflows.engine.boundary import child
from workflows.engine.context import entered
from workflows.engine.options import Options
from workflows.wire.events import Log, SpanCompleted, SpanStarted


@component
async def double(n: int) -> int:
    return n * 2


async def test_the_place_is_taken_at_the_call_not_when_it_is_awaited() -> None:
    desk = Desk()
    with entered(desk.frame("root")):
        first, second = double(1), double(2)
        assert [await second, await first] == [4, 2]
    started = [said for said in desk.said if isinstance(said, SpanStarted)]
    assert [said.input_preview for said in started] == ['{"n":2}', '{"n":1}']
    assert (
        desk.attempt.paths.take(started[1].hash, "root[0]", "double", None) == "root[0]/double[0]"
    )


async def test_a_label_is_for_people_and_no_part_of_who_a_call_is() -> None:
    desk = Desk()
    with entered(desk.frame("root")):
        await double.label("Twice one")(1)
    with entered(desk.frame("root")):
        await double.label("x" * 1000)(1)
    first, second = [said for said in desk.said if isinstance(said, SpanStarted)]
    assert (first.label, len(second.label)) == ("Twice one", 200)
    assert first.hash == second.hash


async def test_equal_calls_are_told_apart_by_their_number() -> None:
    frame = Desk().frame("root")
    places = [child(frame, Options("f"), {"n": 1}, None) for _ in range(3)]
    assert len({place.digest for place in places}) == 3
    assert [place.path for place in places] == ["root[0]/f[0]", "root[0]/f[1]", "root[0]/f[2]"]


async def test_arguments_that_cannot_be_compared_are_said_once() -> None:
    desk = Desk()
    frame = desk.frame("root")
    for _ in range(3):
        child(frame, Options("f"), {"n": object()}, None)
    assert child(frame, Options("f"), {"n": object()}, "k").path == 'root[0]/f["k"]'
    assert [type(said) for said in desk.said] == [Log]


async def test_a_value_is_in_the_log_before_it_is_handed_on() -> None:
    desk = Desk()
    with entered(desk.frame("root")):
        assert await double(4) == 8
    assert [type(said) for said in desk.said] == [SpanStarted, SpanCompleted]
    assert not desk.journal.waiting
    assert desk.attempt.frames == set()


async def test_a_parent_counts_what_is_below_it() -> None:
    desk = Desk()
    frame, go = desk.frame("root"), asyncio.Event()

    @component
    async def waits() -> None:
        await go.wait()

    with entered(frame):
        calls = asyncio.gather(waits(), waits())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (frame.below, frame.busy) == (2, False)
        go.set()
        await calls
    assert (frame.below, frame.busy) == (0, True)
