"""With all rules on, no schedule breaks a promise.

`MODEL_SCHEDULES=100000 MODEL_SEED=5000` plays so many, from that seed on.
"""

from __future__ import annotations

import os

import pytest

from tests.model.scheduler import Outcome, play

SCHEDULES = int(os.environ.get("MODEL_SCHEDULES", "3000"))
FIRST = int(os.environ.get("MODEL_SEED", "0"))
SHARES = 10
# What a finished span's loss may cost: only what Redis lost before a projector had seen it.
MOST_REPAID = 0.2


def explain(outcome: Outcome) -> str:
    return f"seed {outcome.seed}: {outcome.violation}\n{outcome.trace}"


@pytest.mark.timeout(24 * 3600 if SCHEDULES > 3000 else 120)
@pytest.mark.parametrize("share", range(SHARES))
def test_no_schedule_breaks_a_promise(share: int) -> None:
    outcomes = [play(seed) for seed in range(FIRST + share, FIRST + SCHEDULES, SHARES)]
    broken = [outcome for outcome in outcomes if outcome.violation]
    assert not broken, f"{len(broken)} of {len(outcomes)}\n{explain(broken[0])}"
    assert sum(o.repaid_after_loss for o in outcomes) < MOST_REPAID * len(outcomes)
    assert any(outcome.takeovers for outcome in outcomes), "these schedules say little"


@pytest.mark.parametrize("kind", ["restart", "partition", "lose orders", "kill plane"])
def test_what_kills_no_worker_costs_no_takeover(kind: str) -> None:
    """Redis away for two leases among them: nobody is taken for dead, nothing is paid twice."""
    outcomes = [play(seed, kinds=(kind,)) for seed in range(60)]
    assert [explain(outcome) for outcome in outcomes if outcome.violation] == []
    assert sum(outcome.takeovers for outcome in outcomes) == 0


def test_a_schedule_is_the_same_every_time() -> None:
    assert play(7) == play(7)


def test_a_restore_whose_answer_was_lost_is_not_sent_again() -> None:
    """Between the two Redis forgot once more: an attempt opened before was opened a second time."""
    assert play(77702).violation == ""
