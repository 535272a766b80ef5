"""Waiting keeps its promises in every schedule, and each of its rules is needed for that."""

from __future__ import annotations

import os
import re

import pytest

from tests.model import forgetting
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
SHOWN_BY_LOSS = {
    "restores": "has not ended",
    "restores_who_asked": "it waited until|more than one winner",
    "restores_signals": "is forgotten",
    "restores_answers": "answers in the log|more than one winner|it waited until",
}


@pytest.mark.timeout(24 * 3600 if SCHEDULES > 2000 else 120)
def test_no_schedule_breaks_a_promise() -> None:
    found = [(seed, what) for seed in range(FIRST, FIRST + SCHEDULES) if (what := _all_on(seed))]
    assert found == []


def _all_on(seed: int) -> str:
    return broken(seed, Switches())


@pytest.mark.timeout(24 * 3600 if SCHEDULES > 2000 else 120)
def test_nothing_is_broken_when_redis_forgets() -> None:
    seeds, on = range(FIRST, FIRST + SCHEDULES // 5), Switches()
    assert [(seed, what) for seed in seeds if (what := forgetting.broken(seed, on))] == []


def test_every_rule_has_its_switch_here() -> None:
    assert set(SHOWN) | set(SHOWN_BY_LOSS) == set(NAMES)


@pytest.mark.parametrize("name", SHOWN_BY_LOSS)
def test_without_the_rule_a_loss_breaks_a_promise(name: str) -> None:
    switches = Switches().without(name)
    found = next((what for seed in range(MOST) if (what := forgetting.broken(seed, switches))), "")
    assert re.search(SHOWN_BY_LOSS[name], found), f"{MOST} schedules without {name}: {found!r}"


@pytest.mark.parametrize("name", SHOWN)
def test_without_the_rule_a_promise_is_broken(name: str) -> None:
    switches = Switches().without(name)
    found = next((what for seed in range(MOST) if (what := broken(seed, switches))), "")
    assert re.search(SHOWN[name], found), f"{MOST} schedules without {name}: {found!r}"
