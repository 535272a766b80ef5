"""What the heart sees of a process: its runtime, and what it says of itself."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from workflows.engine.attempt import Attempt
from workflows.engine.errors import LeaseLost
from workflows.wire.pulse import Beat
from workflows.worker.runtime import Runtime


class Life:
    def __init__(
        self, runtime: Runtime, queues: Sequence[str] = (), *, slots: int, kind: str = "worker"
    ) -> None:
        self._runtime = runtime
        self._queues = tuple(queues)
        self._slots = slots
        self._kind = kind

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
            kind=self._kind,
            pid=os.getpid(),
            host=platform.node(),
            queues=self._queues,
            load=len(self._runtime.executor.held),
            slots=self._slots,
            draining=self._runtime.draining,
        )

    def lose(self, run: str, attempt: int, why: LeaseLost) -> None:
        self._runtime.lose(run, attempt, why)
