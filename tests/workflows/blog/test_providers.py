"""Whole posts from providers other than OpenAI: in Gemini's dialect, and from two."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chaos.verdict import notes, text_violations
from tests.fakes import Provider
from tests.workflows.engine.house import House
from workflows.blog.flow import write_blog
from workflows.llm.openai import current_door
from workflows.wire.state import State

MODELS = {"small": "small", "large": "large"}
BRIEF = {"topic": "A licence", "words": 400}


@pytest.fixture(scope="module")
def gemini() -> Iterator[Provider]:
    with Provider(gemini=True) as provider:
        yield provider


@pytest.fixture
def other() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


async def written(house: House, monkeypatch: pytest.MonkeyPatch, *chain: Provider) -> State:
    described = [
        {"name": f"p{n}", "base_url": provider.url, "models": MODELS}
        for n, provider in enumerate(chain)
    ]
    monkeypatch.setenv("GX_PROVIDERS", json.dumps(described))
    try:
        return await house.run(write_blog, {**BRIEF, "notes": notes("Artistic")[:6000]})
    finally:
        await current_door().close()  # or this loop's connections outlive it


def calls(state: State) -> list[tuple[str, str]]:
    spans = state.spans.values()
    return [(call.provider, call.status) for span in spans for call in span.usage.calls]


def plain_text(state: State) -> Any:
    return [section["markdown"] for section in state.output["sections"]]


async def test_a_post_comes_from_gemini_as_from_openai(
    house: House, monkeypatch: pytest.MonkeyPatch, gemini: Provider, other: Provider
) -> None:
    from_gemini = await written(house, monkeypatch, gemini)
    assert from_gemini.status == "completed", from_gemini.error
    assert text_violations(from_gemini) == []
    assert {status for _, status in calls(from_gemini)} == {"ok"}
    assert plain_text(from_gemini) == plain_text(await written(house, monkeypatch, other))


async def test_what_breaks_off_in_the_middle_is_written_anew_by_another(
    house: House, monkeypatch: pytest.MonkeyPatch, gemini: Provider, other: Provider
) -> None:
    other.script("cut", match={"stream": True}, times="always")
    state = await written(house, monkeypatch, other, gemini)
    assert state.status == "completed", state.error
    assert text_violations(state) == []
    told = calls(state)
    assert ("p0", "provider_unavailable") in told
    assert ("p1", "ok") in told
