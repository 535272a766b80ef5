"""A provider that says what it is told, beneath the SDK: everything above it is the real thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson

from workflows.llm.offline_wire import Completion
from workflows.llm.openai import instead, open_door


@dataclass(frozen=True)
class Refusal:
    """An answer that is an error: 503 with `retry_after` seconds, 500, 401 … A 429 pauses all calls
    to this provider by Redis' own clock, so its seconds are real ones."""

    status: int
    message: str = "no"
    retry_after: float | None = None


Answer = str | Refusal | Callable[[Mapping[str, Any]], str]


@dataclass
class Script:
    """`requests`: the body of each that came, in order."""

    answers: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        asked = orjson.loads(request.content)
        self.requests.append(asked)
        if not self.answers:
            return _refused(Refusal(400, "the script of this test is at its end"))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self._last()
        if isinstance(answer, Refusal):
            return _refused(answer)
        return _said(asked, answer(asked) if callable(answer) else answer)

    def _last(self) -> Answer:
        """A function may answer for ever; a text is said once."""
        last = self.answers[0]
        return last if callable(last) else self.answers.pop(0)


@contextmanager
def scripted(*answers: Answer) -> Iterator[Script]:
    """In here each call at a provider gets the next answer: a text, a Refusal, or what a function
    makes of the request. A function that stands last answers all further calls.

    >>> from workflows.llm import llm
    >>> async def ask():
    ...     said = await llm.chat.completions.create(
    ...         model="small", messages=[{"role": "user", "content": "Well?"}]
    ...     )
    ...     return said.choices[0].message.content
    >>> with scripted("Very well.") as provider:
    ...     asyncio.run(ask()), provider.requests[0]["messages"][0]["content"]
    ('Very well.', 'Well?')
    """
    script = Script(list(answers))
    door = open_door({"OPENAI_API_KEY": "sk-scripted"}, transport=httpx2.MockTransport(script))
    with instead(door):
        yield script


def _said(asked: Mapping[str, Any], content: str) -> httpx2.Response:
    completion = Completion(asked, content)
    if not asked.get("stream"):
        return httpx2.Response(200, headers=JSON, content=completion.whole())
    events = b"".join(event for event, _ in completion.events(1))
    return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=events)


def _refused(refusal: Refusal) -> httpx2.Response:
    wait = refusal.retry_after
    headers = JSON | ({} if wait is None else {"retry-after": str(wait)})
    body = orjson.dumps({"error": {"message": refusal.message, "type": "scripted"}})
    return httpx2.Response(refusal.status, headers=headers, content=body)


JSON = {"content-type": "application/json"}
