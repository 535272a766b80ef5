"""One try: which of its clocks runs out first, and that it is accounted for exactly once."""

import asyncio
import math
import time

import pytest

from tests.workflows.llm.worlds import Scope
from workflows.engine.errors import Failure, LeaseLost
from workflows.llm.attempts import Attempt, Wait
from workflows.llm.deadlines import Deadlines
from workflows.llm.providers import OFFLINE
from workflows.wire.events import Call

NEVER = math.inf


def attempt(scope: Scope | None = None, **seconds: float) -> Attempt:
    patient = {"connect": NEVER, "first_token": NEVER, "chunk": NEVER, "total": NEVER}
    return Attempt(OFFLINE, "offline", Deadlines(**{**patient, **seconds}), scope)


@pytest.mark.parametrize(
    ("wait", "seconds", "message"),
    [
        ("whole", {"total": 0.01}, "The offline model did not finish within 0.01 s."),
        ("chunk", {"total": 0.01}, "The offline model did not finish within 0.01 s."),
        ("first", {"first_token": 0.01}, "The offline model did not begin its answer within"),
        ("chunk", {"chunk": 0.01}, "The offline model fell silent for 0.01 s in the middle"),
    ],
)
async def test_the_clock_that_runs_out_says_why(
    wait: Wait, seconds: dict[str, float], message: str
) -> None:
    with pytest.raises(Failure, match=message) as failed:
        async with attempt(None, **seconds).within(wait):
            await asyncio.Event().wait()
    assert (failed.value.type, failed.value.retryable) == ("timeout", True)


async def test_the_runs_deadline_is_not_worth_another_try() -> None:
    scope = Scope(deadline=time.monotonic() + 0.01)
    with pytest.raises(Failure) as failed:
        async with attempt(scope).within("chunk"):
            await asyncio.Event().wait()
    assert (failed.value.type, failed.value.retryable) == ("deadline", False)


async def test_a_timeout_of_somebody_else_stays_theirs() -> None:
    with pytest.raises(TimeoutError, match="theirs"):
        async with attempt(total=60).within("whole"):
            raise TimeoutError("theirs")


def test_a_lost_lease_is_no_try() -> None:
    scope = Scope()
    with pytest.raises(LeaseLost), attempt(scope).failing():
        raise LeaseLost
    assert scope.calls == []


def test_a_try_is_recorded_once() -> None:
    scope = Scope()
    mine = attempt(scope)
    mine.end("ok")
    mine.end("cancelled")
    assert scope.calls == [Call("offline", "offline", status="ok")]


def test_a_failure_keeps_its_cause_for_the_admin() -> None:
    with pytest.raises(Failure) as failed, attempt().failing():
        raise UnicodeDecodeError("utf-8", b"x", 0, 1, "no")
    assert isinstance(failed.value.__cause__, UnicodeDecodeError)
