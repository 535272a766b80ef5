"""One worker process, put together: the runtime, its heart, and the doorbell in the main thread."""

from __future__ import annotations

import os
import platform
import secrets
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from workflows.engine.attempt import Attempt
from workflows.engine.component import Workflow
from workflows.wire.clients import connect_once
from workflows.wire.pulse import Beat
from workflows.wire.settings import Settings
from workflows.worker.doorbell import serve
from workflows.worker.heart import Heart
from workflows.worker.runtime import Runtime


class Life:
    """What the heart sees of the process."""

    def __init__(self, runtime: Runtime, queues: Sequence[str], slots: int) -> None:
        self._runtime = runtime
        self._queues = tuple(queues)
        self._slots = slots

    @property
    def ticked(self) -> float:
        return self._runtime.ticked

    def attempts(self) -> list[Attempt]:
        """Those whose tasks live; copied, since the loop goes on in its own thread."""
        held = self._runtime.executor.held.copy()
        return [attempt for attempt in held.values() if attempt.halted is None]

    def beat(self) -> Beat:
        return Beat(
            name=self._runtime.worker,
            kind="worker",
            pid=os.getpid(),
            host=platform.node(),
            queues=self._queues,
            load=len(self._runtime.executor.held),
            slots=self._slots,
            draining=self._runtime.draining,
        )

    def lose(self, run: str, attempt: int, why: str) -> None:
        self._runtime.lose(run, attempt, why)


def work(
    settings: Settings,
    registry: Mapping[str, Workflow[..., Any]],
    queues: Sequence[str],
    concurrency: int,
) -> int:
    """Work until a signal says to stop; the exit code."""
    worker = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(3)}"
    runtime = Runtime(settings, registry, worker)
    runtime.start()
    heart = Heart(
        connect_once(settings.redis_url),
        Life(runtime, queues, concurrency),
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
            ready=heart.start,
            leave=runtime.drain,
        )
    finally:
        runtime.stop()
        heart.stop()
