"""What a call may come to, before it is made: from the length of what is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.llm.prices import Tokens
from workflows.wire.codec import dumps

BYTES_PER_TOKEN = 3  # most languages have more: rather too much is held than too little
ASKED = ("messages", "input", "tools", "response_format")
BOUNDS = ("max_completion_tokens", "max_output_tokens", "max_tokens")


def estimate(body: Mapping[str, Any], expected: int) -> Tokens:
    """`expected`: tokens of an answer whose length is not bounded."""
    asked = sum(len(_said(body[part])) for part in ASKED if part in body)
    bounds = [body[name] for name in BOUNDS if isinstance(body.get(name), int)]
    choices = body["n"] if isinstance(body.get("n"), int) else 1
    return Tokens(asked // BYTES_PER_TOKEN + 1, (min(bounds) if bounds else expected) * choices)


def _said(part: Any) -> bytes:
    try:
        return dumps(part)
    except TypeError:
        return b""
