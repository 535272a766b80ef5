"""What code in threads says, on its way to the loop that writes it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

from workflows.engine.attempt import Attempt
from workflows.engine.errors import Halt
from workflows.wire.events import Body

SAID_AT_ONCE = 100

logger = logging.getLogger(__name__)


class Afar:
    """Of one span, made in the thread of its loop."""

    def __init__(self, attempt: Attempt, put: Callable[[Body], None]) -> None:
        self._attempt = attempt
        self._put = put
        self._said = 0
        self._thread = threading.get_ident()

    @property
    def here(self) -> bool:
        """Whether this is the loop's own thread."""
        return threading.get_ident() == self._thread

    def say(self, body: Body) -> None:
        loop = self._attempt.loop
        loop.call_soon_threadsafe(self._put_down, body)
        self._said += 1
        if self._said % SAID_AT_ONCE == 0:
            # A thread that says more than the loop can take waits for it.
            asyncio.run_coroutine_threadsafe(self._attempt.journal.room(), loop).result()

    def _put_down(self, body: Body) -> None:
        """Nobody is there to be told that it is too late, or not JSON."""
        try:
            self._put(body)
        except (Halt, TypeError, ValueError) as error:
            run = self._attempt.facts.run
            logger.info("%s: a thread's %s is dropped: %s", run, body.kind, error)
