"""The offline model behind the real SDK."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

from tests.workflows.blog.worlds import folded, licence
from workflows.llm.offline import answer, transport

TEXT = "The moon pulls at the sea every day. The sun pulls at it as well, but from far away."


@pytest.fixture
async def client() -> AsyncIterator[AsyncOpenAI]:
    async with make(0) as made:
        yield made


def make(tokens_per_second: float) -> AsyncOpenAI:
    http = httpx2.AsyncClient(transport=transport(tokens_per_second))
    return AsyncOpenAI(
        api_key="none", base_url="http://offline.invalid/v1", http_client=http, max_retries=0
    )


def said(text: str) -> Any:
    return [{"role": "user", "content": text}]


async def test_a_plain_answer(client: AsyncOpenAI) -> None:
    answered = await client.chat.completions.create(model="small", messages=said(TEXT))
    assert answered.choices[0].message.content == TEXT
    assert answered.choices[0].finish_reason == "stop"
    assert answered.usage is not None
    assert answered.usage.prompt_tokens > 10


async def test_a_streamed_answer_is_the_same(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="small", messages=said(TEXT), stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    deltas = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(deltas) == TEXT
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None


async def test_paced_it_comes_token_by_token() -> None:
    async with make(100) as client:
        stream = await client.chat.completions.create(
            model="small", messages=said("The moon pulls."), stream=True
        )
        chunks = [c.choices[0].delta.content async for c in stream if c.choices[0].delta.content]
    assert chunks == ["The", " moon", " pulls", "."]


async def test_a_paced_answer_can_be_given_up() -> None:
    async with make(0.001) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.chat.completions.create(model="small", messages=said(TEXT))


class Facts(BaseModel):
    quote: str
    count: int


async def test_a_parsed_answer(client: AsyncOpenAI) -> None:
    parsed = await client.chat.completions.parse(
        model="small", messages=said(TEXT), response_format=Facts
    )
    assert parsed.choices[0].message.parsed is not None
    assert parsed.choices[0].message.parsed.quote in TEXT


async def test_embeddings(client: AsyncOpenAI) -> None:
    made = await client.embeddings.create(model="embedding", input=["moon", "sea"])
    assert [len(part.embedding) for part in made.data] == [256, 256]


async def test_other_calls_and_bad_ones_are_refused_in_openais_shape(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="offline demo model"):
        await client.models.list()
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model="small", messages=[])


@pytest.mark.parametrize("text", ["hello", "", "  ", "!!!"])
def test_there_is_always_an_answer(text: str) -> None:
    assert answer({"model": "small", "messages": said(text)})


def test_a_long_text_is_answered_by_its_own_sentences() -> None:
    text = licence("GPL-3")
    told = answer({"model": "small", "messages": said(text)})
    assert answer({"model": "small", "messages": said(text)}) == told
    assert all(part in folded(text) for part in told.split(". ") if len(part.split()) > 4)
