"""What programs are told of what their calls have cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from runs.ledger import Call
from runs.models import Run

Issue = Callable[..., dict[str, str]]


def test_usage_by_day_workflow_and_model(run: Run, issue: Issue) -> None:
    now = timezone.now()
    for name, cost in (("a", 0.25), ("b", None)):
        Call.objects.create(
            id=name, owner=run.owner, run=run, attempt=1, workflow="blog", provider="p",
            model="large", began_at=now, ended_at=now, prompt_tokens=10, completion_tokens=5,
            cost_usd=cost,
        )  # fmt: skip
    answer = Client().get("/api/usage?days=2", headers=issue("read"))
    sums = {
        "prompt_tokens": 20, "completion_tokens": 10, "cost_usd": None, "calls": 2,
        "known_usd": 0.25, "unknown_calls": 1,
    }  # fmt: skip
    nothing = dict.fromkeys(sums, 0)
    today, yesterday = (f"{now - timedelta(days=n):%Y-%m-%d}" for n in (0, 1))
    assert answer.json() == {
        "from": yesterday,
        "to": today,
        "total": sums,
        "by_day": [{"day": yesterday, **nothing}, {"day": today, **sums}],
        "by_workflow": [{"workflow": "blog", **sums}],
        "by_model": [{"model": "large", **sums}],
    }


def test_thirty_days_unless_another_number_is_asked_for(run: Run, issue: Issue) -> None:
    headers = issue("read")
    assert len(Client().get("/api/usage", headers=headers).json()["by_day"]) == 30
    assert len(Client().get("/api/usage?days=366", headers=headers).json()["by_day"]) == 366


@pytest.mark.parametrize("days", ["0", "-1", "367", "x", "1.5"])
def test_another_number_of_days_is_refused(days: str, run: Run, issue: Issue) -> None:
    answer = Client().get(f"/api/usage?days={days}", headers=issue("read"))
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
