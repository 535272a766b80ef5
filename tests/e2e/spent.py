"""Calls of a month for the usage page, among them some of unknown cost and a long name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from runs.ledger import Call

MODELS = ("gpt-6.1-sol", "gpt-6-luna", "a-model-with-a-rather-long-name-2026-11-21-preview")


def spent(owner: Any) -> None:
    now = timezone.now()
    for number in range(60):
        at = now - timedelta(days=number % 23, minutes=number)
        lost = number % 29 == 28
        Call.objects.create(
            id=uuid4().hex,
            owner=owner,
            attempt=1,
            workflow="ingest" if number % 4 == 3 else "blog",
            provider="openai",
            model=MODELS[number % 3],
            began_at=at,
            ended_at=None if lost else at,
            prompt_tokens=None if lost else 1000 + 37 * number,
            completion_tokens=None if lost else 400,
            cost_usd=None if lost else 0.004 * (number % 7 + 1),
        )
