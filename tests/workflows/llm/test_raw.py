"""Raw responses: untouched, and in the ledger all the same."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from tests.workflows.engine.house import until
from tests.workflows.llm.worlds import ASK, DONE, SPOKEN, USAGE, Scope, completion, door, sse
from workflows.engine.context import entered
from workflows.llm import limits
from workflows.llm.bucket import bucket_of
from workflows.wire import keys
from workflows.wire.clients import connect_async

Ask = Callable[[AsyncOpenAI], Any]
BODY = json.dumps(completion()).encode()


class Slow(httpx2.AsyncByteStream):
    """A body that comes over the network."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._body), 50):
            yield self._body[start : start + 50]


def answer(body: bytes = BODY, **headers: str) -> Callable[[httpx2.Request], httpx2.Response]:
    kind = {"content-type": "application/json", **headers}
    return lambda _: httpx2.Response(200, headers=kind, stream=Slow(body))


def told(scope: Scope) -> list[tuple[int | None, int | None, str]]:
    return [(call.prompt_tokens, call.completion_tokens, call.status) for call in scope.calls]


async def test_one_in_one_piece_is_accounted() -> None:
    scope = Scope()
    with entered(scope):
        raw = await door(answer()).chat.completions.with_raw_response.create(
            model="large", messages=ASK
        )
    assert raw.parse().choices[0].message.content == "Carbon dioxide."
    assert raw.http_response.content == BODY
    assert told(scope) == [(1000, 200, "ok")]
    assert scope.fences == 1


@pytest.mark.parametrize("packed", [False, True])
async def test_one_that_is_read_later_is_accounted_when_it_is_through(packed: bool) -> None:
    scope, coding = Scope(), {"content-encoding": "gzip"} if packed else {}
    handler = answer(gzip.compress(BODY) if packed else BODY, **coding)
    with entered(scope):
        asks = door(handler).chat.completions.with_streaming_response
        async with asks.create(model="large", messages=ASK) as streamed:
            assert told(scope) == []
            assert json.loads(await streamed.text())["id"] == "chatcmpl-1"
    assert told(scope) == [(1000, 200, "ok")]


async def test_one_that_is_left_in_the_middle_is_of_unknown_cost() -> None:
    scope = Scope()
    with entered(scope):
        asks = door(answer()).chat.completions.with_streaming_response
        async with asks.create(model="large", messages=ASK) as streamed:
            await anext(streamed.iter_bytes(10))
    assert told(scope) == [(None, None, "cancelled")]


@pytest.mark.parametrize(
    ("events", "tokens"), [((*SPOKEN, USAGE, DONE), 9), ((*SPOKEN, DONE), None)]
)
async def test_of_a_stream_that_is_known_which_was_asked_for(
    events: tuple[str, ...], tokens: int | None
) -> None:
    scope = Scope()
    with entered(scope):
        raw = await door(lambda _: sse(*events)).chat.completions.with_raw_response.create(
            model="large", messages=ASK, stream=True
        )
        said = [chunk async for chunk in raw.parse()]
    assert len(said) == len(events) - 1
    assert told(scope) == [(tokens, tokens and 2, "ok")]


async def test_errors_are_the_sdks_and_cost_nothing() -> None:
    scope = Scope()
    refusing = door(lambda _: httpx2.Response(429, json={"error": {}}))
    with entered(scope), pytest.raises(openai.RateLimitError):
        await refusing.chat.completions.with_raw_response.create(model="large", messages=ASK)
    assert told(scope) == [(0, 0, "rate_limited")]


VECTOR = {"object": "embedding", "index": 0, "embedding": [0.5]}
ANSWERS: dict[str, Any] = {
    "/v1/embeddings": {"data": [VECTOR], "usage": {"prompt_tokens": 3, "total_tokens": 3}},
    "/v1/responses": {
        "output": [{"type": "message"}],
        "usage": {"input_tokens": 3, "output_tokens": 4},
    },
}
ASKS: dict[str, Ask] = {
    "chat": lambda c: c.chat.completions.create(model="large", messages=ASK),
    "chat, raw": lambda c: c.chat.completions.with_raw_response.create(model="large", messages=ASK),
    "responses": lambda c: c.responses.create(model="large", input="x"),
    "responses, raw": lambda c: c.responses.with_raw_response.create(model="large", input="x"),
    "embeddings": lambda c: c.embeddings.create(model="embedding", input="x"),
    "embeddings, raw": lambda c: c.embeddings.with_raw_response.create(
        model="embedding", input="x"
    ),
}


@pytest.mark.parametrize("asked", ASKS)
async def test_all_that_is_traced_has_its_turn(asked: str, redis_url: str) -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=ANSWERS.get(request.url.path, completion()))

    scope, client = Scope(redis=connect_async(redis_url)), door(handler)
    with entered(scope):
        await ASKS[asked](client)
    await until(lambda: not limits._stiles)
    assert scope.redis is not None
    bucket = bucket_of(client.line.provider, scope.calls[0].model)
    assert float(await scope.redis.hget(keys.limits(bucket.id, "state"), "went") or 0) == 1
    assert await scope.redis.scard(keys.limits(bucket.id, "held")) == 0
    await scope.redis.aclose()
    assert all(call.prompt_tokens and call.status == "ok" for call in scope.calls)
