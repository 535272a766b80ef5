"""A blog that is one cached question to a model: `--registry tests.chaos.caching`."""

from __future__ import annotations

from typing import Any

from workflows.catalog import Brief
from workflows.engine import Workflow, component, workflow
from workflows.llm import llm


@component
async def answer(question: str) -> str:
    said = await llm.chat.completions.create(
        model="small", messages=[{"role": "user", "content": question}]
    )
    return said.choices[0].message.content or ""


@workflow("blog", version=1)
async def asks(brief: Brief) -> dict[str, Any]:
    return {"answer": await answer.cache(3600)(brief.topic)}


REGISTRY: dict[str, Workflow[..., Any]] = {"blog": asks}
