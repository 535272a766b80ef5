"""What the process of a suspect does: one order, with its own connections and its own heart."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

from workflows.engine.component import Workflow
from workflows.wire.clients import connect_once
from workflows.wire.orders import Order
from workflows.wire.settings import Settings
from workflows.worker.heart import Heart
from workflows.worker.life import Life
from workflows.worker.runtime import Runtime


def carry_out(
    settings: Settings, registry: Mapping[str, Workflow[..., Any]], worker: str, order: Order
) -> int:
    """The exit code of this process, which is there for this order alone."""
    runtime = Runtime(settings, registry, f"{worker}/{os.getpid()}", isolated=True)
    runtime.start()
    heart = Heart(
        connect_once(settings.redis_url),
        Life(runtime, kind="alone", slots=1),
        beat_seconds=settings.beat_seconds,
        lease_seconds=settings.lease_seconds,
    )
    signal.signal(signal.SIGTERM, lambda *_: runtime.drain())
    heart.start()
    try:
        runtime.execute(order)
    finally:
        runtime.stop()
        heart.stop()
    return 0
