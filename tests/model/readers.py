"""Readers: a page that folds as it follows, and a program that keeps events and is sent resets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from tests.model.agenda import Process, Steps
from tests.model.world import Unknown, World
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import Event, Text
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State, accepts


class Page:
    """Keeps only the state. `done`: it has seen the end that SQL has."""

    def __init__(self, world: World, process: Process) -> None:
        self.world, self.process = world, process
        self.done = False
        self.state = EMPTY

    @property
    def cursor(self) -> Cursor:
        return self.state.cursor

    def reset(self) -> None:
        self.state = EMPTY

    def feed(self, event: Event) -> None:
        self.state = fold(self.state, [heard(self.world, self.state, event)])

    def steps(self) -> Steps[None]:
        reconnects = -1
        while not self.done:
            yield self.world.chance.choice([50, 300, 900, self.world.nap])
            row = self.world.sql.row
            if row is not None and row.finished and row.archive is not None:
                self.finish(row.archive)
                return
            try:
                if reconnects != self.process.reconnects:
                    yield from self.look_back()
                    reconnects = self.process.reconnects
                after = self.cursor if self.cursor != ZERO else None
                news = yield from self.world.ask(self.process, partial(self.world.events, after))
            except Unknown:
                continue
            if not self.take(news):
                self.world.note(self.process.name, f"begins again at {self.cursor}")
                self.reset()

    def look_back(self) -> Steps[None]:
        """After a reconnect the cursor must not be ahead of the log's end."""
        tip = yield from self.world.ask(self.process, self.world.tip)
        if tip is not None and self.cursor > tip.id:
            self.reset()

    def take(self, news: Sequence[Event]) -> bool:
        """Fold what follows; False at the first event that does not."""
        for event in news:
            follows = accepts(State(cursor=self.cursor), event)
            newer = not self.world.switches.readers_accept and event.id > self.cursor
            if not (follows or newer):
                return False
            self.feed(event)
        return True

    def finish(self, archive: tuple[Event, ...]) -> None:
        """The rest from the archive, after the cursor; from its beginning if it is not in there."""
        at = next((n for n, event in enumerate(archive, 1) if event.id == self.cursor), 0)
        if not at:
            self.reset()
        self.take(archive[at:])
        self.done = True


class Program(Page):
    """Keeps what it was sent; `reset` told it to forget."""

    def __init__(self, world: World, process: Process) -> None:
        super().__init__(world, process)
        self.events: list[Event] = []

    @property
    def cursor(self) -> Cursor:
        return self.events[-1].id if self.events else ZERO

    def reset(self) -> None:
        self.events = []

    def feed(self, event: Event) -> None:
        self.events.append(event)


def heard(world: World, state: State, event: Event) -> Event:
    """Without offsets all a text can do is to go to the end of its channel."""
    if world.switches.text_has_offset or not isinstance(event.body, Text):
        return event
    had = state.channels.get(event.body.channel)
    return replace(event, body=replace(event.body, at=len(had.text) if had else 0))
