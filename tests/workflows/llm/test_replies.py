"""`responses` and `embeddings` through the door: whole, streamed, parsed, and cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel

from tests.workflows.llm.worlds import Scope, door
from workflows.engine.context import entered
from workflows.engine.errors import Failure

BILL = {
    "input_tokens": 9, "output_tokens": 2, "total_tokens": 11,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}  # fmt: skip


def response(text: str = "Carbon dioxide.", **changes: Any) -> dict[str, Any]:
    said = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
    return {
        "id": "resp_1", "object": "response", "created_at": 0, "model": "gpt-6.1-sol",
        "status": "completed", "output": [{**message, "content": [said]}], "usage": BILL,
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], **changes,
    }  # fmt: skip


def plain(**changes: Any) -> Callable[[httpx2.Request], httpx2.Response]:
    return lambda _: httpx2.Response(200, json=response(**changes))


def event(kind: str, **data: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': 0, **data})}\n\n"


PLACE = {"item_id": "m", "output_index": 0, "content_index": 0, "logprobs": []}
BEGUN = event("response.created", response=response(status="in_progress", output=[], usage=None))
SAID = [event("response.output_text.delta", delta=d, **PLACE) for d in ("Carbon ", "dioxide.")]
WHOLE = event("response.completed", response=response())


def streamed(*events: str) -> Callable[[httpx2.Request], httpx2.Response]:
    kind = {"content-type": "text/event-stream"}
    return lambda _: httpx2.Response(200, headers=kind, content="".join(events).encode())


def incomplete(reason: str) -> dict[str, Any]:
    return {"status": "incomplete", "incomplete_details": {"reason": reason}}


async def ask(handler: Any, **more: Any) -> Any:
    return await door(handler).responses.create(model="large", input="Which gas?", **more)


async def read(handler: Any, **more: Any) -> None:
    answer = await ask(handler, **more)
    async for _ in answer:
        pass


async def test_a_whole_answer_is_recorded() -> None:
    scope = Scope()
    with entered(scope):
        answer = await ask(plain())
    assert answer.output_text == "Carbon dioxide."
    (call,) = scope.calls
    assert (call.model, call.prompt_tokens, call.completion_tokens) == ("gpt-6.1-sol", 9, 2)
    assert call.status == "ok"
    assert call.cost_usd == pytest.approx(0.0000304)


async def test_a_streamed_answer_comes_as_the_sdk_gives_it() -> None:
    scope = Scope()
    with entered(scope):
        events = [e async for e in await ask(streamed(BEGUN, *SAID, WHOLE), stream=True)]
    assert [e.type for e in events] == [
        "response.created", "response.output_text.delta", "response.output_text.delta",
        "response.completed",
    ]  # fmt: skip
    (call,) = scope.calls
    assert (call.prompt_tokens, call.completion_tokens, call.status) == (9, 2, "ok")
    assert call.first_token_ms is not None


BROKE_OFF = ("provider_unavailable", "OpenAI broke off before its answer was complete.")
LENGTH = ("invalid_answer", "OpenAI reached its length limit before its answer was complete.")
FILTERED = ("content_filtered", "OpenAI withheld its answer by its rules on content.")
REPORTED = ("provider_unavailable", "OpenAI reported an error instead of an answer.")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (incomplete("max_output_tokens"), LENGTH),
        (incomplete("content_filter"), FILTERED),
        ({"status": "failed", "error": {"code": "server_error", "message": "sk-x"}}, REPORTED),
        ({"status": "in_progress"}, BROKE_OFF),
        ({"output": []}, ("invalid_answer", "OpenAI sent an empty answer.")),
    ],
)
async def test_what_is_no_success_is_none_whole_or_streamed(
    changes: dict[str, Any], told: tuple[str, str]
) -> None:
    last = {"incomplete": "incomplete", "failed": "failed"}.get(changes.get("status", ""))
    end = event(f"response.{last or 'completed'}", response=response(**changes))
    for handler, more in ((plain(**changes), {}), (streamed(BEGUN, *SAID, end), {"stream": True})):
        scope = Scope()
        with entered(scope), pytest.raises(Failure) as failed:
            await read(handler, **more)
        assert (failed.value.type, failed.value.message) == told
        assert [call.status for call in scope.calls] == [told[0]]
        assert scope.calls[0].prompt_tokens == 9


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "OpenAI ended its answer without saying anything."),
        ([BEGUN, *SAID], BROKE_OFF[1]),
        (
            [BEGUN, event("error", code="server_error", message="sk-x", param=None)],
            "OpenAI reported an error in the middle of its answer.",
        ),
    ],
)
async def test_a_cut_stream_is_no_answer(events: list[str], message: str) -> None:
    with pytest.raises(Failure) as failed:
        await read(streamed(*events), stream=True)
    assert (failed.value.type, failed.value.message) == ("provider_unavailable", message)


async def test_what_is_done_in_the_background_is_fetched_later() -> None:
    answer = await ask(plain(status="queued", output=[], background=True, usage=None))
    assert answer.status == "queued"


class Gas(BaseModel):
    name: str


async def test_parse_gives_the_type_asked_for() -> None:
    answer = await door(plain(text='{"name": "CO2"}')).responses.parse(
        model="large", input="Which gas?", text_format=Gas
    )
    assert answer.output_parsed == Gas(name="CO2")


async def test_stream_gives_the_sdks_events_and_the_answer() -> None:
    item = {**response()["output"][0], "content": [], "status": "in_progress"}
    part = {"type": "output_text", "text": "", "annotations": []}
    added = [
        event("response.output_item.added", output_index=0, item=item),
        event("response.content_part.added", part=part, **PLACE),
    ]
    async with door(streamed(BEGUN, *added, *SAID, WHOLE)).responses.stream(
        model="large", input="Which gas?"
    ) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert "response.output_text.delta" in kinds
    assert final.output_text == "Carbon dioxide."


async def test_vectors_that_did_not_come_are_no_answer() -> None:
    empty = {"object": "list", "model": "m", "data": [], "usage": {"prompt_tokens": 3}}
    scope = Scope()
    with entered(scope), pytest.raises(Failure, match="sent an empty answer"):
        await door(lambda _: httpx2.Response(200, json=empty)).embeddings.create(
            model="embedding", input="x", encoding_format="float"
        )
    assert [(call.status, call.prompt_tokens) for call in scope.calls] == [("invalid_answer", 3)]
