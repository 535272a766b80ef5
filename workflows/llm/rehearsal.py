"""A first call, made to nobody before anybody waits for one.

The SDK imports and builds much of what it needs when that is first used, and certificates are read
from a file: some tenths of a second in which the loop of a worker would stand still, and with it
every run that it has.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import httpx2

from workflows.llm.lines import open_transport
from workflows.llm.openai import open_door

ASKED: Any = [{"role": "user", "content": "Is anybody there?"}]
SAID = {"id": "", "created": 0, "model": "nobody"}

logger = logging.getLogger(__name__)


def rehearse() -> None:
    """Where no loop runs yet. It never fails: the first real call would say why."""
    try:
        asyncio.run(_rehearsed())
    except Exception:
        logger.warning("The first call to a provider could not be rehearsed", exc_info=True)


async def _rehearsed() -> None:
    door = open_door({"OPENAI_API_KEY": "none"}, transport=httpx2.MockTransport(_answer))
    asks = door.chat.completions
    await asks.create(model="small", messages=ASKED)
    async with asks.stream(model="small", messages=ASKED) as events:
        async for _ in events:
            pass
    await open_transport().aclose()


def _answer(request: httpx2.Request) -> httpx2.Response:
    if not json.loads(request.content).get("stream"):
        message = {"role": "assistant", "content": "No."}
        return httpx2.Response(200, json=_said("chat.completion", message=message))
    chunk = json.dumps(_said("chat.completion.chunk", delta={"content": "No."}))
    kind = {"Content-Type": "text/event-stream"}
    return httpx2.Response(200, headers=kind, content=f"data: {chunk}\n\ndata: [DONE]\n\n")


def _said(kind: str, **content: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", **content}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {**SAID, "object": kind, "choices": [choice], "usage": usage}
