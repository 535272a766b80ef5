"""What a person may use in a day, and what they are told when it is used up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AbstractUser
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from runs import entrance, lifecycle, quota
from runs.estimate import UNSEEN_TOKENS, UNSEEN_USD
from runs.ledger import Call
from runs.lifecycle import OverQuota
from runs.models import Run
from runs.quota import Day, Spent
from runs.turns import in_turn
from tests.runs.conftest import BRIEF
from workflows.wire.events import Limits
from workflows.wire.spend import UNSENT

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ago(hours: float, usd: float = 0.0, tokens: int = 0) -> Spent:
    return Spent(NOON - hours * HOUR, usd, tokens)


def paid(
    owner: Any, hours: float = 1, usd: float | None = 0.0, tokens: int | None = 0, **more: Any
) -> Call:
    """A call that began so many hours ago."""
    began = timezone.now() - hours * HOUR
    return Call.objects.create(
        id=uuid4().hex, owner=owner, attempt=1, workflow="blog", provider="p", model="m",
        began_at=began, ended_at=began, prompt_tokens=tokens, completion_tokens=tokens and 0,
        cost_usd=usd, **more,
    )  # fmt: skip


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
def test_the_last_day_is_counted(alice: AbstractUser, django_user_model: Any) -> None:
    bob = django_user_model.objects.create_user(email="bob@example.org")
    paid(bob, usd=100.0)
    paid(alice, 25, usd=50.0)
    paid(alice, 5, usd=0.5, tokens=7)
    paid(alice, 2, usd=0.25, tokens=15)
    paid(alice, 2, usd=0.0, tokens=9, status=UNSENT)
    day = quota.day(alice.pk, timezone.now())
    assert [(one.usd, one.tokens) for one in day.spent] == [(0.5, 7), (0.25, 15)]


@pytest.mark.django_db(transaction=True)
def test_what_nobody_knows_counts_as_what_was_expected(alice: AbstractUser) -> None:
    paid(alice, usd=None, tokens=None, expected_usd=0.75, expected_tokens=100)
    paid(alice, usd=None, tokens=30, expected_usd=None, expected_tokens=40)
    assert quota.day(alice.pk, timezone.now()).used == (0.75, 130)


def test_for_a_live_run_what_it_is_expected_to_use_is_held(
    alice: AbstractUser, redis: Redis
) -> None:
    run = begun(alice)
    assert (run.reserved_usd, run.reserved_tokens) == (UNSEEN_USD, UNSEEN_TOKENS)
    assert quota.day(alice.pk, timezone.now()).used == (UNSEEN_USD, UNSEEN_TOKENS)
    paid(alice, usd=0.125, tokens=1000, run=run)
    assert quota.day(alice.pk, timezone.now()).used == (UNSEEN_USD, UNSEEN_TOKENS)
    paid(alice, usd=2.0, tokens=0, run=run)
    assert quota.day(alice.pk, timezone.now()).used == (2.125, UNSEEN_TOKENS)
    Run.objects.update(status="waiting")
    assert quota.day(alice.pk, timezone.now()).used == (2.125, 1000)
    Run.objects.update(status="completed", finished_at=timezone.now())
    assert quota.day(alice.pk, timezone.now()).used == (2.125, 1000)


def test_one_run_does_not_use_what_is_held_for_another(alice: AbstractUser, redis: Redis) -> None:
    first, second, _ = begun(alice), begun(alice), begun(alice)
    paid(alice, usd=2.0, tokens=0, run=first)
    paid(alice, usd=0.25, tokens=0, run=second)
    assert quota.day(alice.pk, timezone.now()).used == (2.0 + 2 * UNSEEN_USD, 3 * UNSEEN_TOKENS)


def test_a_thousand_live_runs_are_as_soon_counted_as_one(
    alice: AbstractUser, redis: Redis, django_assert_num_queries: Any
) -> None:
    others = [
        Run(owner_id=alice.pk, workflow="blog", version=1, input={}, reserved_usd=0.25)
        for _ in range(1000)
    ]
    Run.objects.bulk_create(others)
    with django_assert_num_queries(2):
        day = quota.day(alice.pk, timezone.now())
    assert [(one.at, one.usd) for one in day.spent] == [(None, 250.0)]
    assert day.retry_after(NOON) == quota.SOON_S


def test_a_start_over_the_day_is_refused_in_words(alice: AbstractUser, redis: Redis) -> None:
    paid(alice, 23, usd=5.0)
    with pytest.raises(OverQuota, match=r"\$5\.00 of \$5\.00") as refused:
        begun(alice)
    assert 3500 < refused.value.retry_after <= 3600
    assert Run.objects.live().count() == 0


def test_a_run_is_bounded_by_what_is_left(
    alice: AbstractUser, redis: Redis, settings: Settings
) -> None:
    paid(alice, usd=4.25, tokens=4_790_000)
    first, second = begun(alice), begun(alice)
    assert (first.bounds.usd, first.bounds.tokens) == (0.75, 210_000)
    # Of which what is held for the first is not there for the second.
    assert (second.bounds.usd, second.bounds.tokens) == (0.25, 10_000)
    assert (second.reserved_usd, second.reserved_tokens) == (0.25, 10_000)
    with pytest.raises(OverQuota):
        begun(alice)


def test_a_hundred_starts_at_once_are_as_many_as_may_be(
    alice: AbstractUser, redis: Redis, settings: Settings
) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=5)

    def start(_: int) -> bool:
        try:
            begun(alice)
        except OverQuota:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(start, range(100))) == 5
    assert Run.objects.count() == 5


def test_many_starts_at_once_hold_no_more_than_the_day_has(
    alice: AbstractUser, redis: Redis, settings: Settings
) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=100, user_daily_usd=2)

    def start(_: int) -> float:
        try:
            return begun(alice).reserved_usd
        except OverQuota:
            return 0.0
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(start, range(20))) == 2
    assert Run.objects.count() == 2 / UNSEEN_USD


def test_what_was_spent_while_one_waits_for_its_turn_is_counted(
    alice: AbstractUser, redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the run that spent it has ended nothing is held for it any more."""
    settings.GX = replace(settings.GX, user_daily_usd=1.0)
    before = begun(alice)

    @contextmanager
    def long_after(owner_id: int) -> Iterator[None]:
        paid(alice, 0, usd=0.9, run=before)
        Run.objects.update(status="completed", finished_at=timezone.now())
        with in_turn(owner_id):
            yield

    monkeypatch.setattr(entrance, "in_turn", long_after)
    monkeypatch.setattr(entrance, "FRESH_S", 0.0)
    assert begun(alice).bounds.usd == pytest.approx(0.1)


def test_the_api_says_so_with_a_time(alice: Any, redis: Redis, client: Client) -> None:
    paid(alice, 20, usd=6.0)
    client.force_login(alice)
    answer = client.post("/api/workflows/blog/runs", BRIEF, "application/json")
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:gxweb:over_quota")
    assert "$6.00 of $5.00" in answer.json()["detail"]
    assert 4 * 3600 - 60 < int(answer["Retry-After"]) <= 4 * 3600
