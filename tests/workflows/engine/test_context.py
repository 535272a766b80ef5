"""What a flow says, and where it arrives."""

from decimal import Decimal
from typing import Any

from tests.workflows.engine.desk import Desk
from tests.workflows.engine.house import House
from workflows.engine import workflow
from workflows.engine.context import PIECE, current, entered, log, publish, status, text
from workflows.wire.events import Log, Object, Status


async def test_all_of_it_arrives_at_the_span_under_way() -> None:
    desk = Desk()
    with entered(desk.frame()):
        status("reading", done=3, total=9)
        publish("outline", {"a": 1})
        log("odd", level="warning")
        assert current() is not None
    assert current() is None
    assert desk.said == [
        Status("reading", 3, 9),
        Object("outline", {"a": 1}),
        Log("warning", "odd"),
    ]


async def test_a_channel_counts_its_characters() -> None:
    desk = Desk()
    frame = desk.frame()
    with entered(frame):
        channel = text("s")
        await channel.write("né")
        await channel.write("")
        await text("s").write("😀!")
        assert frame.offset("s") == 4
        await channel.replace("new")
        await channel.replace("")
        assert frame.offset("s") == 0
    assert desk.texts() == [(0, "né😀!"), (0, "new"), (0, "")]


async def test_a_long_text_goes_in_pieces() -> None:
    desk = Desk()
    with entered(desk.frame()):
        await text("s").write("x" * (2 * PIECE + 1))
    sent = [(at, len(delta)) for at, delta in desk.texts()]
    assert sent == [(0, PIECE), (PIECE, PIECE), (2 * PIECE, 1)]


class Counted:
    """A library's own whole number."""

    def __index__(self) -> int:
        return 7


async def test_progress_may_be_counted_by_anybody(house: House) -> None:
    """One number that JSON does not know would end the run without a word, again and again."""

    @workflow("counts")
    async def counts(_: Any) -> None:
        done: Any = Counted()
        total: Any = Decimal("8.5")
        status("counting", done=done, total=total)

    state = await house.run(counts)
    assert state.status == "completed"
    assert state.root is not None
    assert (state.root.done, state.root.total) == (7, 8.5)


async def test_what_cannot_be_said_fails_the_step_that_says_it(house: House) -> None:
    @workflow("mumbles")
    async def mumbles(_: Any) -> None:
        scope = current()
        assert scope is not None
        scope.say(Status("so far", done=object()))  # type: ignore[arg-type]

    state = await house.run(mumbles)
    assert state.status == "failed"
