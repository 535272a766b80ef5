"""Runs that wait for people: nobody holds them, and they outlive everything.

`PARKED=5000` in the environment makes it so many.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.chaos.process import Process
from tests.chaos.stack import Stack, now, stack
from tests.chaos.waiting import until
from tests.patience import bar
from workflows.wire import keys, pulse

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]
COUNT = int(os.environ.get("PARKED") or 60)
AT_ONCE = 20
WORKER = ("--registry", "tests.chaos.parking", "--concurrency", str(AT_ONCE))
WAKES_S = 1.0
ADD = """
from runs.models import Run
from django.contrib.auth import get_user_model
ann = get_user_model().objects.get(email='ann@example.com')
made = [Run(owner=ann, workflow='blog', version=1, input={{'topic': str(n)}}) for n in range({n})]
print(' '.join(str(run.pk) for run in Run.objects.bulk_create(made)))
"""


def add_runs(s: Stack, count: int) -> list[str]:
    """Rows alone: the monitor opens their logs and rings."""
    return s.python(ADD.format(n=count)).split()


def parked(s: Stack) -> int:
    """Runs that nothing but an answer makes due."""
    with s.redis() as client:
        due = (keys.due(number) for number in range(keys.BUCKETS))
        return sum(int(client.zcount(key, "inf", "inf")) for key in due)


def holds(process: Process) -> tuple[int, int]:
    """Its threads, and its open files and connections."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    threads = next(line.split()[1] for line in status.splitlines() if line.startswith("Threads:"))
    return int(threads), len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def rss_mb(process: Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000


def everybody(s: Stack) -> list[Process]:
    return [*s.webs, *s.workers, *s.controls]


def restart_all(s: Stack) -> None:
    """`kill -9` of everything at once, the server too."""
    for process in everybody(s):
        process.kill()
    s.server.stop()
    s.restart_valkey()
    s.webs, s.workers, s.controls = [], [], []
    s.add_web()
    s.add_worker(*WORKER)
    s.add_control()
    s.ready()
    # The last beat of the worker before is still there.
    until(lambda: s.workers[0].pid in beating(s), 30, what="the fresh worker's beat")


def beating(s: Stack) -> set[int]:
    with s.redis() as client:
        return {beat.pid for beat in pulse.alive(client)}


def wake(s: Stack, run: str) -> float:
    """Seconds from the answer to the attempt that goes on with it."""
    asked = now()
    response = s.client.post(f"/api/runs/{run}/answers/well", json=f"yes {run}")
    assert response.status_code == 202, response.text
    until(lambda: len(s.starts(run)) == 2, 10, 0.005, f"{run} goes on")
    return now() - asked


@pytest.mark.alone
def test_parked_runs_survive_a_restart_of_everything(tmp_path: Path) -> None:
    with stack(tmp_path, workers=0, controls=0) as s:
        s.add_worker(*WORKER)
        s.add_control()
        s.ready()
        idle, rss = holds(s.workers[0]), rss_mb(s.workers[0])
        runs = add_runs(s, COUNT)
        until(lambda: parked(s) == COUNT, 60 + COUNT / 5, 0.3, f"{COUNT} parked")
        held = holds(s.workers[0])
        print(f"{COUNT} parked: threads and files {idle} -> {held},"
              f" RSS {rss:.0f} -> {rss_mb(s.workers[0]):.0f} MB")  # fmt: skip
        # What the pools keep is for as many as ran at once, however many are parked.
        assert held[0] <= idle[0] + AT_ONCE
        assert held[1] <= idle[1] + 2 * AT_ONCE
        assert s.client.get("/readyz").status_code == 200
        restart_all(s)
        fresh = holds(s.workers[0])
        print(f"a fresh worker beside them: {fresh}")
        # Orders that the dead worker had not acknowledged come again, and are late: each takes a
        # thread of the pool for a moment, which keeps it.
        assert fresh[0] <= idle[0] + AT_ONCE
        assert fresh[1] <= idle[1] + 4
        assert parked(s) == COUNT
        took = [wake(s, run) for run in runs[:20]]
        print("woken within s:", sorted(round(one, 3) for one in took))
        assert max(took) <= bar(WAKES_S, promised="PARKED" in os.environ)
        for run in runs[20:]:
            answer = s.client.post(f"/api/runs/{run}/answers/well", json=f"yes {run}")
            assert answer.status_code == 202, answer.text
        until(lambda: parked(s) == 0, 30 + COUNT / 10, 0.3, "all go on")
        for number, run in enumerate(runs):
            found = s.ended(run, 60)
            assert found["status"] == "completed"
            assert found["output"] == {"topic": str(number), "answer": f"yes {run}"}
            assert len(s.starts(run)) == 2, "it was woken once, by its answer"
