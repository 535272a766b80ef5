"""Tries at providers as a worker writes them down, and as the ledger has them."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count
from typing import Any

from redis import Redis

from runs.ledger import Call
from runs.models import Run
from workflows.wire import keys
from workflows.wire.spend import Try, command

_numbers = count(1)
OK: dict[str, Any] = {"prompt_tokens": 10, "completion_tokens": 5, "cost_usd": 0.25, "status": "ok"}


def begun(run: Run, id: str = "", attempt: int = 1, **changes: Any) -> Try:
    """It may come to 100 tokens and half a dollar."""
    now = time.time_ns() // 1_000_000
    return replace(
        Try(
            id or f"call-{next(_numbers)}", str(run.pk), str(run.owner_id), "blog[0]", attempt,
            run.workflow, "fake", "large", now, 100, 0.5,
        ),
        **changes,
    )  # fmt: skip


def ended(tried: Try, **changes: Any) -> Try:
    return replace(tried, ended_at=tried.began_at + 1000, **{**OK, **changes})


def spend(redis: Redis, *tries: Try) -> None:
    for tried in tries:
        redis.execute_command(*command(tried))


def left(redis: Redis) -> int:
    """Records that are still in Redis."""
    return sum(redis.xlen(keys.spend(number)) for number in range(keys.BUCKETS))


def rows() -> list[tuple[str, int | None, float | None, str]]:
    found = Call.objects.order_by("id")
    return list(found.values_list("id", "prompt_tokens", "cost_usd", "status"))
