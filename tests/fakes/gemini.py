"""The same answers as Gemini's compatible endpoint gives them: in a dialect of its own.

It refuses `stream_options` and schemas with references or `additionalProperties`, wraps its errors
in a list, thinks aloud, counts in every chunk, ends with names of its own and fences its JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes import answers
from tests.fakes.answers import DONE, JSON, SSE, Answer, Step, head
from tests.fakes.faults import Rule

UNKNOWN = ("additionalProperties", "$ref", "$defs", "strict")


def steps(answer: Answer, rule: Rule | None) -> Iterator[Step]:
    if rule is not None and rule.fault.isdigit():
        return refused(int(rule.fault), "scripted")
    if rule is not None:
        return answers.steps(answer, rule)
    if (why := complaint(answer.asked.body)) is not None:
        return refused(400, why)
    return _streamed(answer) if answer.asked.stream else _plain(answer)


def complaint(body: Mapping[str, Any]) -> str | None:
    if "stream_options" in body:
        return 'Invalid JSON payload received. Unknown name "stream_options": Cannot find field.'
    shape = json.dumps(body.get("response_format"))
    unknown = next((word for word in UNKNOWN if f'"{word}"' in shape), None)
    return None if unknown is None else f'Unknown name "{unknown}" at response_schema.'


def refused(status: int, why: str) -> Iterator[Step]:
    error = {"code": status, "message": why, "status": "INVALID_ARGUMENT"}
    yield head(status, JSON) + json.dumps([{"error": error}]).encode()


def _plain(answer: Answer) -> Iterator[Step]:
    yield answer.gap * len(answer.pieces)
    content = answer.content
    if answer.asked.body.get("response_format"):
        content = f"```json\n{content}\n```"
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "STOP"}
    body = {"object": "chat.completion", "created": 0, "model": answer.asked.model}
    whole = json.dumps({**body, "choices": [choice], "usage": answer.usage}).encode()
    yield head(200, JSON, {"Content-Length": str(len(whole)), "Connection": "keep-alive"})
    yield whole


def _streamed(answer: Answer) -> Iterator[Step]:
    yield head(200, SSE)
    said, pieces = 0, answer.pieces
    yield _chunk(answer, {"reasoning": "Let me think."}, said)
    thought = {"content": "Never seen.", "extra_content": {"google": {"thought": True}}}
    yield _chunk(answer, thought, said)
    for piece in pieces:
        said += 1
        yield answer.gap
        yield _chunk(answer, {"content": piece}, said, "STOP" if said == len(pieces) else None)
    yield DONE


def _chunk(answer: Answer, delta: dict[str, Any], said: int, finish: str | None = None) -> bytes:
    prompt = answer.usage["prompt_tokens"]
    usage = {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}
    choice: dict[str, Any] = {"index": 0, "delta": {"role": "assistant", **delta}}
    if finish:
        choice["finish_reason"] = finish
    body = {"object": "chat.completion.chunk", "created": 0, "model": answer.asked.model}
    data = {**body, "choices": [choice], "usage": usage}
    return b"data: " + json.dumps(data).encode() + b"\n\n"
