"""`.stream`: the SDK's events over our stream, and what cannot be parsed is a Failure."""

import pytest
from pydantic import BaseModel

from tests.workflows.llm.worlds import ASK, DONE, SPOKEN, USAGE, Scope, chunk, door, sse
from workflows.engine.context import entered
from workflows.engine.errors import Failure


class Gas(BaseModel):
    name: str


def spelling(content: str) -> tuple[str, ...]:
    pieces = [chunk({"content": content[i : i + 4]}) for i in range(0, len(content), 4)]
    return (*pieces, chunk({}, "stop"), USAGE, DONE)


async def parsed(*events: str) -> Gas | None:
    client = door(lambda _: sse(*events))
    async with client.chat.completions.stream(
        model="large", messages=ASK, response_format=Gas
    ) as stream:
        return (await stream.get_final_completion()).choices[0].message.parsed


async def test_events_come_and_the_answer_is_put_together() -> None:
    client = door(lambda _: sse(*SPOKEN, USAGE, DONE))
    async with client.chat.completions.stream(model="large", messages=ASK) as stream:
        deltas = [event.delta async for event in stream if event.type == "content.delta"]
        final = await stream.get_final_completion()
    assert (deltas, final.choices[0].message.content) == (
        ["", "Carbon ", "dioxide."],
        "Carbon dioxide.",
    )


async def test_a_streamed_answer_is_parsed_into_its_type() -> None:
    assert await parsed(*spelling('{"name": "carbon dioxide"}')) == Gas(name="carbon dioxide")


async def test_what_does_not_fit_the_type_is_an_invalid_answer() -> None:
    with pytest.raises(Failure) as failed:
        await parsed(*spelling('{"name": 5}'))
    assert (failed.value.type, failed.value.retryable) == ("invalid_answer", True)


async def test_a_cut_answer_is_a_failure_and_not_half_an_answer() -> None:
    scope = Scope()
    with entered(scope), pytest.raises(Failure, match="broke off"):
        await parsed(*spelling('{"name": "carbon dioxide"}')[:3])
    assert [call.status for call in scope.calls] == ["provider_unavailable"]
