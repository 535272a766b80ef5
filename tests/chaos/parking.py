"""A registry whose blog only asks: `--registry tests.chaos.parking`."""

from __future__ import annotations

from typing import Any

from workflows.catalog import Brief
from workflows.engine import Workflow, ask, component, workflow


@component
async def before(topic: str) -> str:
    return topic


@workflow("blog", version=1)
async def waits(brief: Brief) -> dict[str, Any]:
    topic = await before(brief.topic)
    return {"topic": topic, "answer": await ask(str, title="Well?", key="well")}


REGISTRY: dict[str, Workflow[..., Any]] = {"blog": waits}
