"""The ledger's sums: by day, workflow and model, and what of them is unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AbstractUser

from runs.ledger import Call
from runs.usage import Sums, usage
from workflows.wire.spend import UNSENT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)


def called(owner: Any, ago: timedelta = timedelta(), **changes: Any) -> Call:
    at = NOON - ago
    made = {
        "id": uuid4().hex, "owner": owner, "attempt": 1, "workflow": "blog", "provider": "p",
        "model": "large", "began_at": at, "ended_at": at, "prompt_tokens": 10,
        "completion_tokens": 5, "cost_usd": 0.25, "status": "ok",
    }  # fmt: skip
    return Call.objects.create(**{**made, **changes})


def test_calls_are_summed_by_day_workflow_and_model(alice: AbstractUser) -> None:
    called(alice)
    called(alice, model="small", cost_usd=0.125)
    called(alice, timedelta(days=1), workflow="ingest", model="small")
    called(alice, timedelta(hours=12, seconds=1))  # a second before midnight
    found = usage(alice.pk, 3, NOON)
    assert (found.first, found.last) == (date(2026, 2, 28), TODAY)
    assert found.total == Sums(4, 40, 20, 0.875, 0)
    assert found.by_day == {
        date(2026, 2, 28): Sums(),
        date(2026, 3, 1): Sums(2, 20, 10, 0.5, 0),
        TODAY: Sums(2, 20, 10, 0.375, 0),
    }
    assert list(found.by_day) == sorted(found.by_day)
    assert [(name, sums.calls) for name, sums in found.by_workflow.items()] == [
        ("blog", 3), ("ingest", 1)
    ]  # fmt: skip
    assert [(name, sums.known_usd) for name, sums in found.by_model.items()] == [
        ("large", 0.5), ("small", 0.375)
    ]  # fmt: skip


def test_what_is_unknown_is_said_and_is_no_zero(alice: AbstractUser) -> None:
    called(alice)
    called(alice, prompt_tokens=None, completion_tokens=None, cost_usd=None, status="timeout")
    called(alice, ended_at=None, prompt_tokens=None, completion_tokens=None, cost_usd=None)
    total = usage(alice.pk, 1, NOON).total
    assert total == Sums(3, 10, 5, 0.25, 2)
    assert total.usd is None


def test_what_was_never_sent_is_no_call(alice: AbstractUser) -> None:
    called(alice, status=UNSENT, prompt_tokens=0, completion_tokens=0, cost_usd=0.0)
    assert usage(alice.pk, 1, NOON).total == Sums()


def test_what_is_older_or_of_others_does_not_count(
    alice: AbstractUser, django_user_model: Any
) -> None:
    called(django_user_model.objects.create_user(email="bob@example.org"))
    called(alice, timedelta(hours=12, seconds=1))
    found = usage(alice.pk, 1, NOON)
    assert (found.total, found.by_workflow, found.by_day) == (Sums(), {}, {TODAY: Sums()})


@pytest.mark.parametrize("ahead", [timedelta(hours=13), timedelta(days=3)])
def test_a_worker_whose_clock_is_ahead_makes_no_new_day(
    alice: AbstractUser, ahead: timedelta
) -> None:
    called(alice, -ahead)
    assert usage(alice.pk, 2, NOON).by_day == {
        date(2026, 3, 1): Sums(),
        TODAY: Sums(1, 10, 5, 0.25),
    }
