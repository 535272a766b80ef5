"""Tries are counted exactly, by whoever counts, and forgotten in time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from gxweb.accounts.models import Strike
from gxweb.accounts.throttle import Limit, origin
from gxweb.errors import TooMany

pytestmark = pytest.mark.django_db
FEW = Limit("few", most=3, seconds=60)


def passes(limit: Limit, subject: object) -> bool:
    try:
        limit.take(subject)
    except TooMany:
        return False
    return True


def test_so_many_and_no_more() -> None:
    assert [passes(FEW, "a") for _ in range(5)] == [True, True, True, False, False]
    assert passes(FEW, "b")
    assert passes(Limit("another", most=1, seconds=60), "a")


def test_a_refusal_says_when_to_come_back() -> None:
    for _ in range(3):
        FEW.take("a")
    with pytest.raises(TooMany) as refusal:
        FEW.take("a")
    assert 0 < refusal.value.retry_after <= 60


def test_case_makes_no_other_subject() -> None:
    assert [passes(FEW, word) for word in ("Ada", "ADA", "ada", "aDa")] == [True] * 3 + [False]


def test_time_forgets_and_clears_up() -> None:
    for subject in ("a", "b"):
        FEW.take(subject)
    Strike.objects.update(count=3, until=timezone.now() - timedelta(seconds=1))
    assert passes(FEW, "a")
    assert [row.count for row in Strike.objects.all()] == [1]


def test_good_tries_can_be_given_back_or_forgotten() -> None:
    for _ in range(9):
        FEW.take("a")
        FEW.give_back("a")
    for _ in range(3):
        FEW.take("a")
    FEW.forget("a")
    assert passes(FEW, "a")


def test_nothing_tells_whom_it_is_about() -> None:
    FEW.take("ada@example.org")
    assert "ada" not in str(Strike.objects.values_list())


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_counted_one_by_one() -> None:
    def take(_: int) -> bool:
        try:
            return passes(FEW, "a")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(24))) == FEW.most


def test_a_house_with_many_addresses_is_one() -> None:
    def at(address: str) -> str:
        return origin(RequestFactory().get("/", REMOTE_ADDR=address))

    assert at("2001:db8:0:1::1") == at("2001:db8:0:1:ffff::2")
    assert at("2001:db8:0:1::1") != at("2001:db8:0:2::1")
    assert at("192.0.2.1") != at("192.0.2.2")
    assert at("") == at("")
