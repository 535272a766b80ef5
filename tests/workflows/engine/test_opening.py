"""Why a run is started, and becoming its owner on a real log."""

import pytest
from redis.exceptions import ConnectionError, ResponseError

from tests.workflows.engine.house import House
from workflows.engine import opening, workflow
from workflows.engine.opening import Opener, patiently, why
from workflows.wire import log
from workflows.wire.clients import connect_async
from workflows.wire.codec import encode
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Event,
    Log,
    RunAnswered,
    RunQueued,
    RunRestored,
    RunStarted,
    RunWaiting,
    SpanCompleted,
)  # fmt: skip
from workflows.wire.script import run_script

QUEUED = RunQueued("w", 1, "ann", None)


@workflow("w")
async def w() -> None: ...


def logged(*bodies: tuple[str, Body]) -> list[Event]:
    return [Event(Cursor.parse(id), 1, None, body) for id, body in bodies]


@pytest.mark.parametrize(
    ("events", "released", "reason"),
    [
        ([("0-1", QUEUED)], "", "first"),
        ([("0-1", QUEUED), ("0-2", SpanCompleted())], "", "first"),
        ([("0-1", QUEUED), ("1-0", RunStarted("x", 1))], "", "crashed"),
        ([("0-1", QUEUED), ("1-0", RunStarted("x", 1))], "handed over", "handed over"),
        ([("0-1", QUEUED), ("1-0", RunStarted("x", 1))], "gone", "crashed"),
        ([("2-0", RunRestored()), ("2-1", SpanCompleted())], "handed over", "restored"),
        ([("2-0", RunRestored()), ("3-0", RunStarted("x", 1))], "", "crashed"),
        ([("1-0", RunStarted("x", 1)), ("1-1", RunWaiting("k"))], "", "woken"),
        ([("1-0", RunStarted("x", 1)), ("2-0", RunAnswered("k", "user"))], "", "woken"),
        ([("1-0", RunStarted("x", 1)), ("1-1", SpanCompleted())], "parked", "woken"),
        ([("2-0", RunRestored()), ("2-1", RunWaiting("k"))], "", "restored"),
    ],
)
def test_the_reason(events: list[tuple[str, Body]], released: str, reason: str) -> None:
    assert why(logged(*events), released) == reason


async def opened(house: House, run: str, attempt: int = 1, nonce: str = "n") -> object:
    async with connect_async(house.url) as client:
        order = house.order(run, w)
        order = type(order)(run, "w", 1, attempt, order.redis_run_id)
        opener = Opener(client, "w1", 5000)
        seen = await opener.look(order)
        state = None if seen is None else await opener.open(order, seen, nonce)
    return None if state is None else (state.cursor, state.reason, state.taken_over)


async def test_an_opening_tells_what_is_taken_over(house: House) -> None:
    run = house.queue(w)
    assert await opened(house, run) == (Cursor(1, 0), "first", 0)
    batch = [encode(body, at=1) for body in (Log("info", "a"), Log("info", "b"))]
    assert run_script(house.redis, log.append_call(run, Cursor(1, 0), batch)).ok
    assert await opened(house, run, 3) == (Cursor(3, 0), "crashed", 0)


async def test_one_delivery_opens_once(house: House) -> None:
    run = house.queue(w)
    assert await opened(house, run, 1, "a") == (Cursor(1, 0), "first", 0)
    assert await opened(house, run, 1, "b") is None
    assert len(house.events(run)) == 2


async def test_a_run_without_a_log_is_left(house: House) -> None:
    assert await opened(house, "00000000-0000-4000-8000-000000000000") is None


async def test_asking_goes_on_until_there_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PAUSE_S", 0.001)
    answers = [ConnectionError("away"), OSError("away"), 42]

    async def ask() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, int)
        return answer

    assert await patiently(ask) == 42


async def test_an_error_that_would_come_again_is_not_waited_out() -> None:
    async def ask() -> int:
        raise ResponseError("WRONGTYPE")

    with pytest.raises(ResponseError):
        await patiently(ask)
