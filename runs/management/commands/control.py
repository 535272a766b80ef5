"""`manage.py control`: all that goes on beside the pages, until SIGTERM. Several are safe.

Each loop is a thread with a name. When Redis or SQL is away a loop waits and goes on; when one
dies of anything else the process stops, loudly, and its supervisor starts another.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from redis.exceptions import RedisError

from runs import notices
from runs.chores import CHORES
from runs.collector import Collector
from runs.connections import gx
from runs.doorbell import bell
from runs.monitor import Monitor
from runs.projector import Projector
from workflows.wire import pulse
from workflows.wire.clients import connect_once
from workflows.wire.pulse import Beat

logger = logging.getLogger(__name__)

POLL_S = 0.25
CHORE_S = 1.0
# A server that answers with an error, being full or loading, is waited for as well.
AWAY = (RedisError, OperationalError, InterfaceError)
BACK_OFF_S = (0.2, 5.0)  # first and longest wait while Redis or SQL is away


class Loop(threading.Thread):
    """Calls `step` again and again: at once when it says that there is more, else after a wait."""

    def __init__(
        self, name: str, step: Callable[[], bool | None], stop: threading.Event, wait_s: float
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.step, self.stop, self.wait_s = step, stop, wait_s
        self.away = 0.0  # how long to wait next; 0 while all is well
        self.died: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                if not self.turn():
                    self.stop.wait(self.away or self.wait_s)
        except BaseException as error:  # noqa: BLE001 (said by the main thread, which then stops all)
            self.died = error
        finally:
            self.stop.set()
            connections.close_all()

    def turn(self) -> bool:
        """One step. True: go on at once."""
        try:
            more = bool(self.step())
        except AWAY as error:
            self._back_off(error)
            close_old_connections()
            return False
        if self.away:
            logger.info("%s goes on", self.name)
        self.away = 0.0
        return more

    def _back_off(self, error: Exception) -> None:
        first, longest = BACK_OFF_S
        if not self.away:
            logger.warning("%s waits: %s: %s", self.name, type(error).__name__, error)
        self.away = min(longest, self.away * 2 or first)


class Command(BaseCommand):
    help = "Projects logs to SQL and restarts what died; run one or several."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        loops = start(stop)
        stop.wait()
        for loop in loops:
            loop.join()
        for loop in loops:
            if loop.died is not None:
                logger.critical("%s died", loop.name, exc_info=loop.died)
                sys.exit(1)


def start(stop: threading.Event) -> list[Loop]:
    """All loops, running. Each has a Redis client of its own, which tries nothing again."""
    url = gx().redis_url
    loops = [
        Loop("projector", Projector(connect_once(url)).poll, stop, POLL_S),
        Loop("ledger", Collector(connect_once(url)).poll, stop, POLL_S),
        Loop("monitor", Monitor(connect_once(url), bell()).tick, stop, POLL_S),
        Loop("notices", notices.tell, stop, POLL_S),
        Loop("pulse", Pulse(connect_once(url)).beat, stop, gx().beat_seconds),
        *(Loop(name, step, stop, CHORE_S) for name, step in CHORES.items()),
    ]
    for loop in loops:
        loop.start()
    return loops


class Pulse:
    def __init__(self, client: Any) -> None:
        host, pid = socket.gethostname(), os.getpid()
        self.client = client
        self.of = Beat(name=f"control-{host}-{pid}", kind="control", pid=pid, host=host)

    def beat(self) -> None:
        pulse.beat(self.client, self.of)
