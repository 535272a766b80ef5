"""Runs for which nobody is there."""

from __future__ import annotations

from redis import Redis

from runs import connections
from runs.attendance import unattended, unserved
from runs.models import Run
from runs.projector import Projector
from tests.runs.worker import Worker, serve
from workflows.wire import pulse


def test_a_run_without_a_worker_for_its_queue_is_unattended(run: Run, redis: Redis) -> None:
    serve(redis, "gx.interactive.other.v1")
    assert unserved(pulse.alive(redis)) == ["blog v1"]
    assert unattended(redis, run)


def test_a_worker_that_could_take_it_is_enough(run: Run, redis: Redis) -> None:
    serve(redis)
    assert unserved(pulse.alive(redis)) == []
    assert not unattended(redis, run)


def test_a_run_that_a_worker_has_is_attended_until_its_lease_is_over(
    run: Run, worker: Worker, projector: Projector, redis: Redis
) -> None:
    projector.poll()
    assert unserved([]) == []
    assert not unattended(redis, run)
    worker.die()
    assert unattended(redis, run)


def test_what_redis_does_not_say_is_not_known(run: Run) -> None:
    assert not unattended(connections._connect("redis://127.0.0.1:1/0"), run)
