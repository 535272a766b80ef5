"""One call for all who want the same at the same time, in whichever process: single flight."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any, Protocol, Self

from workflows.engine.cache import Kept, Slot, Spent
from workflows.wire.events import Body, Status

HELD_S = 10.0  # a holder that died is followed after so long
RENEW_S = 3.0
LONGEST_WAIT_S = 600.0  # as long as one call to a provider may take
LOOK_S = (0.05, 0.1, 0.2, 0.5)
TOLD_AFTER_S = 1.0


class Waiter(Protocol):
    """The step that waits."""

    def say(self, body: Body) -> None: ...

    async def sleep(self, seconds: float) -> None:
        """Not held up by a drain."""


class Flight:
    """Of one slot: inside it either the value is found, or it is ours to make, and to keep."""

    def __init__(self, slot: Slot, waiter: Waiter) -> None:
        self._slot = slot
        self._waiter = waiter
        self._who = secrets.token_hex(8)
        self._ours = False
        self._made = False
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
        if self._ours:
            await self._slot.let_go(self._who)

    async def find(self) -> Kept | None:
        """None: make it. Whoever has waited for too long makes it, too."""
        began, looks, told = time.monotonic(), 0, False
        while True:
            if (found := await self._slot.find()) is not None:
                return found
            waited = time.monotonic() - began
            if self._ours or waited > LONGEST_WAIT_S:
                self._made = True
                return None
            # Who held it may have brought it since we looked: when it is ours we look once more.
            if await self._hold():
                continue
            if waited > TOLD_AFTER_S and not told:
                told = True
                self._waiter.say(Status("The same is being done already: waiting for its result."))
            await self._waiter.sleep(LOOK_S[min(looks, len(LOOK_S) - 1)])
            looks += 1

    async def keep(self, frozen: Any, spent: Spent) -> None:
        """What was made."""
        if self._made:
            await self._slot.keep(frozen, spent)

    async def _hold(self) -> bool:
        self._ours = await self._slot.hold(self._who, HELD_S)
        if self._ours:
            loop = asyncio.get_running_loop()
            self._renewing = loop.create_task(self._renew(), name="holding a cached value")
        return self._ours

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            await self._slot.hold(self._who, HELD_S)
