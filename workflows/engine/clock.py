"""The time-out of a try, which stands still while the try may not work: waiting for a turn at a
provider is nobody's slowness."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Clock:
    """Stopped as often as it is stopped, it goes on when all who stopped it have said so."""

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout
        self._stops = 0
        self._left = 0.0

    def stop(self) -> None:
        when = self._timeout.when()
        if self._stops == 0 and when is not None:
            self._left = when - asyncio.get_running_loop().time()
            self._reschedule(None)
        self._stops += 1

    def go_on(self) -> None:
        self._stops -= 1
        if self._stops == 0:
            self._reschedule(asyncio.get_running_loop().time() + self._left)

    def _reschedule(self, when: float | None) -> None:
        with suppress(RuntimeError):  # the try is over, and this was a stray task of it
            self._timeout.reschedule(when)
