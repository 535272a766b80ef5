"""What came for a run: answers to its questions, and signals.

It begins with what the log says has come already, and looks into the run's inbox when it is nudged
and, while somebody waits or listens, once a second. A signal is put into the log as it is seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from workflows.wire import inbox
from workflows.wire.cursor import Cursor
from workflows.wire.events import Body, RunSignalled
from workflows.wire.inbox import Inbox, Letter
from workflows.wire.questions import HOLD
from workflows.wire.script import Answer, ScriptCall, run_script_async
from workflows.wire.state import EMPTY, Asked, State

LOOK_S = 1.0

logger = logging.getLogger(__name__)


class Holder(Protocol):
    """The attempt whose mailbox it is."""

    @property
    def over(self) -> bool:
        """Nothing more can be said."""

    def record(self, body: Body) -> None: ...


@dataclass(frozen=True, slots=True)
class Door:
    """The inbox of one run, on its server. What Redis does not answer is asked again later."""

    client: Redis
    run: str

    async def read(self) -> Inbox | None:
        try:
            return await inbox.read_async(self.client, self.run)
        except (RedisError, OSError) as error:
            logger.warning("%s: its inbox cannot be seen: %r", self.run, error)
            return None

    async def time_out(self, waiting: Cursor, *, read: int) -> Answer | None:
        letter = Letter("timeout")
        return await self._run(
            inbox.answer_call(self.run, waiting, letter, nonce=uuid4().hex, read=read)
        )

    async def park(
        self, tip: Cursor, waiting: Cursor | None, *, read: int, left_ms: int | None
    ) -> Answer | None:
        """Due in so many ms by the clock of Redis: ours may be wrong, and a run that is due too
        early would be woken and parked over and over."""
        until = None
        if left_ms is not None:
            if (now := await self._now()) is None:
                return None
            until = max(1, now + left_ms)
        return await self._run(inbox.park_call(self.run, tip, waiting, read=read, until=until))

    async def _now(self) -> int | None:
        try:
            seconds, micros = await self.client.time()
        except (RedisError, OSError) as error:
            logger.warning("%s: Redis does not say what time it is: %r", self.run, error)
            return None
        return int(seconds) * 1000 + int(micros) // 1000

    async def _run(self, call: ScriptCall) -> Answer | None:
        try:
            return (await run_script_async(self.client, call)).answer
        except (RedisError, OSError) as error:
            logger.warning("%s: Redis does not answer %s: %r", self.run, call.name, error)
            return None


class Mailbox:
    """All of it runs in the loop's thread. Without a door it stays as it is."""

    def __init__(self, state: State = EMPTY, door: Door | None = None) -> None:
        self.door = door
        self.asked: dict[str, Asked] = dict(state.asked)
        self.answers: dict[str, Any] = dict(state.answers)
        self.signals: dict[str, RunSignalled] = dict(state.signals)
        self.letters: Mapping[Cursor, Letter] = {}
        self.read = 0  # signals that were in the inbox when it was last looked into
        self.current = state.waiting.key if state.waiting is not None else ""  # the open question
        self.open: dict[str, Asked] = {}  # what is waited for here and now
        self.said = ""  # the newest run.waiting of this attempt, while nothing answered it
        self.turn = asyncio.Lock()  # people are asked one thing at a time
        self.listened = False
        self._nudged = asyncio.Event()
        self._news: list[asyncio.Future[None]] = []

    def nudge(self) -> None:
        self._nudged.set()

    async def watch(self, attempt: Holder) -> None:
        """Look when there may be something, until it is cancelled."""
        while True:
            often = self.listened or bool(self.open)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if often else None):
                    await self._nudged.wait()
            self._nudged.clear()
            await self.look(attempt)

    async def look(self, attempt: Holder) -> None:
        found = await self.door.read() if self.door is not None else None
        if found is None or attempt.over:
            return
        for signal in found.signals:
            if signal.id not in self.signals:
                self._take(attempt, signal)
        self.read = max(self.read, found.count)
        self.letters = found.answers
        self.tell()

    def tell(self) -> None:
        """Whoever waits for news looks again."""
        news, self._news = self._news, []
        for future in news:
            if not future.done():
                future.set_result(None)

    async def news(self, seconds: float | None = None) -> None:
        """Wait until something may have changed, or for so long."""
        if not self.listened and not self.open:
            self.nudge()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._news.append(future)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await future

    def listen(self) -> None:
        """From now on somebody wants to know about signals."""
        if not self.listened:
            self.listened = True
            self.nudge()

    def keys_of(self, span: str) -> list[str]:
        """The questions of a span, in the order in which it asked."""
        return [key for key, asked in self.asked.items() if asked.span == span]

    def free_key(self, wished: str) -> str:
        """One that no question of the run has had: a late answer must not answer another."""
        number, key = 1, wished
        while key in self.asked:
            number += 1
            key = f"{wished}-{number}"
        return key

    def _take(self, attempt: Holder, signal: RunSignalled) -> None:
        attempt.record(signal)
        self.signals[signal.id] = signal
        asked = self.asked.get(self.current)
        if signal.name == HOLD and asked is not None and not asked.by:
            self.asked[self.current] = held = replace(asked, until=None, held=True)
            if self.current in self.open:
                self.open[self.current] = held
