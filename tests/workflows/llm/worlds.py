"""What the door's tests share: a scope that remembers, and a provider that is a function."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import httpx2
from redis.asyncio import Redis

from workflows.engine.budget import Budget, Hold
from workflows.engine.errors import LeaseLost
from workflows.llm.deadlines import Deadlines
from workflows.llm.openai import Door, open_door
from workflows.wire.events import Body, Call, Limits
from workflows.wire.spend import UNSENT

T = TypeVar("T")
Handler = Callable[[httpx2.Request], httpx2.Response]
PATIENT = Deadlines()
ASK: Any = [{"role": "user", "content": "Which gas do plants take from the air? Say it shortly."}]


@dataclass
class Scope:
    """A span under way. `owners` says, fence by fence, whether the run is still ours."""

    run: str = "run-1"
    path: str = "blog"
    owner: str = "7"
    lane: str = "interactive"
    worker: str = "worker-1"
    redis: Redis | None = None
    number: int = 1
    words: list[str] = field(default_factory=list)
    deadline: float | None = None
    secret: bytes = b"secret"
    fenced_at: float = 0.0
    calls: list[Call] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)  # of the calls
    fences: int = 0
    ours: bool = True

    warned: set[str] = field(default_factory=set)
    slept: list[float] = field(default_factory=list)
    said: list[Body] = field(default_factory=list)
    budget: Budget = field(default_factory=lambda: Budget(Limits()))

    async def reserve(self, usd: float | None, tokens: int) -> Hold:
        return await self.budget.reserve(self, usd, tokens, lambda holder: False)

    async def idle(self, turn: Awaitable[T]) -> T:
        return await turn

    def masked(self, said: str) -> str:
        return said

    def held_up(self, words: str) -> None:
        self.words.append(words)

    async def fence(self) -> None:
        self.fences += 1
        if not self.ours:
            raise LeaseLost
        self.fenced_at = time.monotonic()

    async def begin(self, call: Call, usd: float | None, tokens: int) -> None:
        await self.fence()

    def record(self, call: Call) -> None:
        if call.status == UNSENT:
            return
        self.ids.append(call.id)
        self.calls.append(replace(call, id=""))
        self.budget.add(call)

    def say(self, body: Body) -> None:
        self.said.append(body)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def tell(self, body: Body) -> None: ...

    def offset(self, channel: str) -> int:
        return 0

    def advance(self, channel: str, offset: int) -> None: ...

    def fit(self, channel: str, delta: str) -> str:
        return delta


def door(handler: Handler, deadlines: Deadlines = PATIENT, **environ: str) -> Door:
    """A door to OpenAI whose network is `handler`."""
    settings = {"OPENAI_API_KEY": "sk-test", **environ}
    return open_door(settings, transport=httpx2.MockTransport(handler), deadlines=deadlines)


def completion(content: str | None = "Carbon dioxide.", **changes: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "gpt-6.1-sol",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200},
        **changes,
    }


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> str:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    return f"data: {json.dumps({**body, 'choices': choices, **more})}\n\n"


def sse(*events: str) -> httpx2.Response:
    kind = {"content-type": "text/event-stream"}
    return httpx2.Response(200, headers=kind, content="".join(events).encode())


SPOKEN = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Carbon "}),
    chunk({"content": "dioxide."}),
    chunk({}, "stop"),
)
USAGE = chunk(usage={"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11})
DONE = "data: [DONE]\n\n"
