"""The policy of tries, as a table: no sleep, no dice."""

import pytest

from workflows.engine.errors import Failure, LeaseLost
from workflows.engine.retry import (
    GIVE_UP,
    Decision,
    Exponential,
    Retry,
    exponential,
    mark_retried,
    may_succeed,
)

STEADY = Retry(attempts=4, wait=exponential(initial=1, max=8, jitter=0))


def busy(retry_after: float | None = None) -> Failure:
    return Failure("rate_limited", "Busy.", retryable=True, retry_after=retry_after)


@pytest.mark.parametrize(
    ("error", "tried", "left_s", "decision"),
    [
        (busy(), 1, None, Decision(True, 1)),
        (busy(), 2, None, Decision(True, 2)),
        (busy(), 3, 100, Decision(True, 4)),
        (busy(), 4, None, GIVE_UP),
        (busy(30), 1, None, Decision(True, 30)),
        (busy(0.1), 2, None, Decision(True, 2)),
        (ConnectionError(), 1, None, Decision(True, 1)),
        (ValueError(), 1, None, Decision(True, 1)),
        (TypeError(), 1, None, GIVE_UP),
        (Failure("provider_refused", "No."), 1, None, GIVE_UP),
        (LeaseLost(), 1, None, GIVE_UP),
        (KeyboardInterrupt(), 1, None, GIVE_UP),
    ],
)
def test_the_decision(
    error: BaseException, tried: int, left_s: float | None, decision: Decision
) -> None:
    assert STEADY.decide(error, tried=tried, left_s=left_s, luck=0.5) == decision


def test_a_wait_too_long_is_given_up_with_a_sentence() -> None:
    decision = STEADY.decide(busy(3600), tried=1, left_s=None, luck=0)
    assert (decision.again, decision.why) == (
        False,
        "It asked to wait 3600 s, longer than we wait.",
    )


def test_no_try_is_promised_after_the_deadline() -> None:
    decision = STEADY.decide(busy(), tried=1, left_s=0.9, luck=0)
    assert (decision.again, decision.why) == (False, "There is no time left for another try.")


@pytest.mark.parametrize(
    ("tried", "luck", "seconds"), [(1, 0, 1), (1, 1, 1.5), (3, 0, 4), (9, 1, 10), (5000, 0, 10)]
)
def test_waits_double_up_to_a_bound(tried: int, luck: float, seconds: float) -> None:
    assert Exponential(initial=1, max=10, jitter=0.5).after(tried, luck) == seconds


def test_what_was_retried_below_is_not_retried_above() -> None:
    error = busy()
    assert may_succeed(error)
    mark_retried(error)
    assert not may_succeed(error)
