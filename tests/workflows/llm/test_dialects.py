"""Gemini's compatible dialect, over real connections: the same answers as from OpenAI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from tests.fakes import Provider
from tests.workflows.llm.worlds import ASK, Scope, completion, door
from workflows.engine.context import entered
from workflows.engine.errors import Failure
from workflows.llm.dialects import plain
from workflows.llm.failures import Barred
from workflows.llm.openai import Door, open_door

MODELS = {"small": "flash", "large": "pro"}


class Gas(BaseModel):
    name: str


class Air(BaseModel):
    gases: list[Gas]


@pytest.fixture(scope="module")
def gemini() -> Iterator[Provider]:
    with Provider(gemini=True) as provider:
        yield provider


def described(url: str) -> str:
    return json.dumps([{"name": "gemini", "base_url": url, "models": MODELS}])


@pytest.fixture
async def client(gemini: Provider) -> AsyncIterator[Door]:
    made = open_door({"GX_PROVIDERS": described(gemini.url)})
    yield made
    await made.close()


def format_of(form: type[BaseModel]) -> Any:
    shape = {"name": form.__name__, "schema": form.model_json_schema(), "strict": True}
    return {"type": "json_schema", "json_schema": shape}


def refusals(provider: Provider, since: int) -> int:
    return sum(call["status"] == "fault" for call in provider.calls()[since:])


async def test_a_stream_says_what_was_said_and_counts_it(gemini: Provider, client: Door) -> None:
    before, scope = len(gemini.calls()), Scope()
    with entered(scope):
        for _ in range(2):
            stream = await client.chat.completions.create(model="large", messages=ASK, stream=True)
            chunks = [chunk async for chunk in stream]
    said = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert "Never seen" not in said
    assert "Which gas" in said
    assert chunks[-1].choices[0].finish_reason == "stop"
    calls = await asyncio.to_thread(gemini.wait_for, lambda c: all(call["status"] for call in c))
    counted = [call["completion_tokens"] for call in calls[before:] if call["status"] == "ok"]
    assert [call.completion_tokens for call in scope.calls] == counted
    assert refusals(gemini, before) == 1, "what it does not take is learnt once"


async def test_a_form_is_asked_for_in_a_schema_that_it_takes(
    gemini: Provider, client: Door
) -> None:
    before = len(gemini.calls())
    for _ in range(2):
        answer = await client.chat.completions.create(
            model="large", messages=ASK, response_format=format_of(Air)
        )
        content = answer.choices[0].message.content or ""
        assert not content.startswith("```")
        json.loads(content)
    assert refusals(gemini, before) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_an_error_in_a_list_is_the_same_error(
    gemini: Provider, client: Door, status: int
) -> None:
    gemini.script(str(status))
    with pytest.raises(Failure) as failed:
        await client.chat.completions.create(model="large", messages=ASK)
    assert failed.value.type == {429: "rate_limited", 503: "provider_unavailable"}[status]
    assert failed.value.retryable


def refusing(status: int, *told: dict[str, Any]) -> Any:
    error = {"code": status, "message": "scripted", "status": "X", "details": list(told)}
    return lambda _: httpx2.Response(status, json=[{"error": error}])


@pytest.mark.parametrize(
    ("status", "told", "barred", "wait"),
    [
        (400, {"@type": "ErrorInfo", "reason": "API_KEY_INVALID"}, True, None),
        (429, {"violations": [{"quotaId": "GenerateRequestsPerDayPerModel"}]}, True, None),
        (429, {"@type": "RetryInfo", "retryDelay": "17s"}, False, 17),
        (429, {"@type": "RetryInfo", "retryDelay": "1.5s"}, False, 1.5),
        (429, {"@type": "RetryInfo", "retryDelay": "1.2.3s"}, False, None),
        (400, {"@type": "ErrorInfo", "reason": "WHATEVER"}, False, None),
    ],
)
async def test_what_google_says_beside_the_code_counts(
    status: int, told: dict[str, Any], barred: bool, wait: float | None
) -> None:
    with pytest.raises(Failure) as failed:
        await door(refusing(status, told)).chat.completions.create(model="large", messages=ASK)
    assert isinstance(failed.value, Barred) is barred
    assert failed.value.retry_after == wait


@pytest.mark.parametrize(
    ("said", "type"),
    [
        ("MAX_TOKENS", "invalid_answer"),
        ("SAFETY", "content_filtered"),
        ("STOP", None),
        ("error", "provider_unavailable"),
        ("insufficient_system_resource", "provider_unavailable"),
        ("abort", "provider_unavailable"),
        ("model_length", "invalid_answer"),
    ],
)
async def test_how_an_answer_ended_is_understood(said: str, type: str | None) -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Air."}}
    body = completion(choices=[{**choice, "finish_reason": said}])
    asking = door(lambda _: httpx2.Response(200, json=body)).chat.completions.create(
        model="large", messages=ASK
    )
    if type is None:
        assert (await asking).choices[0].finish_reason == "stop"
        return
    with pytest.raises(Failure) as failed:
        await asking
    assert failed.value.type == type


async def test_of_openai_nothing_is_learnt() -> None:
    asked = []

    def refuse(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(400, json={"error": {"message": "Invalid schema: stream_options"}})

    with pytest.raises(Failure, match="did not understand"):
        await door(refuse).chat.completions.create(
            model="large", messages=ASK, response_format=format_of(Air)
        )
    assert len(asked) == 1


def test_a_plain_schema_has_its_references_written_out() -> None:
    schema = Air.model_json_schema()
    assert plain(schema, schema) == {
        "type": "object",
        "required": ["gases"],
        "properties": {
            "gases": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": {"type": "string"}},
                },
            }
        },
    }


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    schema = {"$ref": "#/$defs/A", "$defs": {"A": {"properties": {"a": {"$ref": "#/$defs/A"}}}}}
    assert "properties" in plain(schema, schema)
