"""What a post will take."""

from __future__ import annotations

import pytest

from gxweb.posts.estimate import Estimate, Past, estimate, past
from gxweb.posts.models import Post


@pytest.mark.parametrize(
    ("words", "notes", "calls"), [(600, 0, 8), (1200, 100, 10), (2000, 30_000, 15), (5000, 0, 12)]
)
def test_calls_follow_from_the_shape(words: int, notes: int, calls: int) -> None:
    assert estimate(words, notes, []).calls == calls


def test_time_and_money_follow_from_the_posts_before() -> None:
    before = [Past(60.0 * n, 1000, 0.1 * n) for n in (1, 2, 3, 4, 5)]
    found = estimate(2000, 0, before)
    assert found.time == "2 to 5 min"
    assert found.money == "$0.40 to $0.96"


def test_without_a_past_time_is_a_range_and_money_is_not_said() -> None:
    found = estimate(1200, 0, [Past(1.0, 1, 0.0)] * 2)
    assert (found.time, found.money) == ("about 1 min", "")


@pytest.mark.parametrize(
    ("given", "time", "money"),
    [
        (Estimate(1, (0.1, 0.9), (0.0, 0.0)), "under a minute", "free"),
        (Estimate(1, (2.0, 2.2), None), "about 2 min", ""),
    ],
)
def test_it_is_said_as_people_say_it(given: Estimate, time: str, money: str) -> None:
    assert (given.time, given.money) == (time, money)


def test_one_unknown_price_makes_the_money_unknown() -> None:
    before = [Past(60.0, 1000, 0.1), Past(60.0, 1000, None), Past(60.0, 1000, 0.1)]
    assert estimate(1000, 0, before).usd is None


def test_the_past_is_what_is_ready(post: Post) -> None:
    (one,) = past()
    assert (one.words, one.usd) == (10, 0.0)
    assert one.seconds >= 0


def test_tokens_follow_from_the_posts_before_or_from_the_shape() -> None:
    before = [Past(60.0, 1000, 0.1, tokens) for tokens in (10_000, 12_340, 14_000)]
    assert estimate(2000, 0, before).size == "22,000 to 32,000 tokens"
    assert estimate(1200, 0, []).size == "7,200 to 27,000 tokens"
