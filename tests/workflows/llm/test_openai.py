"""Plain and parsed answers through the door, and everything else passing through untouched."""

import inspect
import json
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

from tests.workflows.llm.worlds import ASK, Scope, completion, door
from workflows.engine.budget import Budget
from workflows.engine.context import entered
from workflows.engine.errors import Failure, LeaseLost
from workflows.llm.openai import Door, open_door
from workflows.wire.events import Call, Limits


class Gas(BaseModel):
    name: str


def answering(**body: Any) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(200, json=completion(**body), headers={"x-request-id": "r1"})


class Seen:
    """A provider that keeps what it was asked."""

    def __init__(self, body: Any = None, status: int = 200) -> None:
        self.requests: list[httpx2.Request] = []
        self._body = completion() if body is None else body
        self._status = status

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return httpx2.Response(self._status, json=self._body)

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)


async def test_a_plain_answer_is_the_sdks_own() -> None:
    answer = await door(answering()).chat.completions.create(model="large", messages=ASK)
    assert (answer.choices[0].message.content, answer._request_id) == ("Carbon dioxide.", "r1")


async def test_an_alias_goes_out_as_the_providers_name() -> None:
    seen = Seen()
    await door(seen).chat.completions.create(model="small", messages=ASK)
    assert seen.body["model"] == "gpt-6-luna"


async def test_a_call_is_fenced_before_and_recorded_after() -> None:
    scope = Scope()
    with entered(scope):
        await door(answering()).chat.completions.create(model="large", messages=ASK)
    assert (scope.fences, scope.calls) == (1, [Call("openai", "gpt-6.1-sol", 1000, 200, 0.004)])


async def test_a_provider_that_counts_nothing_leaves_the_tokens_unknown() -> None:
    scope = Scope()
    with entered(scope):
        await door(answering(usage=None)).chat.completions.create(model="large", messages=ASK)
    assert scope.calls == [Call("openai", "gpt-6.1-sol")]


async def test_a_failed_try_is_recorded_too_with_what_it_used() -> None:
    scope = Scope()
    choices = [{"index": 0, "message": {"content": "Carb"}, "finish_reason": "length"}]
    with entered(scope), pytest.raises(Failure) as failed:
        await door(answering(choices=choices)).chat.completions.create(model="large", messages=ASK)
    assert (failed.value.type, failed.value.provider) == ("invalid_answer", "openai")
    assert scope.calls == [Call("openai", "gpt-6.1-sol", 1000, 200, 0.004, status="invalid_answer")]


async def test_a_lost_lease_stops_the_call_before_the_provider_hears_of_it() -> None:
    scope, seen = Scope(ours=False), Seen()
    with entered(scope), pytest.raises(LeaseLost):
        await door(seen).chat.completions.create(model="large", messages=ASK)
    assert (seen.requests, scope.calls) == ([], [])


async def test_nothing_is_tried_twice_whoever_asks_for_it() -> None:
    seen = Seen({"error": {}}, status=500)
    with pytest.raises(Failure):
        await (
            door(seen)
            .with_options(max_retries=5)
            .chat.completions.create(model="large", messages=ASK)
        )
    assert len(seen.requests) == 1


async def test_our_own_mistake_stays_what_it_is() -> None:
    with pytest.raises(TypeError):
        await door(answering()).chat.completions.create(model="large")  # type: ignore[call-overload]


async def test_parse_gives_the_type_asked_for() -> None:
    handler = answering(content='{"name": "carbon dioxide"}')
    answer = await door(handler).chat.completions.parse(
        model="large", messages=ASK, response_format=Gas
    )
    assert answer.choices[0].message.parsed == Gas(name="carbon dioxide")
    assert answer._request_id == "r1"


@pytest.mark.parametrize("content", ["no JSON", '{"name": 5}', '{"name": "carb'])
async def test_what_does_not_parse_is_an_invalid_answer_whose_usage_is_kept(content: str) -> None:
    scope = Scope()
    with entered(scope), pytest.raises(Failure) as failed:
        await door(answering(content=content)).chat.completions.parse(
            model="large", messages=ASK, response_format=Gas
        )
    assert (failed.value.type, failed.value.retryable) == ("invalid_answer", True)
    assert [(call.prompt_tokens, call.status) for call in scope.calls] == [(1000, "invalid_answer")]


async def test_the_callers_arguments_arrive_unchanged() -> None:
    seen = Seen()
    await door(seen).chat.completions.create(
        model="gpt-5.4",
        messages=ASK,
        temperature=0.3,
        extra_headers={"X-Mine": "1"},
        extra_query={"q": "2"},
        extra_body={"mine": 3},
        timeout=4,
    )
    request = seen.requests[0]
    assert (request.headers["x-mine"], request.url.params["q"]) == ("1", "2")
    assert seen.body == {"model": "gpt-5.4", "messages": ASK, "temperature": 0.3, "mine": 3}
    assert set(request.extensions["timeout"].values()) == {4}


async def test_embeddings_and_responses_are_fenced_and_recorded() -> None:
    vector = {"object": "embedding", "index": 0, "embedding": [0.5]}
    body = {"object": "list", "model": "m", "data": [vector], "output": [{"type": "message"}]}
    spent = {"prompt_tokens": 1000, "input_tokens": 50, "output_tokens": 7}
    seen, scope = Seen({**body, "usage": spent}), Scope()
    with entered(scope):
        found = await door(seen).embeddings.create(
            model="embedding", input="x", extra_headers={"X-Mine": "1"}, timeout=4
        )
        await door(seen).responses.create(model="large", input="x", timeout=4)
    assert found.data[0].embedding == [0.5]
    assert [json.loads(r.content)["model"] for r in seen.requests] == [
        "text-embedding-3-small",
        "gpt-6.1-sol",
    ]
    assert seen.requests[0].headers["x-mine"] == "1"
    assert all(set(r.extensions["timeout"].values()) == {4} for r in seen.requests)
    assert scope.fences == 2
    assert [(call.prompt_tokens, call.completion_tokens) for call in scope.calls] == [
        (1000, 0), (50, 7),
    ]  # fmt: skip
    assert scope.calls[0].cost_usd == 0.00002


async def test_errors_of_what_passes_through_are_the_sdks() -> None:
    with pytest.raises(openai.RateLimitError):
        await door(Seen({"error": {}}, status=429)).models.list()


async def test_raw_responses_pass_through() -> None:
    client = door(answering())
    raw = await client.chat.completions.with_raw_response.create(model="large", messages=ASK)
    assert raw.headers["x-request-id"] == "r1"
    assert raw.parse().choices[0].message.content == "Carbon dioxide."
    async with client.chat.completions.with_streaming_response.create(
        model="large", messages=ASK
    ) as streamed:
        assert json.loads(await streamed.text())["id"] == "chatcmpl-1"


async def test_a_copy_is_a_door_on_the_same_line() -> None:
    client = door(answering())
    copy = client.with_options(timeout=3, default_headers={"X-Mine": "1"})
    assert isinstance(copy, Door)
    assert (copy.line, copy.timeout, copy.max_retries) == (client.line, 3, 0)


def test_the_line_cannot_be_exchanged() -> None:
    with pytest.raises(TypeError, match="own HTTP client"):
        door(answering()).with_options(http_client=httpx2.AsyncClient())


def test_the_whole_surface_of_the_sdk_is_there() -> None:
    """Every resource of the SDK's client is the SDK's own, but for `chat`, which adds to it."""
    mine, theirs = door(answering()), AsyncOpenAI(api_key="sk-test")
    names = [name for name in dir(AsyncOpenAI) if not name.startswith("_")]
    resources = [n for n in names if n.islower() and hasattr(getattr(theirs, n), "_client")]
    assert {"chat", "embeddings", "responses", "models", "audio", "files"} <= set(resources)
    for name in resources:
        assert isinstance(getattr(mine, name), type(getattr(theirs, name))), name
    assert [n for n in resources if type(getattr(mine, n)) is not type(getattr(theirs, n))] == [
        "chat"
    ]
    for name in ("create", "parse", "stream", "list", "retrieve", "update", "delete"):
        own, sdk = (getattr(c.chat.completions, name) for c in (mine, theirs))
        assert inspect.signature(own) == inspect.signature(sdk), name


def test_no_other_provider_learns_the_organization(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    transport = httpx2.MockTransport(answering())
    gemini = open_door({"GEMINI_API_KEY": "g"}, transport=transport)
    assert (gemini.organization, gemini.with_options(timeout=1).organization) == (None, None)
    assert door(answering()).organization == "org-1"


def test_neither_proxies_nor_netrc_are_read_from_the_environment() -> None:
    assert door(answering()).line.trust_env is False


async def test_a_run_that_has_nothing_left_asks_no_provider() -> None:
    seen = Seen()
    scope = Scope(budget=Budget(Limits(usd=0.01), [Call("openai", "m", 1, 1, 0.01)]))
    for ask in (
        lambda: door(seen).chat.completions.create(model="large", messages=ASK),
        lambda: door(seen).embeddings.create(model="embedding", input="x"),
    ):
        with entered(scope), pytest.raises(Failure, match="budget") as refused:
            await ask()
        assert refused.value.type == "budget"
    assert (seen.requests, scope.calls) == ([], [])


async def test_a_call_holds_its_estimate_until_it_has_ended() -> None:
    scope = Scope(budget=Budget(Limits(usd=1)))
    held: list[float] = []

    def answer(_: httpx2.Request) -> httpx2.Response:
        held.extend(hold.usd for hold in scope.budget._held)
        return httpx2.Response(200, json=completion())

    with entered(scope):
        await door(answer).chat.completions.create(model="large", messages=ASK, max_tokens=1000)
    assert 0.01 < held[0] < 0.011
    assert (scope.budget._held, scope.budget.usd) == ([], 0.004)
