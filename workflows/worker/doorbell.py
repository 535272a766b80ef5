"""The Celery end of a worker: one task, whose body only waits for the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from celery.signals import setup_logging, worker_ready, worker_shutting_down

from workflows.compute.celery import TASK, app
from workflows.wire.orders import Order


def serve(
    broker_url: str,
    *,
    queues: Sequence[str],
    concurrency: int,
    execute: Callable[[Order], None],
    ready: Callable[[], None],
    leave: Callable[[], None],
) -> int:
    """Take orders until a signal says to stop and what is under way has been left."""
    celery = app(broker_url)

    @celery.task(name=TASK)  # type: ignore[untyped-decorator]
    def run(order: dict[str, Any]) -> None:
        execute(Order.from_dict(order))

    # weak=False: nobody else holds these functions.
    worker_ready.connect(lambda **_: ready(), weak=False)
    worker_shutting_down.connect(lambda **_: leave(), weak=False)
    # With a receiver, Celery leaves the process's logging as it is.
    setup_logging.connect(lambda **_: None, weak=False)
    worker = celery.Worker(
        queues=list(queues),
        pool="threads",
        concurrency=concurrency,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)
