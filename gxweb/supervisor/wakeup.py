"""Signals as something to wait for: they come through a pipe, so no handler does any work."""

import os
import select
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
WATCHED = STOPS | {signal.SIGCHLD}


class Wakeup:
    """Inside its `with`: `wait` returns early for any signal; `stops` counts requests to stop.

    `asked` is looked at too: for who wants us to stop and cannot send us a signal.
    """

    def __init__(self, asked: Callable[[], bool] = lambda: False) -> None:
        self.stops = 0
        self._asked = asked

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._before = {number: signal.signal(number, _ignore) for number in WATCHED}
        self._fd_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(self._fd_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def wait(self, seconds: float) -> None:
        ready, _, _ = select.select([self._read], [], [], max(0.0, seconds))
        if ready:
            numbers = os.read(self._read, 4096)
            self.stops += sum(number in STOPS for number in numbers)
        if not self.stops and self._asked():
            self.stops = 1


def _ignore(number: int, frame: FrameType | None) -> None:
    """Python writes to the wake-up pipe only for signals that have a handler."""
