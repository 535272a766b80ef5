"""Money: whatever fails and whoever dies, the ledger equals the provider's own books.

RUNS=20 KILLS=20 is the whole of it; SEED repeats one. A fifth of all calls goes wrong.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos import scenes
from tests.chaos.stack import Stack, stack
from tests.chaos.test_random_kills import kill_one
from tests.chaos.verdict import SEED, notes
from tests.fakes.accounts import account_violations, balance
from tests.fakes.checker import in_doubt

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]

RUNS = int(os.environ.get("RUNS") or 2)
KILLS = int(os.environ.get("KILLS") or 2)
FAULTS = ("500", "429", "503", "cut", "reset", "error_within", "html", "refuse", "length", "half")
PART = 0.2


def disturb(s: Stack) -> None:
    """So that a fifth of the calls fails in one of these ways: each rule sees what is left."""
    for number, fault in enumerate(FAULTS):
        rate = (PART / len(FAULTS)) / (1 - number * PART / len(FAULTS))
        s.provider.script(fault, times="always", rate=rate, seed=SEED + number, retry_after="0.2")


def test_the_ledger_equals_the_providers_books(tmp_path: Path) -> None:
    rng = random.Random(f"{SEED} ledger")
    print(f"SEED={SEED} RUNS={RUNS} KILLS={KILLS}")
    with stack(tmp_path, workers=2, controls=2, latency=0.2) as s:
        disturb(s)
        runs: list[str] = []
        killed: Counter[str] = Counter()
        for number in range(KILLS):
            while len(runs) < RUNS * (number + 1) / KILLS:
                topic = f"Licence {len(runs)}"
                runs.append(s.begin(topic=topic, notes=notes("Artistic"), words=300))
            # Not a wait for anything: the moment of a kill is random.
            time.sleep(rng.uniform(0.3, 2.0))
            killed[kill_one(s, rng)] += 1
        statuses = Counter(s.ended(run, 900)["status"] for run in runs)
        lines, rows = s.provider.ledger(), s.calls()
        doubt = sum(in_doubt(s.log(run)) for run in runs)
        faults = sum(line["event"] == "start" and line["fault"] is not None for line in lines)
        print(f"killed {dict(killed)}; runs {dict(statuses)}; {faults} faults; {doubt} in doubt")
        print(balance(lines, rows))
        assert not (wrong := account_violations(lines, rows, doubt)), "\n".join(wrong)
        assert_totals(s, runs)


def assert_totals(s: Stack, runs: list[str]) -> None:
    """What programs are told of the runs is what the ledger has of them."""
    told = [s.run(run)["usage"] for run in runs]
    rows = [row for row in s.calls() if row["status"] != "unsent"]
    assert sum(usage["calls"] for usage in told) == len(rows)
    for name in ("prompt_tokens", "completion_tokens"):
        assert sum(usage[name] for usage in told) == sum(row[name] or 0 for row in rows)


def test_a_worker_that_writes_no_costs_down_is_caught(tmp_path: Path) -> None:
    with stack(tmp_path, workers=0, latency=0.1) as s:
        s.add_worker("spend", module="tests.chaos.broken")
        s.ready()
        s.ended(s.begin(notes=notes("Artistic"), words=300))
        wrong = account_violations(s.provider.ledger(), s.calls())
        assert wrong
        assert all("the ledger lacks call" in told for told in wrong)


def test_a_zombie_pays_for_what_it_asked(tmp_path: Path) -> None:
    """Frozen in the midst of a call, it wakes when the run is another's: its log refuses it."""
    with stack(tmp_path, workers=1, latency=1.0) as s:
        run = s.begin(notes=notes("Artistic"), words=300)
        s.provider.wait_for(lambda calls: len(calls) > 0, 30)
        s.add_worker()
        scenes.frozen_past_its_lease(s, run)
        assert s.ended(run)["status"] == "completed"
        lines, rows = s.provider.ledger(), s.calls()
        print(balance(lines, rows))
        assert not (wrong := account_violations(lines, rows)), "\n".join(wrong)
