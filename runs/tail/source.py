"""What the tail asks of Redis, over two connections: one that blocks, one for short questions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import uuid4

from runs.attendance import held
from runs.tail.batch import MOST, Batch, follow
from workflows.wire import clients, keys, log, pulse
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Event
from workflows.wire.fold import fold
from workflows.wire.lease import of as lease_of
from workflows.wire.log import Entry
from workflows.wire.state import EMPTY, State

COUNT = 500
PAGE = 1000
CONTROL_TTL_S = 600


class Source:
    """Raises redis.exceptions.RedisError when Redis does not answer."""

    def __init__(self, url: str, block_s: float) -> None:
        self._block_ms = round(block_s * 1000)
        self._blocking = clients.connect_blocking(url, block_s)
        self._asking = clients.connect_asking(url)
        # One question at a time: a hundred viewers who come at once need no more connections.
        self._turn = asyncio.Lock()
        self._control = f"gx:tail:{uuid4().hex}"
        self._woken: bytes | str = "0-0"

    async def aclose(self) -> None:
        try:
            await self._blocking.aclose()
        finally:
            await self._asking.aclose()

    async def wait(self, cursors: Mapping[str, Cursor]) -> dict[str, list[Entry]]:
        """New entries by run; nothing after a while, or at once when `wake` was called."""
        names = {keys.log(run).encode(): run for run in cursors}
        wanted: dict[Any, Any] = {keys.log(run): str(at) for run, at in cursors.items()}
        wanted[self._control] = self._woken
        reply = await self._blocking.xread(wanted, count=COUNT, block=self._block_ms)
        found: dict[str, list[Entry]] = {}
        for name, entries in cast("list[tuple[bytes, list[Entry]]]", reply or []):
            if name in names:
                found[names[name]] = entries
            else:
                self._woken = entries[-1][0]
        return found

    async def wake(self) -> None:
        """End the wait: there is another log to follow."""
        async with self._turn:
            pipe = self._asking.pipeline(transaction=False)
            pipe.xadd(self._control, {"wake": "1"}, maxlen=1, approximate=False)
            pipe.expire(self._control, CONTROL_TTL_S)
            await pipe.execute()

    async def tips(self, runs: Sequence[str]) -> dict[str, Cursor | None]:
        """Where each log ends; None for one that is gone."""
        async with self._turn:
            pipe = self._asking.pipeline(transaction=False)
            for run in runs:
                pipe.xrevrange(keys.log(run), count=1)
            ends = await pipe.execute()
        return {
            run: Cursor.parse(end[0][0]) if end else None
            for run, end in zip(runs, ends, strict=True)
        }

    async def held(self, runs: Sequence[str]) -> dict[str, bool]:
        """Whether a worker has each, and is alive."""
        async with self._turn:
            pipe = self._asking.pipeline(transaction=False)
            pipe.time()
            for run in runs:
                pipe.hgetall(keys.lease(run))
            (seconds, micros), *leases = await pipe.execute()
        now = seconds * 1000 + micros // 1000
        return {
            run: held(lease_of(found) if found else None, now)
            for run, found in zip(runs, leases, strict=True)
        }

    async def served(self) -> frozenset[str]:
        """The queues that live workers take orders from."""
        async with self._turn:
            seconds, _ = await self._asking.time()
            since = str(seconds * 1000 - pulse.FRESH_MS)
            entries = cast("Any", await self._asking.xrange(keys.PULSE, min=since))
        return pulse.served(pulse.newest(entries))

    async def decode(self, run: str, entries: list[Entry]) -> list[Event]:
        events = log.decode_entries(entries)
        if not log.refs(events):
            return events
        async with self._turn:
            return await log.inline_async(self._asking, run, events)

    async def fold(self, run: str) -> State | None:
        """The whole log's state; None without a log."""
        state = EMPTY
        while True:
            page = await self._page(run, state.cursor)
            if not follow(state.cursor, page) and state is not EMPTY:
                state = EMPTY  # the log was rebuilt while we read it
                continue
            state = fold(state, page)
            if len(page) < PAGE:
                return None if state is EMPTY or state.cursor == ZERO else state

    async def read(self, run: str, after: Cursor) -> Batch | None:
        """The next events after `after`; with `reset` from the beginning, when the log does not
        contain `after`. None without a log."""
        if after != ZERO:
            found = await self._page(run, after.before(), MOST + 1)
            if found and found[0].id == after:
                return Batch(tuple(found[1:]))
        first = await self._page(run, ZERO, MOST)
        return Batch(tuple(first), reset=after != ZERO) if first else None

    async def _page(self, run: str, after: Cursor, count: int = PAGE) -> list[Event]:
        async with self._turn:
            return await log.read_async(self._asking, run, after, count=count)
