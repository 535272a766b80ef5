"""One try: which of its clocks runs out first, and that it is accounted for exactly once."""

import asyncio
import math
import time

import httpx2
import pytest

from tests.workflows.llm.worlds import ASK, Scope, completion, door
from workflows.engine.context import entered
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
    assert scope.ids == [mine.id]


def test_a_failure_keeps_its_cause_for_the_admin() -> None:
    with pytest.raises(Failure) as failed, attempt().failing():
        raise UnicodeDecodeError("utf-8", b"x", 0, 1, "no")
    assert isinstance(failed.value.__cause__, UnicodeDecodeError)


@pytest.mark.parametrize(("status", "tokens"), [(429, (0, 0)), (530, (0, 0)), (200, (None, None))])
async def test_an_error_in_place_of_an_answer_costs_nothing(
    status: int, tokens: tuple[int | None, int | None]
) -> None:
    scope = Scope()
    with entered(scope), pytest.raises(Failure):
        await door(lambda _: httpx2.Response(status, json={})).chat.completions.create(
            model="a-model-without-a-price", messages=ASK
        )
    [call] = scope.calls
    assert (call.prompt_tokens, call.completion_tokens) == tokens
    assert call.cost_usd == tokens[0]


async def test_what_broke_off_is_of_unknown_cost() -> None:
    def broken(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("reset")

    def unreached(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    for handler, cost in ((broken, None), (unreached, 0.0)):
        scope = Scope()
        with entered(scope), pytest.raises(Failure):
            await door(handler).chat.completions.create(model="large", messages=ASK)
        assert [call.cost_usd for call in scope.calls] == [cost]


async def test_the_provider_is_told_the_name_that_the_ledger_has() -> None:
    asked: list[httpx2.Request] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json=completion())

    own, scope = {"x-client-request-id": "mine"}, Scope()
    with entered(scope):
        await door(handler).chat.completions.create(model="large", messages=ASK)
        await door(handler).chat.completions.create(model="large", messages=ASK, extra_headers=own)
    await door(handler).chat.completions.create(model="large", messages=ASK)
    names = [request.headers.get("X-Client-Request-Id") for request in asked]
    assert names == [scope.ids[0], "mine", None]
    assert len(set(scope.ids)) == 2
