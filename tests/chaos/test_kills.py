"""`kill -9` of every kind of process at random moments: a run ends right all the same."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.chaos.process import Process
from tests.chaos.stack import ENDED, Stack, now, stack
from tests.chaos.verdict import KILLS, check, notes, same_post, seeded
from tests.chaos.waiting import until
from tests.patience import bar
from workflows.wire import orders

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
TAKEOVER_S = 10


def test_a_run_survives_its_workers(tmp_path: Path) -> None:
    rng = seeded("workers")
    with stack(tmp_path, workers=2, latency=0.3, tokens_per_second=400) as s:
        calm = s.begin(notes=notes(), words=800)
        undisturbed = s.ended(calm)
        runs = [calm]
        took: list[float] = []
        while len(took) < KILLS:
            runs.append(s.begin(notes=notes(), words=800))
            took += [t for t in (kill_owner(s, runs[-1], rng) for _ in range(3)) if t is not None]
            assert same_post(s.ended(runs[-1]), undisturbed)
        print("takeover s:", sorted(round(t, 1) for t in took))
        check(s, runs, allowed_open=None)


def kill_owner(s: Stack, run: str, rng: random.Random) -> float | None:
    """Kill the run's worker; the seconds until another started it, None if it had ended."""
    owner = until(lambda: s.owner(run) or s.run(run)["status"] in ENDED, 20)
    if not isinstance(owner, Process):
        return None
    pause(s, run, rng.uniform(0, 3))
    before = len(s.starts(run))
    owner.kill()
    killed = now()
    until(lambda: len(s.starts(run)) > before or s.run(run)["status"] in ENDED, 2 * TAKEOVER_S)
    took = now() - killed
    s.add_worker()
    if len(s.starts(run)) == before:
        return None
    assert took <= bar(TAKEOVER_S, promised="KILLS" in os.environ)
    return took


def pause(s: Stack, run: str, seconds: float) -> None:
    """Let the run go on for a while, or to its end."""
    begun = now()
    until(lambda: now() - begun > seconds or s.run(run)["status"] in ENDED, seconds + 5)


@pytest.mark.parametrize("victim", ["web", "control", "valkey"])
def test_a_run_survives_the_others(tmp_path: Path, victim: str) -> None:
    rng = seeded(victim)
    with stack(tmp_path, latency=0.3) as s:
        run = s.begin(notes=notes(), words=800)
        until(lambda: s.starts(run), 20)
        pause(s, run, rng.uniform(0.3, 2))
        if victim == "valkey":
            s.server.stop()
            s.restart_valkey()
        else:
            process = s.webs[0] if victim == "web" else s.controls[0]
            process.kill()
            process.start()
            s.ready()
        assert s.ended(run)["status"] == "completed"
        check(s, [run])


def test_a_queue_that_was_deleted_loses_no_run(tmp_path: Path) -> None:
    with stack(tmp_path, workers=0) as s:
        runs = [s.begin(notes=notes("Apache-2.0"), words=300) for _ in range(5)]
        with s.redis() as client:
            assert client.delete(orders.queue("interactive", "blog", 1)) == 1
        s.add_worker()
        for run in runs:
            assert s.ended(run)["status"] == "completed"
        check(s, runs)


def test_two_of_each_at_once(tmp_path: Path) -> None:
    rng = seeded("two of each")
    with stack(tmp_path, webs=2, workers=2, controls=2, latency=0.2) as s:
        runs = [s.begin(notes=notes("Apache-2.0"), words=400) for _ in range(6)]
        for process in (s.workers[0], s.controls[0], s.webs[1]):
            pause(s, runs[0], rng.uniform(0, 1.5))
            process.kill()
            process.start()
        for run in runs:
            assert s.ended(run)["status"] == "completed"
        check(s, runs, allowed_open=None)
