"""The heart: a thread of its own that renews the leases of the runs whose tasks live.

Only while the loop turns: a loop that stands still for 20 s renews nothing more and the process
goes down, so that another worker takes over what this one pretends to do.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from redis import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from workflows.engine.attempt import Attempt
from workflows.engine.errors import LeaseLost
from workflows.engine.writer import Refused
from workflows.wire import log, pulse
from workflows.wire.pulse import Beat
from workflows.wire.script import SOURCES, ScriptCall, reply
from workflows.worker.runtime import EXIT_BROKEN

STANDSTILL_S = 20.0

logger = logging.getLogger(__name__)


class Living(Protocol):
    """What the heart looks at."""

    @property
    def ticked(self) -> float:
        """When the loop last showed that it turns, by time.monotonic()."""

    def attempts(self) -> list[Attempt]: ...

    def beat(self) -> Beat: ...

    def lose(self, run: str, attempt: int, why: LeaseLost) -> None: ...


class Heart:
    def __init__(
        self,
        client: Redis,
        living: Living,
        *,
        beat_seconds: float,
        lease_seconds: float,
        standstill_s: float = STANDSTILL_S,
        die: Callable[[int], object] = os._exit,
    ) -> None:
        self._client = client
        self._living = living
        self._beat_s = beat_seconds
        self._lease_ms = int(lease_seconds * 1000)
        self._standstill_s = standstill_s
        self._die = die
        self._suspect = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gx-heart", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """With a last beat, which says that this process takes no orders any more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)
            self.beat()

    def _run(self) -> None:
        try:
            self._beat_on()
        except BaseException:
            # Without a heart every run that this process opens is taken for dead, and begun again.
            logger.critical("The heart is broken", exc_info=True)
            self._die(EXIT_BROKEN)

    def _beat_on(self) -> None:
        while True:
            began = time.monotonic()
            self.look()
            if self._stop.wait(max(0.05, self._beat_s - (time.monotonic() - began))):
                return

    def look(self) -> None:
        """One beat, or none when the loop stands still.

        A process that was stopped as a whole wakes with both its threads late: the loop has one
        more beat to show that it turns.
        """
        still = time.monotonic() - self._living.ticked > self._standstill_s
        if not still:
            self.beat()
        elif self._suspect:
            logger.critical("The loop stands still: this process lets go of everything")
            self._die(EXIT_BROKEN)
        self._suspect = still

    def beat(self) -> None:
        """Renew every lease, and say that this process lives. A beat that fails is not the last;
        a Redis without memory renews leases all the same."""
        for say in (self._renew, self._tell):
            try:
                say()
            except ResponseError as error:
                logger.warning("A beat failed, refused: %r", error)
            except (RedisError, OSError) as error:
                logger.warning("A beat failed: %r", error)
                return

    def _tell(self) -> None:
        pulse.beat(self._client, self._living.beat())

    def _renew(self) -> None:
        facts = [attempt.facts for attempt in self._living.attempts()]
        calls = [log.beat_call(f.run, attempt=f.attempt, lease_ms=self._lease_ms) for f in facts]
        for fact, answer in zip(facts, self._answers(calls), strict=True):
            if isinstance(answer, Exception):
                logger.warning("%s: its lease could not be renewed: %r", fact.run, answer)
            elif not (said := reply(answer)).ok:
                logger.info("%s: its lease is %s", fact.run, said.answer)
                # As its own append would say it: one whose log is gone is due now.
                self._living.lose(fact.run, fact.attempt, Refused(said.answer))

    def _answers(self, calls: list[ScriptCall]) -> list[Any]:
        if not calls:
            return []
        pipe: Any = self._client.pipeline(transaction=False)
        for call in calls:
            pipe.execute_command(*call.evalsha())
        answers: list[Any] = pipe.execute(raise_on_error=False)
        if any(isinstance(answer, NoScriptError) for answer in answers):
            # A server that has been restarted. Not by an EVAL of the first call: an error of that
            # one run would cost all the others their beat.
            self._client.script_load(SOURCES[calls[0].name])
            return self._answers(calls)
        return answers
