"""One attempt's events on their way to the log: what waits, what is under way, what is last there.

It does no I/O and reads no clock of its own: the writer takes batches and brings the answers back.
Deltas of one channel that wait are joined, of a span's statuses only the newest is kept: what
waits stays small however fast a flow speaks. After the run's end nothing is taken any more.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from workflows.engine.errors import Halt, LeaseLost
from workflows.wire.codec import Packed, encode
from workflows.wire.cursor import Cursor
from workflows.wire.events import TERMINAL, Body, Log, Object, Status, Text

UNSENT_BYTES = 256 * 1024
BATCH_BYTES = 256 * 1024
JOINED_CHARS = 8 * 1024
ENVELOPE_BYTES = 160
NOTHING: Mapping[str, bytes] = MappingProxyType({})

Encode = Callable[[Body, Callable[[Body], Packed]], Packed]


@dataclass(slots=True)
class Entry:
    """An event that waits. Texts are packed late: they may grow. All else at once, so that whoever
    says what cannot be said is told so, and not the run that it cannot be written."""

    at: int
    span: str | None
    body: Body
    packed: Packed | None
    size: int
    beside: Mapping[str, bytes]


class Journal:
    """The queue of one attempt. All of it runs in the loop's thread."""

    def __init__(
        self,
        run: str,
        tip: Cursor,
        *,
        mask: Encode,
        schedule: Callable[[Journal, bool], None],
    ) -> None:
        self.run = run
        self.tip = tip  # the last event that is known to be in the log, and ours
        self.unsent = 0  # bytes
        self.flight: tuple[Packed, ...] | None = None  # the batch whose answer is not known yet
        self.due = math.inf  # when the writer should take the next batch, by the loop's clock
        self.taken_at = -math.inf
        self.closed: Halt | None = None
        self.on_close: Callable[[Halt], None] | None = None
        self._mask = mask
        self._schedule = schedule
        self._pending: deque[Entry] = deque()
        self._latest: dict[tuple[str, str | None, str], Entry] = {}
        self._opening = tip
        self._queued = self._taken = 0  # entries, since the beginning
        # To be answered by the batch that brings the entries taken to this number.
        self._flushes: list[tuple[int, asyncio.Future[float]]] = []
        self._answers: list[asyncio.Future[float]] = []  # by the batch under way
        self._room: list[asyncio.Future[None]] = []
        self._flying = 0  # bytes of the batch under way
        self._flooded = 0  # messages dropped
        self._last_at = 0
        self._ended = False  # the run's last event has been put

    @property
    def waiting(self) -> bool:
        return bool(self._pending or self._flushes)

    @property
    def last_put(self) -> Cursor:
        """The id that the newest event has, or will have."""
        return self._opening.next(self._queued) if self._queued else self._opening

    @property
    def full(self) -> bool:
        return self.unsent >= UNSENT_BYTES

    def put(
        self,
        body: Body,
        *,
        span: str | None,
        at: int,
        lazy: bool = False,
        beside: Mapping[str, bytes] = NOTHING,
    ) -> None:
        """Queue an event; a `lazy` one may wait for company. `beside`: blobs that go with it.

        Raises LeaseLost, TypeError, TooLarge.
        """
        self._check()
        if self._ended:
            raise LeaseLost("the run has ended")
        self._last_at = at
        if body.kind in TERMINAL:
            self._confess()
        if self._merge(body, span, at) or self._drowns(body):
            return
        self._append(body, span, at, beside)
        self._ended = body.kind in TERMINAL
        self._schedule(self, lazy)

    async def flush(self) -> float:
        """Wait until all that was put is in the log, or learn that it never will be.

        Answers when the append that says so was sent: the log was ours at a later moment. With
        nothing to write it asks. Raises LeaseLost.
        """
        self._check()
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._flushes.append((self._queued, future))
        self._schedule(self, False)
        return await future

    async def room(self) -> None:
        """Wait while too much is unsent."""
        while self.full and self.closed is None:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._room.append(future)
            self._schedule(self, False)
            await future
        self._check()

    @property
    def urgent(self) -> bool:
        return bool(self._flushes or self._room)

    def take(self, now: float) -> tuple[Packed, ...]:
        """The next batch; it stays under way until `acknowledge`."""
        batch: list[Packed] = []
        size = 0
        while self._pending and size < BATCH_BYTES:
            entry = self._pending.popleft()
            batch.append(entry.packed or self._pack(entry))
            size += batch[-1].size
            self._flying += entry.size
        self._taken += len(batch)
        self._latest.clear()
        # Others may go on putting: a fence waits for what was there when it was asked for.
        self._answers = [future for number, future in self._flushes if number <= self._taken]
        self._flushes = [flush for flush in self._flushes if flush[0] > self._taken]
        self.flight, self.taken_at, self.due = tuple(batch), now, math.inf
        return self.flight

    def acknowledge(self, sent_at: float) -> None:
        """The batch under way is in the log, and was the last thing there."""
        self.tip = self.tip.next(len(self.flight or ()))
        self.flight = None
        self.unsent -= self._flying
        self._flying = 0
        for answer in self._answers:
            _resolve(answer, sent_at)
        self._answers = []
        if not self.full:
            self._let_in()

    def close(self, error: BaseException) -> None:
        """Nothing more is written, for this reason."""
        if self.closed is not None:
            return
        self.closed = error = error if isinstance(error, Halt) else LeaseLost(str(error))
        for future in (*self._answers, *(future for _, future in self._flushes)):
            if not future.done():
                future.set_exception(error)
                future.exception()  # whoever waited may be gone already
        self._answers, self._flushes = [], []
        self._pending.clear()
        self.flight = None
        self._let_in()
        if self.on_close is not None:
            self.on_close(error)

    def _check(self) -> None:
        if self.closed is not None:
            raise type(self.closed)(*self.closed.args)

    def _let_in(self) -> None:
        for future in self._room:
            if not future.done():
                future.set_result(None)
        self._room = []
        self._confess()

    def _confess(self) -> None:
        """Say how much was dropped."""
        if self._flooded and self.closed is None and not self._ended:
            count, self._flooded = self._flooded, 0
            said = Log("warning", f"{count} messages were dropped: too many at once.")
            self._append(said, None, self._last_at)
            self._schedule(self, False)

    def _drowns(self, body: Body) -> bool:
        """Whether to drop a message of code that says more than it can wait for."""
        if isinstance(body, Log | Object | Status) and self.unsent >= 2 * UNSENT_BYTES:
            self._flooded += 1
            return True
        return False

    def _merge(self, body: Body, span: str | None, at: int) -> bool:
        """Let what waits take this in: a text grows, of statuses and objects the newest counts."""
        place = _place(body, span)
        entry = self._latest.get(place) if place is not None else None
        if entry is None or entry.span != span:
            return False
        if isinstance(body, Text) and isinstance(entry.body, Text):
            grown = _joined(entry.body, body)
            if grown is None:
                return False
            body, at = grown, entry.at
        had = entry.size
        self._fill(entry, body, at)
        self.unsent += entry.size - had
        return True

    def _append(
        self, body: Body, span: str | None, at: int, beside: Mapping[str, bytes] = NOTHING
    ) -> None:
        entry = Entry(at, span, body, None, 0, beside)
        self._fill(entry, body, at)
        if (place := _place(body, span)) is not None:
            self._latest[place] = entry
        else:
            # A try's end stands between its texts and those of the next one.
            self._latest = {key: had for key, had in self._latest.items() if had.span != span}
        self._pending.append(entry)
        self._queued += 1
        self.unsent += entry.size

    def _fill(self, entry: Entry, body: Body, at: int) -> None:
        entry.body, entry.at = body, at
        if isinstance(body, Text):
            entry.size = ENVELOPE_BYTES + len(body.delta.encode("utf-8", "replace"))
        else:
            entry.packed = self._pack(entry)
            entry.size = entry.packed.size + len(body.kind)

    def _pack(self, entry: Entry) -> Packed:
        said = self._mask(entry.body, lambda body: encode(body, at=entry.at, span=entry.span))
        return replace(said, blobs={**said.blobs, **entry.beside}) if entry.beside else said


def _place(body: Body, span: str | None) -> tuple[str, str | None, str] | None:
    """What a later event may grow or replace while it waits; None: it stands for itself."""
    if isinstance(body, Text):
        return "text", None, body.channel
    if isinstance(body, Status | Object):
        return body.kind, span, body.label if isinstance(body, Object) else ""
    return None


def _joined(had: Text, more: Text) -> Text | None:
    """Both as one, if one goes on where the other ends."""
    if had.at + len(had.delta) != more.at or len(had.delta) + len(more.delta) > JOINED_CHARS:
        return None
    return replace(had, delta=had.delta + more.delta)


def _resolve(future: asyncio.Future[float], sent_at: float) -> None:
    if not future.done():
        future.set_result(sent_at)
