"""What a person may use in a day, and what they are told when it is used up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from runs import lifecycle, quota
from runs.lifecycle import OverQuota
from runs.models import Run
from runs.quota import Day, Spent
from tests.runs.conftest import BRIEF
from workflows.wire.events import Limits

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ago(hours: float, usd: float = 0.0, tokens: int = 0) -> Spent:
    return Spent(NOON - hours * HOUR, usd, tokens)


def ran(owner: Any, hours: float = 1, *, live: bool = False, **used: Any) -> Run:
    """A run that began so many hours ago."""
    began = timezone.now() - hours * HOUR
    ended = {} if live else {"status": "completed", "finished_at": timezone.now()}
    return Run.objects.create(
        owner=owner, workflow="blog", version=1, input={}, created_at=began, **used, **ended
    )


def begun(owner: AbstractUser) -> Run:
    return lifecycle.start(owner=owner, workflow="blog", input=BRIEF).run


@pytest.mark.parametrize(
    ("spent", "usd", "tokens", "over"),
    [
        ([], 5.0, 100, False),
        ([], 0.0, 100, False),
        ([ago(1, usd=0.01)], 0.0, 100, True),
        ([ago(1, usd=4.99)], 5.0, 100, False),
        ([ago(1, usd=0.1)] * 50, 5.0, 100, True),
        ([ago(1, tokens=100)], 5.0, 100, True),
        ([ago(1, tokens=99)], 5.0, 100, False),
    ],
)
def test_a_day_is_over_when_a_bound_is_reached(
    spent: list[Spent], usd: float, tokens: int, over: bool
) -> None:
    assert Day(spent, usd, tokens).over is over


def test_it_is_said_when_enough_of_it_will_be_a_day_old() -> None:
    day = Day([ago(20, 3), ago(10, 3), ago(1, 1)], usd=3, tokens=1)
    assert day.retry_after(NOON) == 14 * 3600
    assert day.told == "You have used what you may in a day: $7.00 of $3.00, 0 of 1 tokens."
    # A live run counts until it has ended: nobody knows when.
    assert Day([Spent(None, 3, 0)], usd=3, tokens=1).retry_after(NOON) == quota.SOON_S


def test_a_run_may_use_what_is_left_of_the_day() -> None:
    day = Day([ago(1, 4.5, 10)], usd=5, tokens=100)
    assert day.limits(Limits(60, 2, 50)) == Limits(60, 0.5, 50)
    assert day.limits(Limits()) == Limits(None, 0.5, 90)


@pytest.mark.django_db(transaction=True)
def test_the_last_day_is_counted_and_what_is_live(
    alice: AbstractUser, django_user_model: Any
) -> None:
    bob = django_user_model.objects.create_user(email="bob@example.org")
    ran(bob, cost_usd=100.0)
    ran(alice, 25, cost_usd=50.0)
    ran(alice, 30, live=True, cost_usd=0.5, prompt_tokens=7)
    ran(alice, 2, cost_usd=None, prompt_tokens=10, completion_tokens=5)
    ran(alice, cost_usd=0.25)
    day = quota.day(alice.pk, timezone.now())
    assert [(one.usd, one.tokens) for one in day.spent] == [(0.5, 7), (0.0, 15), (0.25, 0)]
    assert [one.at is None for one in day.spent] == [True, False, False]


def test_a_start_over_the_day_is_refused_in_words(alice: AbstractUser, redis: Redis) -> None:
    ran(alice, 23, cost_usd=5.0)
    with pytest.raises(OverQuota, match=r"\$5\.00 of \$5\.00") as refused:
        begun(alice)
    assert 3500 < refused.value.retry_after <= 3600
    assert Run.objects.live().count() == 0


def test_a_run_is_bounded_by_what_is_left(
    alice: AbstractUser, redis: Redis, settings: Settings
) -> None:
    ran(alice, cost_usd=4.25, prompt_tokens=4_999_000)
    assert (begun(alice).bounds.usd, begun(alice).bounds.tokens) == (0.75, 1000)
    settings.GX = replace(settings.GX, user_daily_tokens=10)
    with pytest.raises(OverQuota):
        begun(alice)


def test_the_api_says_so_with_a_time(alice: Any, redis: Redis, client: Client) -> None:
    ran(alice, 20, cost_usd=6.0)
    client.force_login(alice)
    answer = client.post("/api/workflows/blog/runs", BRIEF, "application/json")
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:gxweb:over_quota")
    assert "$6.00 of $5.00" in answer.json()["detail"]
    assert 4 * 3600 - 60 < int(answer["Retry-After"]) <= 4 * 3600
