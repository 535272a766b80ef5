"""Workflows that ask a provider often: `--registry tests.chaos.asking`.

With LIMITER=off nobody waits for a turn, so that the tests can be seen to fail.
"""

from __future__ import annotations

import os
from typing import Any

from workflows.engine import Workflow, component, gather, workflow
from workflows.engine.retry import Retry, exponential
from workflows.llm import attempts, llm


@component(retry=Retry(3, exponential(initial=0.05, max=1)))
async def ask(given: str) -> str:
    answer = await llm.chat.completions.create(
        model="small", messages=[{"role": "user", "content": f"Say something about {given}."}]
    )
    return str(answer.choices[0].message.content)


@workflow("many")
async def many(calls: int) -> int:
    """So many at once."""
    return len(await gather([ask(str(n)) for n in range(calls)]))


@workflow("blog")
async def interactive(given: str) -> str:
    """The catalog has it in the interactive lane."""
    return await ask(given)


async def unlimited(*_: Any) -> None:
    """Instead of its turn."""


if os.environ.get("LIMITER") == "off":
    vars(attempts)["its_turn"] = unlimited

REGISTRY: dict[str, Workflow[..., Any]] = {flow.name: flow for flow in (many, interactive)}
