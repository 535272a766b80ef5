"""One watched run: its state, and a short memory of how it came about.

Viewers pull. Whoever is at a cursor that the memory still knows gets the parts since then in one
frame, anyone else the snapshot; so a viewer that is slow costs nothing while it is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from runs import render
from runs.render import Note
from runs.tail.batch import MOST, Batch, follow
from runs.tail.step import Step
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Event, RunRestored
from workflows.wire.fold import fold
from workflows.wire.state import State

STEPS_KEPT = 64
EVENTS_KEPT = 512

ReadLog = Callable[["Watch", Cursor], Awaitable[Batch | None]]


@dataclass(frozen=True, slots=True)
class Frame:
    """HTML parts for one viewer. `final`: the run has ended and these parts show its end."""

    html: str
    cursor: Cursor
    note: Note
    final: bool = False


class NotFollowed(Exception):
    """The run cannot be followed here any more. Coming again finds another reader."""


class Watch:
    def __init__(self, run: str, read_log: ReadLog) -> None:
        self.run = run
        self.state: State | None = None  # None until it was loaded for the first time
        self.provisional = False  # the state is what SQL knows: there is no log to be read now
        self.paused = False
        self.missing: Note = ""  # what is wrong with those who should carry it on
        self.loading = True
        self.load_begun = False
        self.viewers = 0
        self.left_at = 0.0  # when the last viewer left, by the loop's clock
        self.failed: Exception | None = None
        self._read_log = read_log
        self._steps: deque[Step] = deque(maxlen=STEPS_KEPT)
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._snapshot: tuple[State, str] | None = None
        self._drawing = asyncio.Lock()
        self._changed = asyncio.Event()

    @property
    def followed(self) -> bool:
        """Whether its log may have something new for us."""
        return self.state is not None and not self.loading and not self.state.ended

    @property
    def cursor(self) -> Cursor:
        return ZERO if self.state is None else self.state.cursor

    @property
    def note(self) -> Note:
        if self.paused:
            return "paused"
        return self.missing

    # For viewers

    async def next(self, seen: Cursor | None, *, note: Note | None = None) -> Frame:
        """Wait until there is something else than what the viewer has seen.

        `seen` and `note` are the last frame's; without them the answer comes at once.
        """
        while True:
            self._raise_failure()
            changed = self._changed
            if self.state is not None and self._is_news(self.state, seen, note):
                return await self._frame(self.state, seen)
            await changed.wait()

    async def events(self, after: Cursor = ZERO) -> AsyncGenerator[Batch, None]:
        """Every event after a cursor, in batches, to the terminal one."""
        while True:
            batch = await self.events_after(after)
            if not batch.events:
                return  # the reader already has the end
            yield batch
            after = batch.events[-1].id

    async def events_after(self, after: Cursor) -> Batch:
        """Wait until there are events after `after`, and give the next few. None at all: it is the
        terminal one's id."""
        while True:
            self._raise_failure()
            changed = self._changed
            batch = self._recent(after)
            if batch is None and self.state is not None:
                batch = await self._read_log(self, after)
            if batch is not None and (batch.events or self._ended_at(after)):
                return batch
            await changed.wait()

    # For the reader

    def begin(self, state: State, *, provisional: bool = False) -> None:
        """Start again from a state that was folded from the beginning, or that SQL gave."""
        self.state, self.provisional = state, provisional
        self.paused, self.loading = provisional, False
        self._steps.clear()
        self._events.clear()
        self._notify()

    def feed(self, events: Sequence[Event]) -> bool:
        """Take what one read of the log brought. False: it does not follow, fold again."""
        if self.state is None or self.provisional or not follow(self.state.cursor, events):
            return False
        old, self.state = self.state, fold(self.state, events)
        if any(event.kind == RunRestored.kind for event in events):
            self._steps.clear()
        else:
            self._steps.append(Step(old, self.state))
        self._events.extend(events)
        self.paused, self.missing = False, ""
        self._notify()
        return True

    def load_again(self) -> None:
        """The log went another way than we did."""
        self.loading, self.load_begun = True, False

    def pause(self, paused: bool = True) -> None:
        if self.paused != paused:
            self.paused = paused
            self._notify()

    def attend(self, missing: Note) -> None:
        if self.missing != missing:
            self.missing = missing
            self._notify()

    def fail(self, error: Exception) -> None:
        """Nobody follows this run any more: its viewers come again and find another reader."""
        self.failed = error
        self._notify()

    # Inside

    def _notify(self) -> None:
        """Wake all who wait. A new event for the next time: nobody has to clear the old one."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _raise_failure(self) -> None:
        if self.failed is not None:
            raise NotFollowed(self.run) from self.failed

    def _is_news(self, state: State, seen: Cursor | None, note: Note | None) -> bool:
        if self.provisional and seen is not None:
            return note != self.note
        return (seen, note) != (state.cursor, self.note)

    async def _frame(self, state: State, seen: Cursor | None) -> Frame:
        note = self.note
        if self.provisional and seen is not None:
            # SQL knows less than the log said: what the viewer already sees must not shrink.
            return Frame(render.mark(state, at=seen, start=seen, note=note), seen, note)
        html = self._parts_since(seen)
        start = None if html is None else seen
        if html is None:
            html = await self._draw(state)
        mark = render.mark(state, at=state.cursor, start=start, note=note)
        return Frame(mark + html, state.cursor, note, final=state.ended)

    def _parts_since(self, seen: Cursor | None) -> str | None:
        if seen is None or seen == ZERO:
            return None
        if seen == self.cursor:
            return ""
        steps = iter(self._steps)
        for step in steps:
            if step.start == seen:
                return step.html + "".join(later.html for later in steps)
        return None

    async def _draw(self, state: State) -> str:
        """The snapshot, made once for all who ask, and not on the loop: it may be a long page."""
        async with self._drawing:
            if self._snapshot is None or self._snapshot[0] is not state:
                self._snapshot = (state, await asyncio.to_thread(render.snapshot, state))
            return self._snapshot[1]

    def _recent(self, after: Cursor) -> Batch | None:
        """From memory; None when memory does not reach back so far."""
        if self.state is not None and after == self.state.cursor and after != ZERO:
            return Batch(())
        # From the end, where nearly all readers are.
        for newer, event in enumerate(reversed(self._events)):
            if event.id == after:
                start = len(self._events) - newer
                return Batch(tuple(islice(self._events, start, start + MOST)))
        return None

    def _ended_at(self, after: Cursor) -> bool:
        return self.state is not None and self.state.ended and self.state.cursor == after
