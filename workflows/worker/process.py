"""One worker process, put together: the runtime, its heart, and the doorbell in the main thread."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from workflows.compute.process import Nursery
from workflows.engine.component import Workflow
from workflows.wire.clients import connect_once
from workflows.wire.settings import Settings
from workflows.worker.doorbell import serve
from workflows.worker.heart import Heart
from workflows.worker.life import Life
from workflows.worker.runtime import Runtime

YOUNG = 5_000  # objects between two collections: a call makes a thousand, and few stay


def work(
    settings: Settings,
    registry: Mapping[str, Workflow[..., Any]],
    queues: Sequence[str],
    concurrency: int,
    *,
    worker: str,
    nursery: Nursery,
) -> int:
    """Work until a signal says to stop; the exit code."""
    runtime = Runtime(settings, registry, worker, nursery=nursery)
    runtime.start()
    heart = Heart(
        connect_once(settings.redis_url),
        Life(runtime, queues, slots=concurrency),
        beat_seconds=settings.beat_seconds,
        lease_seconds=settings.lease_seconds,
    )
    # Until Celery has its own handlers, a signal just ends the process; nothing is under way yet.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        return serve(
            settings.broker_url,
            queues=queues,
            concurrency=concurrency,
            execute=runtime.execute,
            ready=lambda: _begin(heart),
            leave=runtime.drain,
        )
    finally:
        runtime.stop()
        heart.stop()


def _begin(heart: Heart) -> None:
    """What is imported by now stays. A collection that looks through all of it takes 100 ms, in
    which no run of this process goes on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)
    heart.start()
