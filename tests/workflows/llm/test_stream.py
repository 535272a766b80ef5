"""Streamed answers: passed on as they come, whole or a Failure."""

import json
from typing import Any

import httpx2
import pytest

from tests.workflows.llm.worlds import (
    ASK,
    DONE,
    SPOKEN,
    USAGE,
    Handler,
    Scope,
    chunk,
    door,
    sse,
)
from workflows.engine.context import entered
from workflows.engine.errors import Failure
from workflows.wire.events import Call


async def heard(handler: Handler, **more: Any) -> list[str]:
    stream = await door(handler).chat.completions.create(
        model="large", messages=ASK, stream=True, **more
    )
    return [c.choices[0].delta.content or "" if c.choices else "usage" async for c in stream]


async def test_the_pieces_come_as_the_sdk_gives_them() -> None:
    assert await heard(lambda _: sse(*SPOKEN, USAGE, DONE)) == ["", "Carbon ", "dioxide.", ""]


async def test_usage_is_always_asked_for_and_shown_to_whom_asked() -> None:
    bodies: list[Any] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content)["stream_options"])
        return sse(*SPOKEN, USAGE, DONE)

    assert "usage" not in await heard(handler)
    assert "usage" not in await heard(handler, stream_options={"include_usage": False})
    assert "usage" in await heard(handler, stream_options={"include_usage": True})
    assert bodies == [{"include_usage": True}] * 3


async def test_a_whole_answer_is_recorded_with_its_usage_and_first_token() -> None:
    scope = Scope()
    with entered(scope):
        await heard(lambda _: sse(*SPOKEN, USAGE, DONE))
    [call] = scope.calls
    assert (call.prompt_tokens, call.completion_tokens, call.status) == (9, 2, "ok")
    assert call.first_token_ms is not None


async def test_without_a_usage_the_tokens_are_unknown() -> None:
    scope = Scope()
    with entered(scope):
        await heard(lambda _: sse(*SPOKEN, DONE))
    [call] = scope.calls
    assert (call.prompt_tokens, call.completion_tokens, call.cost_usd) == (None, None, None)


@pytest.mark.parametrize(
    ("events", "type_", "message"),
    [
        ((), "provider_unavailable", "OpenAI ended its answer without saying anything."),
        ((": hm\n\n",), "provider_unavailable", "OpenAI ended its answer without saying anything."),
        (SPOKEN[:3], "provider_unavailable", "OpenAI broke off before its answer was complete."),
        (
            (*SPOKEN[:3], SPOKEN[2][:30]),
            "provider_unavailable",
            "OpenAI broke off before its answer was complete.",
        ),
        (
            (*SPOKEN[:3], DONE),
            "provider_unavailable",
            "OpenAI broke off before its answer was complete.",
        ),
        ((chunk(), DONE), "invalid_answer", "OpenAI sent an empty answer."),
        (
            (chunk({"content": None}), chunk({}, "stop"), DONE),
            "invalid_answer",
            "OpenAI sent an empty answer.",
        ),
        (("data: {\n\n",), "invalid_answer", "OpenAI sent something that is not JSON."),
        (("data: 5\n\n",), "invalid_answer", "OpenAI sent an empty answer."),
        (
            ('data: {"error": {"code": 503, "message": "sk-secret"}}\n\n',),
            "provider_unavailable",
            "OpenAI reported an error in the middle of its answer.",
        ),
    ],
)
async def test_what_the_sdk_takes_for_success_is_none(
    events: tuple[str, ...], type_: str, message: str
) -> None:
    scope = Scope()
    with entered(scope), pytest.raises(Failure) as failed:
        await heard(lambda _: sse(*events))
    assert (failed.value.type, failed.value.message) == (type_, message)
    assert failed.value.retryable
    assert [call.status for call in scope.calls] == [type_]


async def test_a_page_in_html_is_no_answer() -> None:
    page = httpx2.Response(200, html="<h1>Sign in</h1>")
    with pytest.raises(Failure, match="sent a web page instead of an answer"):
        await heard(lambda _: page)


async def test_an_answer_cut_at_its_length_fails_after_its_usage_was_read() -> None:
    scope = Scope()
    with entered(scope), pytest.raises(Failure, match="length limit"):
        await heard(lambda _: sse(*SPOKEN[:3], chunk({}, "length"), USAGE, DONE))
    assert [(call.completion_tokens, call.status) for call in scope.calls] == [
        (2, "invalid_answer")
    ]


async def test_a_stream_left_early_is_recorded_as_cancelled() -> None:
    scope = Scope()
    with entered(scope):
        stream = await door(lambda _: sse(*SPOKEN, USAGE, DONE)).chat.completions.create(
            model="large", messages=ASK, stream=True
        )
        async with stream:
            await anext(stream)
    assert stream.response.is_closed
    (call,) = scope.calls
    assert call == Call(
        "openai", "gpt-6.1-sol", first_token_ms=call.first_token_ms, status="cancelled"
    )


async def test_a_stream_never_read_is_recorded_when_it_is_closed() -> None:
    scope = Scope()
    with entered(scope):
        stream = await door(lambda _: sse(*SPOKEN, DONE)).chat.completions.create(
            model="large", messages=ASK, stream=True
        )
        await stream.close()
    assert [call.status for call in scope.calls] == ["cancelled"]
