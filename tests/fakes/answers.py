"""The wire format of chat completions, whole and broken, as steps without I/O.

A step is bytes to send, or seconds to wait: a stall waits for ever. When the steps are over the
connection is closed, so a body without a length ends where they end.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fakes.faults import Asked, Rule

Step = bytes | float
JSON, SSE, HTML = "application/json", "text/event-stream", "text/html; charset=utf-8"
PAGE = b"<!doctype html><title>Bad gateway</title><h1>Please come back later</h1>"
DONE = b"data: [DONE]\n\n"
FINISHES = {"length": "length", "content_filter": "content_filter", "done_without_finish": None}
REASONS = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


@dataclass(frozen=True)
class Answer:
    """What an undisturbed call says. `gap`: seconds between two tokens."""

    asked: Asked
    number: int
    content: str
    gap: float = 0.0

    @property
    def pieces(self) -> list[str]:
        return re.findall(r"\s*\S{1,8}|\s+", self.content)

    @property
    def usage(self) -> dict[str, int]:
        prompt = 1 + len(json.dumps(self.asked.body.get("messages"))) // 4
        said = len(self.pieces)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": said,
            "total_tokens": prompt + said,
        }

    @property
    def wants_usage(self) -> bool:
        return bool((self.asked.body.get("stream_options") or {}).get("include_usage"))


def steps(answer: Answer, rule: Rule | None) -> Iterator[Step]:
    fault = rule.fault if rule else None
    if fault == "refuse":
        return iter(())
    if rule is not None and (rule.fault.isdigit() or fault == "insufficient_quota"):
        return _refusal(rule)
    if fault == "stall_before":
        return iter((math.inf,))
    if fault == "html":
        return iter((head(200, HTML) + PAGE,))
    return _streamed(answer, fault) if answer.asked.stream else _plain(answer, fault)


def _refusal(rule: Rule) -> Iterator[Step]:
    status = int(rule.fault) if rule.fault.isdigit() else 429
    code = rule.fault if not rule.fault.isdigit() else f"fault_{status}"
    wait = {"Retry-After": rule.retry_after} if rule.retry_after else {}
    error = {"message": "scripted: sk-secret-key /srv/secret", "type": code, "code": code}
    yield head(status, JSON, wait) + json.dumps({"error": error}).encode()


def _plain(answer: Answer, fault: str | None) -> Iterator[Step]:
    body = {"empty": b"", "comments": b": nothing\n\n", "bad_json": b'{"choices": [}'}.get(
        fault or "", json.dumps(_completion(answer, fault)).encode()
    )
    yield answer.gap * len(answer.pieces)
    stays = {} if fault else {"Connection": "keep-alive"}
    yield head(200, JSON, {"Content-Length": str(len(body)), **stays})
    if fault in ("cut", "half", "reset", "error_within"):
        yield body[: len(body) // 2]
    elif fault == "stall_within":
        yield from (body[: len(body) // 2], math.inf)
    elif fault == "drip":
        for start in range(0, len(body), 40):
            yield from (body[start : start + 40], 1.0)
    else:
        yield body


def _completion(answer: Answer, fault: str | None) -> dict[str, Any]:
    message = {"role": "assistant", "content": None if fault == "null" else answer.content}
    finish = FINISHES.get(fault or "", "stop")
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    return {
        **_envelope(answer, "chat.completion"),
        "choices": [] if fault == "no_choices" else [choice],
        "usage": answer.usage,
    }


def _streamed(answer: Answer, fault: str | None) -> Iterator[Step]:
    yield head(200, SSE)
    yield from {
        "empty": _nothing,
        "comments": _comments,
        "no_choices": _no_choices,
        "null": _null,
        "bad_json": _bad_json,
    }.get(fault or "", _tokens)(answer, fault)


def _tokens(answer: Answer, fault: str | None) -> Iterator[Step]:
    gap = 1.0 if fault == "drip" else answer.gap
    pieces = answer.pieces
    yield _chunk(answer, {"role": "assistant", "content": ""})
    for index, piece in enumerate(pieces):
        if index >= len(pieces) // 2 and fault in BREAKS:
            yield from BREAKS[fault](answer)
            return
        yield gap
        yield _chunk(answer, {"content": piece})
    if fault != "done_without_finish":
        yield _chunk(answer, {}, FINISHES.get(fault or "", "stop"))
    yield from _ending(answer)


def _stalled(answer: Answer) -> Iterator[Step]:
    yield math.inf


def _silence(answer: Answer) -> Iterator[Step]:
    return iter(())


def _half(answer: Answer) -> Iterator[Step]:
    whole = _chunk(answer, {"content": "never seen"})
    yield whole[: len(whole) // 2]


def _reported(answer: Answer) -> Iterator[Step]:
    yield b'data: {"error": {"message": "scripted", "type": "server_error", "code": null}}\n\n'


BREAKS = {
    "cut": _silence,
    "reset": _silence,
    "half": _half,
    "stall_within": _stalled,
    "error_within": _reported,
}


def _nothing(answer: Answer, fault: str | None) -> Iterator[Step]:
    return iter(())


def _comments(answer: Answer, fault: str | None) -> Iterator[Step]:
    yield b": still thinking\n\n" * 3


def _no_choices(answer: Answer, fault: str | None) -> Iterator[Step]:
    yield _event({**_envelope(answer, "chat.completion.chunk"), "choices": []})
    yield DONE


def _null(answer: Answer, fault: str | None) -> Iterator[Step]:
    yield _chunk(answer, {"role": "assistant", "content": None})
    yield _chunk(answer, {}, "stop")
    yield from _ending(answer)


def _bad_json(answer: Answer, fault: str | None) -> Iterator[Step]:
    yield b'data: {"choices": [}\n\n'


def _ending(answer: Answer) -> Iterator[Step]:
    if answer.wants_usage:
        envelope = _envelope(answer, "chat.completion.chunk")
        yield _event({**envelope, "choices": [], "usage": answer.usage})
    yield DONE


def _chunk(answer: Answer, delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _event({**_envelope(answer, "chat.completion.chunk"), "choices": [choice]})


def _envelope(answer: Answer, kind: str) -> dict[str, Any]:
    name = f"chatcmpl-{answer.number}"
    return {"id": name, "object": kind, "created": 0, "model": answer.asked.model}


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def head(status: int, kind: str, more: dict[str, str] | None = None) -> bytes:
    lines = {"Content-Type": kind, "Connection": "close", **(more or {})}
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} {REASONS.get(status, 'Scripted')}\r\n{fields}\r\n".encode()
