"""Who breaks processes ends, and takes nobody along; each part of rule 11 is needed for that."""

from __future__ import annotations

import os
import re

import pytest

from tests.model.company import NAMES, Switches
from tests.model.isolation import broken

SCHEDULES = int(os.environ.get("MODEL_SCHEDULES", "1000")) // 5
FIRST = int(os.environ.get("MODEL_SEED", "0"))
MOST = 300
SHOWN = {
    "suspects_run_alone": "took [0-9]+ workers along|what breaks processes is",
    "only_deaths_alone_count": "an innocent is failed",
    "progress_clears": "an innocent is failed|an innocent is",
    "hand_over_costs_nothing": "an innocent is failed",
    "deaths_are_told": "what breaks processes is",
}


@pytest.mark.timeout(24 * 3600 if SCHEDULES > 200 else 120)
def test_no_schedule_breaks_a_promise() -> None:
    seeds = range(FIRST, FIRST + SCHEDULES)
    assert [(seed, what) for seed in seeds if (what := broken(seed, Switches()))] == []


def test_every_part_has_its_switch_here() -> None:
    assert set(SHOWN) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_without_it_a_promise_is_broken(name: str) -> None:
    switches = Switches().without(name)
    found = next((what for seed in range(MOST) if (what := broken(seed, switches))), "")
    assert re.search(SHOWN[name], found), f"{MOST} schedules without {name}: {found!r}"
