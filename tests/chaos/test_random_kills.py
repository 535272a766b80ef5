"""Many runs, and `kill -9` of workers, controls and Valkey at random: every run ends right.

RUNS=100 KILLS=50 is the whole of it; SEED repeats one.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.process import Process
from tests.chaos.stack import ENDED, Stack, stack
from tests.chaos.verdict import SEED, check, notes, state
from workflows.wire.events import SpanCompleted, SpanFailed

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1800)]

RUNS = int(os.environ.get("RUNS") or 3)
KILLS = int(os.environ.get("KILLS") or 2)


def test_many_runs_survive_many_kills(tmp_path: Path) -> None:
    rng = random.Random(f"{SEED} many")
    print(f"SEED={SEED} RUNS={RUNS} KILLS={KILLS}")
    with stack(tmp_path, workers=2, controls=2, latency=0.3) as s:
        runs: list[str] = []
        victims: Counter[str] = Counter()
        for number in range(KILLS):
            while len(runs) < RUNS * (number + 1) / KILLS:
                runs.append(
                    s.begin(topic=f"Licence {len(runs)}", notes=notes("Artistic"), words=300)
                )
            # Not a wait for anything: the moment of a kill is random.
            time.sleep(rng.uniform(0.3, 2.5))
            victims[kill_one(s, rng)] += 1
        statuses = Counter(s.ended(run, 600)["status"] for run in runs)
        print(f"killed {dict(victims)}; runs {dict(statuses)}; {figures(s, runs)}")
        assert statuses == {"completed": RUNS}
        check(s, runs, allowed_open=None)


def kill_one(s: Stack, rng: random.Random) -> str:
    """Kill something and begin it again, as its supervisor would; what it was."""
    kind = rng.choice(["worker", "worker", "control", "valkey"])
    if kind == "valkey":
        s.server.process.kill()
        s.server.process.wait()
        s.restart_valkey()
    else:
        of_its_kind: list[Process] = s.workers if kind == "worker" else s.controls
        process = rng.choice(of_its_kind)
        process.kill()
        process.start()
    return kind


def figures(s: Stack, runs: list[str]) -> str:
    """What the logs count against what the provider did, and how often runs were taken up."""
    states = [state(s, run) for run in runs]
    logged = sum(
        call.status == "ok"
        for run in runs
        for event in s.log(run)
        if isinstance(event.body, SpanCompleted | SpanFailed)
        for call in event.body.usage.calls
    )
    lines = s.provider.ledger()
    done = [line for line in lines if (line["event"], line.get("status")) == ("end", "ok")]
    starts = sum(folded.starts for folded in states)
    ended = sum(folded.status in ENDED for folded in states)
    return f"{ended} ended, {starts} starts, {logged} calls logged, {len(done)} finished there"
