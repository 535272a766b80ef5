"""The kit that people who write workflows are given; its own examples run."""

from __future__ import annotations

import asyncio
import doctest
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from workflows import testing
from workflows.engine import Failure, ask, component, workflow
from workflows.llm import llm
from workflows.testing import Refusal, Stage, crash_at, done_anew, fast_clock, scripted, stored
from workflows.wire.events import SpanCompleted


@dataclass(frozen=True)
class Paper:
    paragraphs: tuple[str, ...]


@component(retry=3)
async def say(what: str) -> str:
    messages: Any = [{"role": "user", "content": what}]
    answer = await llm.chat.completions.create(model="small", messages=messages)
    return str(answer.choices[0].message.content)


@workflow("digest")
async def digest(paper: Paper) -> list[str]:
    return [await say(paragraph) for paragraph in paper.paragraphs]


@component
async def aloud(what: str) -> str:
    return await say(what)


@workflow("digest")
async def louder(paper: Paper) -> list[str]:
    """The same workflow, of another day."""
    return [await aloud(paragraph) for paragraph in paper.paragraphs]


@workflow("asks")
async def asks(paper: Paper) -> bool:
    return await ask(bool, title="Go on?", timeout=3600)


PAPER = Paper(("One", "Two", "Three"))


@pytest.mark.parametrize("name", testing.__all__)
def test_every_public_name_is_explained(name: str) -> None:
    assert getattr(testing, name).__doc__


def test_the_examples_run() -> None:
    for name in ("crash_at", "scripted", "fast_clock"):
        [found] = doctest.DocTestFinder(recurse=False).find(
            getattr(testing, name), name, module=False, globs={"asyncio": asyncio, **vars(testing)}
        )
        assert found.examples
        said: list[str] = []
        doctest.DocTestRunner().run(found, out=said.append)
        assert said == []


async def test_a_crash_pays_nothing_twice(redis_url: str) -> None:
    stage = Stage(redis_url)
    with scripted(lambda asked: asked["messages"][0]["content"].upper()) as provider:
        state = await stage.run(digest, PAPER, crash_at("span.completed", 2))
    assert (state.status, state.output) == ("completed", ["ONE", "TWO", "THREE"])
    assert [asked["messages"][0]["content"] for asked in provider.requests] == list(
        PAPER.paragraphs
    )
    assert stage.attempts == 2
    completed = [
        event.id.attempt for event in stage.events if isinstance(event.body, SpanCompleted)
    ]
    assert completed == [1, 1, 2, 2]
    starts = [event.body.reason for event in stage.events if event.kind == "run.started"]  # type: ignore[union-attr]
    assert starts == ["first", "crashed"]


async def test_each_crash_ends_one_attempt(redis_url: str) -> None:
    stage = Stage(redis_url)
    with scripted(lambda asked: "Well.") as provider:
        state = await stage.run(
            digest,
            PAPER,
            crash_at("span.started"),
            crash_at("span.started", 2),
            crash_at("span.completed"),
        )
    assert (state.status, stage.attempts) == ("completed", 4)
    assert len(provider.requests) == 3


async def test_a_crash_that_is_never_reached_is_no_test(redis_url: str) -> None:
    with scripted(lambda asked: "Well."), pytest.raises(AssertionError, match="ended before"):
        await Stage(redis_url).run(digest, PAPER, crash_at("span.failed"))


async def test_a_refusal_is_tried_again_without_waiting(redis_url: str) -> None:
    with scripted(Refusal(503, retry_after=30), "Now.", "And.", "Then.") as provider:
        async with fast_clock() as clock:
            state = await Stage(redis_url).run(digest, PAPER)
    assert (state.output, len(provider.requests)) == (["Now.", "And.", "Then."], 4)
    assert clock.passed > 5


async def test_a_script_that_is_over_refuses() -> None:
    with scripted("Once."):
        assert await say("x") == "Once."
        with pytest.raises(Failure):
            await say("y")


async def test_questions_are_answered(redis_url: str) -> None:
    stage = Stage(redis_url)
    assert (await stage.run(asks, PAPER, answers=[True])).output is True
    assert stage.attempts == 2
    with pytest.raises(AssertionError, match="Go on"):
        await stage.run(asks, PAPER)


async def test_todays_code_is_held_against_a_log(redis_url: str, tmp_path: Path) -> None:
    stage = Stage(redis_url)
    with scripted(lambda asked: "Well."):
        await stage.run(digest, PAPER)
    assert await done_anew(redis_url, digest, stage.events) is None
    assert await done_anew(redis_url, louder, stage.events) == "digest[0]/aloud[0]"
    assert await done_anew(redis_url, digest, stage.events[:6]) is None


def test_a_stored_log_is_read(redis: Redis) -> None:
    events = stored(Path(__file__).parents[2] / "fixtures/finished.jsonl")
    assert [events[0].kind, events[-1].kind] == ["run.queued", "run.completed"]
