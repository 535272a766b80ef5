"""What a span says of itself."""

import asyncio
from decimal import Decimal

import pytest

from tests.workflows.engine.desk import Desk
from workflows.engine.errors import Failure, Handover, LeaseLost
from workflows.engine.preview import preview
from workflows.engine.retry import Decision
from workflows.wire.events import (
    Call,
    Error,
    Log,
    Object,
    SpanCompleted,
    SpanFailed,
    SpanRetrying,
    SpanStarted,
    Status,
    Usage,
)  # fmt: skip


async def test_a_span_from_its_start_to_its_end() -> None:
    desk = Desk()
    frame = desk.frame("write")
    frame.start({"n": 1})
    frame.trying(1)
    frame.record(Call("p", "m", 1, 2, 0.5))
    frame.say(Status("on it"))
    frame.complete({1: "x"})
    started, status, completed = desk.said
    assert started == SpanStarted("write", "digest", input_preview='{"n":1}')
    assert status == Status("on it")
    assert isinstance(completed, SpanCompleted)
    assert completed.output == {"$": "dict", "items": [[1, "x"]]}
    assert completed.usage == Usage((Call("p", "m", 1, 2, 0.5),))
    assert (completed.tries, completed.duration_ms >= 0) == (1, True)


async def test_previews_can_be_switched_off() -> None:
    desk = Desk(previews=False)
    desk.frame().start({"n": "private"})
    [started] = desk.said
    assert isinstance(started, SpanStarted)
    assert started.input_preview == ""


async def test_a_retry_names_the_provider_and_begins_texts_anew() -> None:
    desk = Desk()
    frame = desk.frame()
    frame.trying(1)
    frame.advance("t", 7)
    busy = Failure("rate_limited", "Busy.", retryable=True, provider="gemini")
    frame.retrying(busy, 1, Decision(True, 0.12345))
    frame.trying(2)
    error = Error("rate_limited", "Busy.", True)
    assert desk.said == [SpanRetrying(1, 1, 0.123, error, "gemini")]
    assert frame.offset("t") == 0


async def test_an_unexpected_error_is_told_to_operators_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    error = ValueError("at /srv/app/code.py")
    desk.frame("inner").fail(error)
    desk.frame("outer").fail(error)
    assert caplog.text.count("at /srv/app/code.py") == 1
    assert [said.error for said in desk.said if isinstance(said, SpanFailed)] == [
        Error("internal", "ValueError: at …")
    ] * 2


async def test_what_is_tried_again_is_no_error_until_it_has_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frame = Desk().frame()
    for number in (1, 2):
        frame.retrying(ValueError(f"try {number}"), number, Decision(True, 0))
    same = RuntimeError("always the same")
    frame.retrying(same, 3, Decision(True, 0))
    frame.fail(same)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3 + ["ERROR"]


async def test_what_is_too_large_or_strange_to_be_kept_is_said() -> None:
    desk = Desk()
    desk.frame("f").complete("x" * 2_200_000)
    desk.frame("g").complete(object())
    desk.frame("h").say(Object("o", "x" * 40_000))
    desk.frame("h").say(Object("p", {1: Decimal(2), "s": (object(),)}))
    logs = [said.message for said in desk.said if isinstance(said, Log)]
    assert logs == [
        "The result of f[0] has 2,200,002 bytes, too many to be kept.",
        "The result of g[0] cannot be kept: it would be made again.",
        "'o' is not shown: 40,002 bytes, and 32 KB is the most.",
    ]
    assert desk.said[-1] == Object("p", {"1": "2", "s": ["<object>"]})


async def test_nothing_is_said_after_a_halt() -> None:
    desk = Desk()
    frame = desk.frame()
    desk.attempt.halt(LeaseLost("lost"))
    for say in (lambda: frame.say(Status("a")), lambda: frame.complete(1)):
        with pytest.raises(LeaseLost):
            say()
    with pytest.raises(LeaseLost):
        await frame.fence()
    assert desk.said == []


async def test_a_thread_that_speaks_too_late_is_not_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk = Desk()
    frame = desk.frame()
    await asyncio.to_thread(frame.say, Status("in time"))
    await asyncio.to_thread(frame.say, Object("o", "in time"))
    await asyncio.sleep(0)
    desk.attempt.halt(LeaseLost("lost"))
    await asyncio.to_thread(frame.say, Status("too late"))
    await asyncio.sleep(0)
    assert desk.said == [Status("in time"), Object("o", "in time")]
    assert "a thread's status is dropped" in caplog.text


async def test_a_drain_during_the_wait_for_a_try_keeps_it_waiting() -> None:
    desk = Desk()
    frame = desk.frame()
    desk.attempt.frames.add(frame)
    desk.attempt.drain()
    waiting = asyncio.ensure_future(frame.sleep(0.001))
    await asyncio.sleep(0.02)
    assert not waiting.done() or isinstance(waiting.exception(), Handover)
    assert isinstance(desk.attempt.halted, Handover)
    waiting.cancel()


def test_a_preview_is_the_beginning_of_the_arguments() -> None:
    assert preview({"a": "é" * 2000}).startswith('{"a":"éé')
    assert len(preview({"a": "é" * 2000}).encode()) <= 1024
    assert preview({"a": object()}) == '{"a":"<object>"}'
