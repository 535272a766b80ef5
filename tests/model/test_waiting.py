"""Waiting keeps its promises in every schedule, and each of its rules is needed for that."""

from __future__ import annotations

import os
import re

import pytest

from tests.model.waiting import NAMES, Switches, broken

SCHEDULES = int(os.environ.get("MODEL_SCHEDULES", "2000"))
FIRST = int(os.environ.get("MODEL_SEED", "0"))
MOST = 3_000
SHOWN = {
    "park_refuses_unread": "has not ended",
    "answer_has_one_winner": "more than one winner|was taken",
    "answer_makes_due": "has not ended",
    "until_is_fixed": "it waited until",
    "under_the_first": "has not ended|was taken|more than one winner",
    "answered_is_final": "answers in the log",
    "time_out_reads_signals": "although it was held",
}


@pytest.mark.timeout(24 * 3600 if SCHEDULES > 2000 else 120)
def test_no_schedule_breaks_a_promise() -> None:
    found = [(seed, what) for seed in range(FIRST, FIRST + SCHEDULES) if (what := _all_on(seed))]
    assert found == []


def _all_on(seed: int) -> str:
    return broken(seed, Switches())


def test_every_rule_has_its_switch_here() -> None:
    assert set(SHOWN) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_without_the_rule_a_promise_is_broken(name: str) -> None:
    switches = Switches().without(name)
    found = next((what for seed in range(MOST) if (what := broken(seed, switches))), "")
    assert re.search(SHOWN[name], found), f"{MOST} schedules without {name}: {found!r}"
