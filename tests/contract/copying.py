"""The workflow `copy`, as one of ours: the other half of the contract with plain_worker.py."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from workflows.engine import Workflow, component, publish, text, workflow


@dataclass(frozen=True)
class Lines:
    lines: list[str]
    pause: float = 0


@component
async def line(n: int, words: str, pause: float) -> str:
    half, channel = len(words) // 2, text(f"line-{n}")
    await channel.write(words[:half])
    await asyncio.sleep(pause)
    await channel.write(words[half:])
    publish("line", n)
    return words


@workflow("copy")
async def copy(input: Lines) -> list[str]:
    return [await line(n, words, input.pause) for n, words in enumerate(input.lines)]


REGISTRY: dict[str, Workflow[..., Any]] = {"copy": copy}
