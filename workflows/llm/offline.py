"""The offline demo model: a provider inside the process, for installations without a key.

The real SDK talks to it through a transport that speaks the OpenAI wire format. It learnt nothing
and makes nothing up: an answer consists of sentences and phrases of the request itself, picked by
word counts, equal for equal requests. So the product works on a fresh machine, and what it shows
there is real text of the reader's own notes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from workflows.llm.offline_forms import clipped, filled
from workflows.llm.offline_prose import sentences
from workflows.llm.offline_ranking import Ranking
from workflows.llm.offline_reading import Reading, read
from workflows.llm.offline_section import is_section, written
from workflows.llm.offline_wire import Completion, Refusal, checked_chat, embedded

LABEL = "offline demo model"
ANSWER_SENTENCES = 5
UNPACED = 16  # tokens to an event, where nothing is to be waited for


def answer(request: Mapping[str, Any]) -> str:
    """The assistant's content for a chat request, from nothing but the request."""
    reading = read(request)
    if reading.schema is not None:
        return filled(reading)
    return written(reading) if is_section(reading) else _extract(reading)


def _extract(reading: Reading) -> str:
    """The sentences that matter most, in their order."""
    best = Ranking(sentences(reading.material), reading.said).best_first()[:ANSWER_SENTENCES]
    told = " ".join(s.text for s in sorted(best, key=lambda sentence: sentence.place))
    return told or clipped(reading.said.strip(), 400) or "?"


def transport(tokens_per_second: float) -> httpx2.AsyncBaseTransport:
    """0 answers as fast as it can."""
    return _Transport(tokens_per_second)


class _Transport(httpx2.AsyncBaseTransport):
    def __init__(self, tokens_per_second: float) -> None:
        self._pace = 1 / tokens_per_second if tokens_per_second > 0 else 0.0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()
        try:
            return await self._answered(f"{request.method} {request.url.path}", body)
        except Refusal as refusal:
            return _json(refusal.body, refusal.status)

    async def _answered(self, call: str, body: bytes) -> httpx2.Response:
        if call.startswith("POST ") and call.endswith("/chat/completions"):
            return await self._chat(checked_chat(body))
        if call.startswith("POST ") and call.endswith("/embeddings"):
            return _json(embedded(body))
        raise Refusal(404, f"The {LABEL} does not know {call}.")

    async def _chat(self, request: dict[str, Any]) -> httpx2.Response:
        # Reading 200 KB takes a while: not on the loop that feeds all other runs.
        content = await asyncio.to_thread(answer, request)
        completion = Completion(request, content)
        if request.get("stream"):
            headers = {"content-type": "text/event-stream; charset=utf-8"}
            return httpx2.Response(200, headers=headers, stream=_Spoken(completion, self._pace))
        await asyncio.sleep(len(completion.pieces) * self._pace)
        return _json(completion.whole())


class _Spoken(httpx2.AsyncByteStream):
    """A completion's events at the pace of a model that thinks."""

    def __init__(self, completion: Completion, pace: float) -> None:
        self._completion = completion
        self._pace = pace

    async def __aiter__(self) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        due = clock()
        # Nobody sees more than a hundred changes a second.
        at_once = max(1, round(0.01 / self._pace)) if self._pace else UNPACED
        for event, carried in self._completion.events(at_once):
            due += self._pace * carried
            await asyncio.sleep(max(0.0, due - clock()))
            yield event


def _json(body: bytes, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, headers={"content-type": "application/json"}, content=body)
