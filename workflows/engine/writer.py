"""The one writer of a process: every run's batches, one pipeline of append scripts at a time.

One connection, so that two appends cannot change places, and nothing tried again by the library.
Only a script's answer is a refusal. Whatever else happens on the way means "unknown", and the same
bytes go again under the same ids until there is an answer.

A first word after quiet goes at once; what follows is gathered for 40 ms, or up to 250 ms when
many runs speak at once. An urgent event (a fence, a finished span, an end) waits for nothing but
the pipeline under way.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from dataclasses import dataclass
from typing import Any

from hiredis import pack_command
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError, ResponseError

from workflows.engine.errors import Failure, LeaseLost
from workflows.engine.journal import Journal
from workflows.engine.masking import Mask
from workflows.engine.purse import Purse
from workflows.wire import log
from workflows.wire.cursor import Cursor
from workflows.wire.script import Answer, Reply, ScriptCall, reply

TICK_S = 0.040
SLOWEST_TICK_S = 0.250
ANSWER_S = 5.0
MANY_RUNS = 200
MANY_BYTES = 1024 * 1024
PIPELINE_BYTES = 4 * 1024 * 1024
PAUSES_S = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

# Errors of the server's state, which passes. Every other plain error of a script would come again.
_PASSING = ("MISCONF", "BUSY", "NOREPLICAS", "UNKILLABLE", "FAILOVER", "max number of clients")

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Flight:
    """One run's batch under way."""

    journal: Journal
    call: ScriptCall
    unknown_script: bool = False

    @property
    def size(self) -> int:
        return sum(packed.size for packed in self.journal.flight or ())

    def command(self) -> tuple[Any, ...]:
        return self.call.eval() if self.unknown_script else self.call.evalsha()


class Writer:
    """Start `run()` as a task of the loop in which the runs live."""

    def __init__(self, client: Redis, mask: Mask | None = None) -> None:
        self._client = client
        self.mask = mask or Mask()
        self._waiting: set[Journal] = set()
        self._flights: list[Flight] = []
        self._connection: Any = None
        self._wake = asyncio.Event()
        self.purse = Purse(self._wake.set)
        self._timer: asyncio.TimerHandle | None = None
        self._next = math.inf
        self._tick = TICK_S
        self._failures = 0

    def journal(self, run: str, tip: Cursor, mask: Mask | None = None) -> Journal:
        """A queue for the attempt that has just been opened at `tip`."""
        mask = mask or self.mask
        return Journal(run, tip, mask=mask.encoded, schedule=self._schedule)

    async def run(self) -> None:
        task = asyncio.current_task()
        try:
            # redis-py sends through asyncio.wait_for, which in Python 3.11 may swallow a cancel.
            while task is None or not task.cancelling():
                await self._wake.wait()
                self._wake.clear()
                self._collect()
                if self._flights or self.purse.waiting:
                    await self._deliver()
        finally:
            await self._disconnect()

    def _schedule(self, journal: Journal, lazy: bool) -> None:
        now = asyncio.get_running_loop().time()
        if journal.urgent or journal.full:
            due = now
        elif lazy:
            due = now + self._tick
        else:
            due = max(now, journal.taken_at + self._tick)
        journal.due = min(journal.due, due)
        self._waiting.add(journal)
        self._wake_at(journal.due)

    def _wake_at(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        if due <= loop.time():
            self._wake.set()
        elif due < self._next:
            if self._timer is not None:
                self._timer.cancel()
            self._next = due
            self._timer = loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._next = math.inf
        self._wake.set()

    def _collect(self) -> None:
        """Take a batch of every run whose time has come."""
        now = asyncio.get_running_loop().time()
        # Those nearly due go along: one pipeline for many runs.
        soon = now + self._tick / 4
        ready = [j for j in self._waiting if j.due <= soon and j.flight is None]
        for journal in ready:
            self._waiting.discard(journal)
            if journal.closed is None and journal.waiting:
                self._take(journal, now)
            if journal.waiting:
                self._waiting.add(journal)
        rest = [j.due for j in self._waiting if j.flight is None]
        if rest:
            self._wake_at(min(rest))
        self._widen(ready)

    def _take(self, journal: Journal, now: float) -> None:
        tip = journal.tip
        try:
            call = log.append_call(journal.run, tip, journal.take(now))
        except Exception:
            # What one run says must not silence the others.
            logger.exception("What %s says cannot be written", journal.run)
            journal.close(Failure("internal", "What the run says cannot be written."))
        else:
            self._flights.append(Flight(journal, call))

    def _widen(self, ready: list[Journal]) -> None:
        load = max(len(ready) / MANY_RUNS, sum(j.unsent for j in ready) / MANY_BYTES)
        self._tick = TICK_S + (SLOWEST_TICK_S - TICK_S) * min(1.0, load)

    async def _deliver(self) -> None:
        """Send what is under way; what stays unknown is sent again in the next round."""
        going, rest = _split([f for f in self._flights if f.journal.closed is None])
        spent = self.purse.take()
        if not (going or spent):
            self._flights = []
            return
        sent_at = time.monotonic()
        answers = await self._send([*spent, *(flight.command() for flight in going)])
        written = self.purse.settle(answers[: len(spent)], is_final)
        settled = [
            self._settle(flight, answer, sent_at)
            for flight, answer in zip(going, answers[len(spent) :], strict=True)
        ]
        unknown = [flight for flight, done in zip(going, settled, strict=True) if not done]
        self._flights = unknown + rest
        if unknown or not written:
            await self._pause()
        else:
            self._failures = 0
        if rest or self.purse.waiting:
            self._wake.set()

    async def _pause(self) -> None:
        await asyncio.sleep(PAUSES_S[min(self._failures, len(PAUSES_S) - 1)])
        self._failures += 1
        self._wake.set()

    def _settle(self, flight: Flight, answer: Any, sent_at: float) -> bool:
        """Act on an answer; False when there was none."""
        journal = flight.journal
        if journal.closed is not None:
            return True
        if isinstance(answer, NoScriptError):
            flight.unknown_script = True
            return False
        if isinstance(answer, Exception):
            return self._fail(journal, answer)
        self._answer(journal, reply(answer), sent_at)
        return True

    def _answer(self, journal: Journal, said: Reply, sent_at: float) -> None:
        if not said.ok:
            journal.close(Refused(said.answer))
            return
        journal.acknowledge(sent_at)
        if journal.waiting:
            self._schedule(journal, False)

    def _fail(self, journal: Journal, error: Exception) -> bool:
        if not is_final(error):
            if self._failures in (1, len(PAUSES_S)):
                logger.warning("Redis does not answer the append of %s: %r", journal.run, error)
            return False
        logger.error("The log of %s cannot be written: %r", journal.run, error)
        journal.close(Failure("internal", "The run's log cannot be written."))
        return True

    async def _send(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        """An answer or an exception for each command."""
        answers: list[Any] = []
        try:
            async with asyncio.timeout(ANSWER_S):
                connection = await self._connected()
                await connection.send_packed_command(b"".join(map(pack_command, commands)))
                while len(answers) < len(commands):
                    answers.append(await _read(connection))
        except (RedisError, OSError) as error:
            await self._disconnect()
            answers += [error] * (len(commands) - len(answers))
        return answers

    async def _connected(self) -> Any:
        if self._connection is None:
            pool: Any = self._client.connection_pool
            self._connection = await pool.get_connection()
            # One time limit for all of a pipeline: the library's own costs a task for every send.
            self._connection.socket_timeout = None
        if not self._connection.is_connected:
            await self._connection.connect()
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
            await self._client.connection_pool.release(connection)


def _split(flights: list[Flight]) -> tuple[list[Flight], list[Flight]]:
    """Those that go now, and the rest: what cannot be answered in time would never get through."""
    size = 0
    for number, flight in enumerate(flights):
        if size >= PIPELINE_BYTES:
            return flights[:number], flights[number:]
        size += flight.size
    return flights, []


class Refused(LeaseLost):
    """The log's own answer: gone, lost or ended."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)

    @property
    def answer(self) -> Answer:
        return Answer(self.args[0])


def is_final(error: Exception) -> bool:
    """Whether the same bytes would meet the same error for ever (a key of the wrong type)."""
    return type(error) is ResponseError and not str(error).startswith(_PASSING)


async def _read(connection: Any) -> Any:
    """The answer to one command; an error that the server gave for it is an answer too."""
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error
