"""Every fault of a provider, over real connections: its type, and the sentence that people read."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fakes import Provider
from tests.workflows.llm.worlds import ASK, Scope
from workflows.engine.context import entered
from workflows.engine.errors import Failure
from workflows.llm.deadlines import Deadlines
from workflows.llm.openai import Door, open_door

DOWN, BAD, SLOW = "provider_unavailable", "invalid_answer", "timeout"
BROKE = (DOWN, "The connection to OpenAI broke.")
BROKE_OFF = (DOWN, "OpenAI broke off before its answer was complete.")
SILENT = (DOWN, "OpenAI ended its answer without saying anything.")
EMPTY = (BAD, "OpenAI sent an empty answer.")
NO_JSON = (BAD, "OpenAI sent something that is not JSON.")
PAGE = (DOWN, "OpenAI sent a web page instead of an answer.")
LENGTH = (BAD, "OpenAI reached its length limit before its answer was complete.")
FILTERED = ("content_filtered", "OpenAI withheld its answer by its rules on content.")
QUOTA = ("rate_limited", "The quota at OpenAI is used up.")
LIMITED = ("rate_limited", "OpenAI allows no more requests at the moment.")
UNFINISHED = (SLOW, "OpenAI did not finish within 1.5 s.")
UNBEGUN = (SLOW, "OpenAI did not begin its answer within 0.5 s.")
STALLED = (SLOW, "OpenAI fell silent for 0.5 s in the middle of its answer.")


def away(status: int) -> tuple[str, str]:
    return DOWN, f"OpenAI is not available at the moment (HTTP {status})."


# fault: (plain answer, streamed answer)
SENTENCES = {
    "429": (LIMITED, LIMITED),
    "500": (away(500), away(500)),
    "503": (away(503), away(503)),
    "530": (away(530), away(530)),
    "401": (("provider_refused", "OpenAI did not accept our key (HTTP 401)."),) * 2,
    "insufficient_quota": (QUOTA, QUOTA),
    "stall_before": (UNFINISHED, UNBEGUN),
    "stall_within": (UNFINISHED, STALLED),
    "drip": (UNFINISHED, STALLED),
    "cut": (BROKE, BROKE_OFF),
    "half": (BROKE, BROKE_OFF),
    "done_without_finish": (BROKE_OFF, BROKE_OFF),
    "refuse": (BROKE, BROKE),
    "html": (PAGE, PAGE),
    "empty": (NO_JSON, SILENT),
    "comments": (NO_JSON, SILENT),
    "bad_json": (NO_JSON, NO_JSON),
    "no_choices": (EMPTY, EMPTY),
    "null": (EMPTY, EMPTY),
    "length": (LENGTH, LENGTH),
    "content_filter": (FILTERED, FILTERED),
    "error_within": (
        BROKE,
        (DOWN, "OpenAI reported an error in the middle of its answer."),
    ),
}
HOPELESS = {"401", "insufficient_quota", "content_filter"}
# Only the deadline that a fault is to hit is short: the others leave a busy machine its time.
SHORT = {
    ("stall_before", False): Deadlines(total=1.5),
    ("stall_within", False): Deadlines(total=1.5),
    ("drip", False): Deadlines(total=1.5),
    ("stall_before", True): Deadlines(first_token=0.5),
    ("stall_within", True): Deadlines(chunk=0.5),
    ("drip", True): Deadlines(chunk=0.5),
}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.unscript()
    running.pace(latency=0, tokens_per_second=0)
    return running


@asynccontextmanager
async def opened(provider: Provider, deadlines: Deadlines) -> AsyncIterator[Door]:
    door = open_door(provider.environ, deadlines=deadlines)
    yield door
    await door.close()


@pytest.fixture
async def client(provider: Provider) -> AsyncIterator[Door]:
    async with opened(provider, Deadlines()) as door:
        yield door


async def ask(client: Door, *, stream: bool, messages: Any = ASK) -> str:
    if not stream:
        answer = await client.chat.completions.create(model="large", messages=messages)
        return answer.choices[0].message.content or ""
    chunks = await client.chat.completions.create(model="large", messages=messages, stream=True)
    return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("fault", SENTENCES)
async def test_a_fault_has_its_type_and_sentence_and_the_next_try_succeeds(
    provider: Provider, client: Door, fault: str, stream: bool
) -> None:
    provider.script(fault)
    scope = Scope()
    async with opened(provider, SHORT.get((fault, stream), Deadlines())) as hasty:
        with entered(scope), pytest.raises(Failure) as failed:
            await ask(hasty, stream=stream)
    failure = failed.value
    assert (failure.type, failure.message) == SENTENCES[fault][stream]
    assert failure.retryable is (fault not in HOPELESS)
    assert [call.status for call in scope.calls] == [failure.type]
    assert await ask(client, stream=stream)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("2", 2), ("3600", 3600), ("Fri, 01 Jan 2100 00:00:00 GMT", 3600), ("", None)],
)
async def test_retry_after_is_handed_on(
    provider: Provider, client: Door, header: str, seconds: float | None
) -> None:
    provider.script("429", retry_after=header)
    with pytest.raises(Failure) as failed:
        await ask(client, stream=True)
    assert failed.value.retry_after == seconds


async def test_a_drip_that_never_pauses_for_long_ends_with_the_total(provider: Provider) -> None:
    provider.script("drip")
    async with opened(provider, Deadlines(total=1.5)) as hasty:
        with pytest.raises(Failure) as failed:
            await ask(hasty, stream=True)
    assert (failed.value.type, failed.value.message) == UNFINISHED


async def test_the_runs_own_deadline_ends_a_call(provider: Provider, client: Door) -> None:
    provider.script("stall_before")
    scope = Scope(deadline=time.monotonic() + 0.2)
    with entered(scope), pytest.raises(Failure) as failed:
        await ask(client, stream=True)
    assert (failed.value.type, failed.value.message) == (
        "deadline",
        "The run's time was up before OpenAI had finished.",
    )


async def test_nobody_there_is_said_in_a_sentence() -> None:
    settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    with pytest.raises(Failure, match="OpenAI could not be reached"):
        await ask(open_door(settings), stream=False)


async def test_the_ledger_of_the_run_is_the_providers_own(provider: Provider, client: Door) -> None:
    scope, before = Scope(), len(provider.calls())
    with entered(scope):
        await ask(client, stream=False)
        await ask(client, stream=True)
    ours = [(call.prompt_tokens, call.completion_tokens) for call in scope.calls]
    theirs = provider.wait_for(lambda calls: all(c["status"] for c in calls))[before:]
    assert ours == [(call["prompt_tokens"], call["completion_tokens"]) for call in theirs]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_cancelling_closes_the_providers_connection(
    provider: Provider, client: Door, stream: bool
) -> None:
    provider.pace(tokens_per_second=2, latency=0.1)
    scope, before = Scope(), len(provider.calls())
    with entered(scope):
        asking = asyncio.create_task(ask(client, stream=stream))
    await asyncio.to_thread(provider.wait_for, lambda calls: len(calls) > before)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    calls = await asyncio.to_thread(provider.wait_for, lambda calls: calls[-1]["closed"])
    assert calls[-1]["status"] == "closed"
    assert [call.status for call in scope.calls] == ["cancelled"]


async def test_a_task_cancelled_between_two_pieces_closes_its_stream(
    provider: Provider, client: Door
) -> None:
    provider.pace(tokens_per_second=2)
    before, reading = len(provider.calls()), asyncio.Event()
    streams: list[Any] = []

    async def read_one_and_linger() -> None:
        streams.append(
            await client.chat.completions.create(model="large", messages=ASK, stream=True)
        )
        await anext(streams[0])
        reading.set()
        await asyncio.Event().wait()

    lingering = asyncio.create_task(read_one_and_linger())
    await reading.wait()
    lingering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lingering
    calls = await asyncio.to_thread(provider.wait_for, lambda calls: calls[-1]["closed"])
    assert len(calls) == before + 1
