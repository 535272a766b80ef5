"""The offline model's answers in the shapes of the OpenAI API."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from workflows.llm.offline_reading import spoken
from workflows.llm.offline_tokens import DIMENSIONS, embedding, packed, tokens

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Refusal(Exception):
    """An answer other than 200, in OpenAI's error shape."""

    status: int
    message: str

    @property
    def body(self) -> bytes:
        error = {"message": self.message, "type": "invalid_request_error"}
        return orjson.dumps({"error": {**error, "param": None, "code": None}})


@dataclass(frozen=True)
class Completion:
    """One answer to one chat request."""

    request: Json
    content: str

    @cached_property
    def pieces(self) -> list[str]:
        """As much of the answer as the request allows."""
        return tokens(self.content)[: self._limit]

    @property
    def _limit(self) -> int | None:
        limit = self.request.get("max_completion_tokens") or self.request.get("max_tokens")
        return limit if isinstance(limit, int) else None

    @property
    def finish_reason(self) -> str:
        return "stop" if "".join(self.pieces) == self.content else "length"

    @property
    def usage(self) -> dict[str, int]:
        messages = self.request.get("messages") or ()
        prompt = sum(len(tokens(spoken(message.get("content")))) + 4 for message in messages)
        spent = len(self.pieces)
        return {
            "prompt_tokens": prompt, "completion_tokens": spent, "total_tokens": prompt + spent,
        }  # fmt: skip

    def whole(self) -> bytes:
        message = {"role": "assistant", "content": "".join(self.pieces), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        return orjson.dumps(self._body("chat.completion", [choice | {"logprobs": None}]))

    def _body(self, kind: str, choices: list[Any], **more: Any) -> dict[str, Any]:
        if kind == "chat.completion":
            more["usage"] = self.usage
        return {**self._head, "object": kind, "choices": choices, **more}

    @property
    def _head(self) -> dict[str, Any]:
        digest = hashlib.sha256(orjson.dumps(self.request)).hexdigest()[:24]
        model = self.request.get("model")
        return {"id": f"chatcmpl-{digest}", "created": int(time.time()), "model": model}

    def events(self, at_once: int = 1) -> Iterator[tuple[bytes, int]]:
        """The answer as server-sent events, each with how many tokens it carries."""
        head = {**self._head, "object": "chat.completion.chunk"}
        yield _event(head, {"role": "assistant", "content": ""}), 0
        for start in range(0, len(self.pieces), at_once):
            pieces = self.pieces[start : start + at_once]
            yield _event(head, {"content": "".join(pieces)}), len(pieces)
        yield _event(head, {}, self.finish_reason), 0
        options = self.request.get("stream_options") or {}
        if options.get("include_usage"):
            yield _line({**head, "choices": [], "usage": self.usage}), 0
        yield b"data: [DONE]\n\n", 0


def _event(head: Json, delta: Json, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _line({**head, "choices": [choice]})


def _line(body: Json) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"


def checked(body: bytes) -> dict[str, Any]:
    """The request's JSON object."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "The request's body is not JSON.") from None
    if not isinstance(request, dict) or not isinstance(request.get("model"), str):
        raise Refusal(400, "A request is an object that names a model.")
    return request


def checked_chat(body: bytes) -> dict[str, Any]:
    request = checked(body)
    messages = request.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refusal(400, "`messages` is a list with at least one message.")
    if not all(isinstance(message, dict) for message in messages):
        raise Refusal(400, "Every message is an object.")
    if request.get("n", 1) != 1:
        raise Refusal(400, "This model gives one answer: `n` is 1.")
    return request


def embedded(body: bytes) -> bytes:
    """The answer to an embeddings request."""
    request = checked(body)
    given = request.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Refusal(400, "`input` is a text or a list of texts.")
    size = request.get("dimensions") or DIMENSIONS
    as_text = request.get("encoding_format") == "base64"
    vectors = (embedding(text, size) for text in texts)
    data = [
        {"object": "embedding", "index": n, "embedding": packed(v) if as_text else v}
        for n, v in enumerate(vectors)
    ]
    spent = sum(len(tokens(text)) for text in texts)
    usage = {"prompt_tokens": spent, "total_tokens": spent}
    body_of = {"object": "list", "model": request["model"], "data": data, "usage": usage}
    return orjson.dumps(body_of)
