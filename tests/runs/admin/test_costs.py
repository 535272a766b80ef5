"""What everybody's runs have cost, for staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from runs.admin import costs
from runs.ledger import Call
from tests.runs.admin.conftest import RUNS, page, parsed, staff
from tests.runs.admin.test_fleet import rows
from tests.runs.serving import Person
from workflows.wire.spend import UNSENT

PATH = f"{RUNS}costs/"


def called(owner: Person, days: int = 0, **changes: Any) -> None:
    at = timezone.now() - timedelta(days=days)
    made = {
        "id": uuid4().hex, "owner": owner.user, "attempt": 1, "workflow": "blog", "provider": "p",
        "model": "large", "began_at": at, "ended_at": at, "prompt_tokens": 1000,
        "completion_tokens": 5, "cost_usd": 0.25, "status": "ok",
    }  # fmt: skip
    Call.objects.create(**{**made, **changes})


def test_who_spent_how_much_on_which_day(viewer: Person, owner: Person) -> None:
    other = Person("other@example.org")
    called(owner)
    called(owner, cost_usd=None)
    called(owner, status=UNSENT)
    called(owner, days=1)
    called(other, cost_usd=2.0)
    called(other, days=costs.DAYS)  # too long ago
    assert [line[1:] for line in rows(page(viewer, PATH))] == [
        ["other@example.org", "1", "1005", "$2.0000"],
        ["owner@example.org", "2", "2010", "$0.2500 and 1 call of unknown cost"],
        ["owner@example.org", "1", "1005", "$0.2500"],
    ]


def test_it_says_how_much_it_leaves_out(
    viewer: Person, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(costs, "MOST", 1)
    for days in range(3):
        called(owner, days=days)
    html = page(viewer, PATH)
    assert len(rows(html)) == 1
    assert "2 more lines are not shown" in html


def test_nobody_has_spent_anything(viewer: Person) -> None:
    assert "Nobody has called a provider" in parsed(page(viewer, PATH)).text


def test_who_sees_it(owner: Person) -> None:
    assert staff("clerk@example.org").client.get(PATH).status_code == 403
    assert owner.client.get(PATH).status_code == 302
