"""Which provider gets a call, and which one goes on when it fails."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from tests.workflows.engine.house import until
from tests.workflows.llm.worlds import ASK, Scope, completion
from workflows.engine.context import entered
from workflows.engine.errors import Failure
from workflows.llm import failover, limits
from workflows.llm.breaker import OPENS_AT
from workflows.llm.deadlines import Deadlines
from workflows.llm.failover import Failover, Turn
from workflows.llm.kinds import KINDS
from workflows.llm.openai import Door, open_door
from workflows.llm.providers import GEMINI_URL, Provider
from workflows.wire.clients import connect_async
from workflows.wire.events import Call, Log, Status


def provider(name: str, **models: str) -> dict[str, Any]:
    known = {"small": f"{name}-small", "large": f"{name}-large", **models}
    url = f"http://{name}.invalid/v1"
    return {"name": name, "base_url": url, "key_env": f"{name.upper()}_KEY", "models": known}


class Pair:
    """Two providers, a and b, and what they were asked; each answers with a status of its own."""

    def __init__(self, **status: int) -> None:
        self.status = {"a": 200, "b": 200, **status}
        self.asked: list[tuple[str, str, str]] = []
        self.headers: dict[str, str] = {}

    def door(self) -> Door:
        described = json.dumps([provider("a", embedding="a-embedding"), provider("b")])
        environ = {"GX_PROVIDERS": described, "A_KEY": "key-a", "B_KEY": "key-b"}
        return open_door(environ, transport=httpx2.MockTransport(self.answer))

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        name = request.url.host.partition(".")[0]
        model = json.loads(request.content)["model"]
        self.asked.append((name, request.headers["authorization"], model))
        body = completion(model=model)
        return httpx2.Response(self.status[name], json=body, headers=self.headers)


async def ask(door: Door, model: str = "large") -> str:
    return (await door.chat.completions.create(model=model, messages=ASK)).model


A = ("a", "Bearer key-a", "a-large")
B = ("b", "Bearer key-b", "b-large")


async def test_the_first_of_the_chain_is_asked_while_it_answers() -> None:
    pair = Pair()
    assert await ask(pair.door()) == "a-large"
    assert pair.asked == [A]


async def test_another_goes_on_with_its_own_key_and_model_when_one_is_away() -> None:
    pair, scope = Pair(a=503), Scope()
    with entered(scope):
        assert await ask(pair.door()) == "b-large"
    assert pair.asked == [A, B]
    assert [(call.provider, call.model, call.status) for call in scope.calls] == [
        ("a", "a-large", "provider_unavailable"),
        ("b", "b-large", "ok"),
    ]


@pytest.mark.parametrize("status", [400, 404, 422, 429])
async def test_nobody_else_is_asked_what_one_provider_refuses(status: int) -> None:
    pair = Pair(a=status)
    with pytest.raises(Failure):
        await ask(pair.door())
    assert pair.asked == [A]


async def test_closing_a_door_closes_the_connections_of_the_whole_chain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[str] = []

    class Transport(httpx2.MockTransport):
        host = ""

        async def aclose(self) -> None:
            closed.append(self.host)

    def open_transport() -> Transport:
        def answer(request: httpx2.Request) -> httpx2.Response:
            made.host = request.url.host
            status = 401 if made.host.startswith("a.") else 200
            return httpx2.Response(status, json=completion(model="b-large"))

        made = Transport(answer)
        return made

    monkeypatch.setattr("workflows.llm.lines.open_transport", open_transport)
    described = json.dumps([provider("a"), provider("b")])
    door = open_door({"GX_PROVIDERS": described, "A_KEY": "key-a", "B_KEY": "key-b"})
    await ask(door)
    await door.close()
    assert [host.partition(".")[0] for host in closed] == ["a", "b"]


async def test_an_open_breaker_spares_the_provider_and_its_readers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = Pair(a=503)
    door = pair.door()
    for _ in range(OPENS_AT + 3):
        await ask(door)
    assert pair.asked == [A, B] * OPENS_AT + [B] * 3
    assert "a (a-large) is not asked for a while: a is not available" in caplog.text


async def test_readers_are_told_once_who_goes_on_and_who_is_back() -> None:
    pair, scope = Pair(a=503), Scope()
    door = pair.door()
    with entered(scope):
        for _ in range(3):
            await ask(door)
        pair.status["a"] = 200
        scope.calls.clear()
        await ask(door)
    assert scope.said == [
        Log("warning", "a is not answering; going on with b."),
        Log("info", "a answers again."),
    ]


async def test_a_key_that_is_refused_is_for_staff_to_mend(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pair = Pair(a=401)
    door = pair.door()
    assert [await ask(door) for _ in range(2)] == ["b-large"] * 2
    assert pair.asked == [A, B, B]
    assert [r.levelname for r in caplog.records if r.name.endswith("failover")] == ["ERROR"]


async def test_who_wants_to_be_left_alone_for_an_hour_is() -> None:
    pair = Pair(a=429)
    door = pair.door()
    pair.headers = {"retry-after": "3600"}
    assert [await ask(door) for _ in range(2)] == ["b-large"] * 2
    assert pair.asked == [A, B, B]


async def test_who_throttles_for_long_is_left_alone_while_another_is_free(redis_url: str) -> None:
    pair, scope = Pair(a=429), Scope(redis=connect_async(redis_url))
    pair.headers = {"retry-after": "4"}
    door = pair.door()
    with entered(scope):
        assert [await ask(door) for _ in range(3)] == ["b-large"] * 3
    assert pair.asked == [A, B, B, B]
    assert scope.said == [Log("warning", "a is throttling; going on with b.")]
    assert [call.status for call in scope.calls] == ["rate_limited", "ok", "ok", "ok"]
    await gone(scope)


async def test_who_throttles_for_a_moment_is_waited_for(redis_url: str) -> None:
    pair, scope = Pair(a=429), Scope(redis=connect_async(redis_url))
    pair.headers = {"retry-after": "0.3"}
    door = pair.door()
    with entered(scope):
        with pytest.raises(Failure, match="allows no more requests"):
            await ask(door)
        pair.status["a"] = 200
        assert await ask(door) == "a-large"
    assert pair.asked == [A, A]
    await gone(scope)


async def test_when_all_throttle_the_first_is_waited_for(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PATIENCE_S", 0.1)
    pair, scope = Pair(b=429), Scope(redis=connect_async(redis_url))
    pair.headers = {"retry-after": "1.5"}
    door = pair.door()
    with entered(scope):
        with pytest.raises(Failure, match="allows no more requests"):
            await ask(door, "b-large")
        pair.status = {"a": 429, "b": 200}
        with pytest.raises(Failure, match="allows no more requests"):
            await ask(door)
        pair.status["a"] = 200
        assert await ask(door) == "a-large"
    assert pair.asked == [B, A, A]
    await gone(scope)


async def gone(scope: Scope) -> None:
    """Nobody stands at a turnstile any more."""
    await until(lambda: not limits._stiles)
    assert scope.redis is not None
    await scope.redis.aclose()


async def test_who_waits_at_a_provider_that_others_found_gone_is_taken_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(failover, "WATCH_EVERY_S", 0.01)
    pair, scope, stalled = Pair(), Scope(), asyncio.Event()

    async def stall(request: httpx2.Request) -> httpx2.Response:
        pair.answer(request)
        stalled.set()
        await asyncio.Event().wait()
        raise AssertionError

    door = pair.door()
    first = door.line.chain.lines[0]
    first._gate._inner = httpx2.MockTransport(stall)
    with entered(scope):
        waiting = asyncio.create_task(ask(door))
    await stalled.wait()
    turn = Turn(first.provider, "a-large", "a:a-large")
    for _ in range(OPENS_AT):
        away = Failure("provider_unavailable", "Gone.", retryable=True)
        await door.line.chain.failover.tell(turn, away, None)
    assert await waiting == "b-large"
    assert [(call.provider, call.status) for call in scope.calls] == [
        ("a", "cancelled"), ("b", "ok"),
    ]  # fmt: skip
    assert isinstance(scope.said[0], Log)


async def test_a_step_that_is_tried_again_begins_where_it_did_not_just_fail() -> None:
    pair, scope = Pair(), Scope()
    scope.calls.append(Call("a", "a-large", status="timeout"))
    with entered(scope):
        await ask(pair.door())
    assert pair.asked == [B]


async def test_a_run_waits_while_all_are_away_and_goes_on_by_itself() -> None:
    pair, scope = Pair(a=503, b=530), Scope()

    async def heal(seconds: float) -> None:
        scope.slept.append(seconds)
        if len(scope.slept) == 3:
            pair.status["b"] = 200

    scope.sleep = heal  # type: ignore[method-assign]
    with entered(scope):
        assert await ask(pair.door()) == "b-large"
    assert len(scope.slept) == 3
    told = [body.message for body in scope.said if isinstance(body, Status)]
    assert told[0] == "a and b are not answering; next try in 1 s."
    assert told[-1] == "b answers again."


async def test_nobody_waits_beyond_the_runs_deadline() -> None:
    pair, scope = Pair(a=503, b=530), Scope(deadline=time.monotonic() + 0.5)
    with entered(scope), pytest.raises(Failure, match="b is not available at the moment"):
        await ask(pair.door())
    assert scope.slept == []


async def test_nobody_waits_for_providers_that_want_to_be_paid() -> None:
    pair, scope = Pair(a=402, b=401), Scope()
    door = pair.door()
    with entered(scope):
        with pytest.raises(Failure, match="b did not accept our key"):
            await ask(door)
        with pytest.raises(Failure, match="a and b are not answering"):
            await ask(door)
    assert (pair.asked, scope.slept) == ([A, B], [])


def test_patience_ends_sooner_while_another_could_be_asked() -> None:
    given = Deadlines(failover=20)
    alone, other = Turn(FIRST, "l"), Turn(FIRST, "l", "x", rivals=((SECOND, "l"),))
    assert alone.deadlines(given) == given
    hurried = other.deadlines(given)
    assert (hurried.first_token, hurried.whole, hurried.total) == (20, 120, 600)
    probing = replace(other, probe=True).deadlines(given)
    assert (probing.first_token, probing.whole) == (10, 60)


async def test_when_all_are_away_the_last_ones_failure_is_told() -> None:
    pair = Pair(a=503, b=530)
    with pytest.raises(Failure, match="b is not available at the moment \\(HTTP 530\\)") as failed:
        await ask(pair.door())
    assert failed.value.provider == "b"
    assert pair.asked == [A, B]


async def test_a_models_own_name_goes_to_those_that_have_it() -> None:
    pair = Pair(b=503)
    with pytest.raises(Failure):
        await ask(pair.door(), "b-large")
    assert pair.asked == [B]


async def test_a_doors_options_hold_at_every_provider() -> None:
    pair, seen = Pair(a=503), []
    door = pair.door()
    hooked = door.with_options(default_headers={"X-Mine": "1"}, timeout=4)
    door._at(door.line.chain.lines[1].provider)  # a copy without these was made before

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((request.headers.get("x-mine"), request.extensions["timeout"]["read"]))
        return pair.answer(request)

    for line in door.line.chain.lines:
        line._gate._inner = httpx2.MockTransport(answer)
    await ask(hooked)
    assert seen == [("1", 4), ("1", 4)]


async def test_an_address_of_ones_own_is_the_only_one_asked() -> None:
    pair = Pair(a=503)
    with pytest.raises(Failure):
        await ask(pair.door().with_options(base_url="http://a.invalid/v2"))
    assert pair.asked == [A]


NAMES: Any = {"small": "s", "large": "l"}
FIRST = Provider("first", "http://1", "k", {**NAMES, "embedding": "e"})
SECOND = Provider("second", "http://2", "k", NAMES)


@pytest.mark.parametrize(
    ("model", "able"),
    [
        ("large", (FIRST, SECOND)),
        ("l", (FIRST, SECOND)),
        ("embedding", (FIRST,)),
        ("of nobody", (FIRST,)),
    ],
)
def test_who_has_a_model(model: str, able: tuple[Provider, ...]) -> None:
    assert Failover((FIRST, SECOND)).able(model) == able


def test_nobody_stands_in_for_a_model_of_vectors() -> None:
    again = replace(FIRST, name="again")
    assert Failover((FIRST, again)).able("embedding", KINDS["/embeddings"]) == (FIRST,)


def test_gemini_is_not_asked_for_responses() -> None:
    gemini = replace(FIRST, base_url=GEMINI_URL)
    assert Failover((gemini, FIRST)).able("large", KINDS["/responses"]) == (FIRST,)
    assert Failover((gemini, FIRST)).able("large") == (gemini, FIRST)
    assert Failover((gemini,)).able("large", KINDS["/responses"]) == (gemini,)
