"""`manage.py control`: all its parts together, alone and doubled, and how it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from redis import Redis
from redis.exceptions import ConnectionError

from runs.management.commands.control import Loop, start
from runs.models import Run
from tests.patience import patience
from tests.runs.worker import Worker, due_at
from workflows.wire import log, pulse

ROOT = Path(__file__).resolve().parents[2]


def until(holds: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + patience(seconds)
    while not (found := holds()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
    return found


@pytest.fixture
def control(transactional_db: None) -> Iterator[threading.Event]:
    """Two of them, as threads of this process."""
    stop = threading.Event()
    loops = [*start(stop), *start(stop)]
    yield stop
    stop.set()
    for loop in loops:
        loop.join(10)
    assert [loop.died for loop in loops] == [None] * len(loops)


def test_two_controls_record_a_run_to_its_end(
    control: threading.Event, run: Run, redis: Redis
) -> None:
    worker = Worker.opened(redis, run)
    worker.begin("blog")
    for number in range(20):
        worker.section(f"blog/{number}", f"section-{number}", "Warm.")
    worker.finish("blog", "done")
    worker.complete("done")
    events = log.read(redis, str(run.id))
    found = until(lambda: Run.objects.finished().first())
    until(lambda: due_at(redis, run) is None)
    assert (found.status, found.output, found.calls) == ("completed", "done", 21)
    assert found.archive.events == events
    assert found.spans.filter(status="completed").count() == 21


def test_a_control_says_that_it_lives(control: threading.Event, redis: Redis) -> None:
    beats = until(lambda: pulse.alive(redis))
    assert {(beat.kind, beat.pid) for beat in beats} == {("control", os.getpid())}


@pytest.mark.parametrize("error", [ConnectionError("away"), OperationalError("away")])
def test_a_loop_waits_while_redis_or_sql_is_away(error: Exception) -> None:
    stop, turns = threading.Event(), []

    def step() -> bool:
        turns.append(1)
        if len(turns) < 3:
            raise error
        stop.set()
        return False

    loop = Loop("test", step, stop, 0.01)
    loop.run()
    assert (len(turns), loop.died, loop.away) == (3, None, 0)


def test_a_loop_that_dies_stops_all() -> None:
    stop = threading.Event()

    def step() -> bool:
        raise ValueError("a bug")

    loop = Loop("test", step, stop, 0.01)
    loop.run()
    assert stop.is_set()
    assert isinstance(loop.died, ValueError)


def test_sigterm_stops_it_cleanly(
    transactional_db: None, redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    child = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": redis_url,
        "VAR": str(tmp_path),
        "SECRET_KEY": "test",
    }
    process = subprocess.Popen([sys.executable, "manage.py", "control"], cwd=ROOT, env=child)
    try:
        until(lambda: any(beat.pid == process.pid for beat in pulse.alive(redis)))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def database_url() -> str:
    """The database of this test, for a child process."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**found)
