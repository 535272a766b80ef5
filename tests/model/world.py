"""What everybody in the model lives in: the clock, Redis, SQL, the broker, chance."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from tests.model.agenda import Actor, Agenda, Process, Steps
from tests.model.broken import BrokenServer
from tests.model.server import Entry
from tests.model.sql import Finished, Sql
from tests.model.switches import Switches
from workflows.wire import codec, keys
from workflows.wire.cursor import Cursor
from workflows.wire.events import Event
from workflows.wire.orders import Order

RUN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
LOG, LEASE_KEY, BLOB = keys.log(RUN), keys.lease(RUN), keys.blob(RUN)
DUE = keys.due(keys.bucket(RUN))
LEASE, BEAT = 5_000, 1_000
TTL = 4_000  # of a log whose end is in SQL; shorter than a sweep's interval
LOST = 0.04  # of the commands, on the way there or back

T = TypeVar("T")


class Unknown(Exception):
    """No answer came: the command was done, or it was not."""


@dataclass(eq=False)
class World:
    seed: int
    switches: Switches
    chance: random.Random = field(init=False)
    server: BrokenServer = field(init=False)
    sql: Sql = field(init=False)
    broker: deque[Order] = field(default_factory=deque)
    workers: list[Process] = field(default_factory=list)
    release: int = 1  # the version of new workers
    agenda: Agenda = field(init=False)
    trace: list[tuple[int, str, str]] = field(default_factory=list)
    now: int = 0
    up: bool = True
    epoch: int = 0  # rises whenever all connections are cut
    lossy: float = LOST
    copied: Mapping[str, Finished] = field(default_factory=dict)  # the run is a fork, with these
    read: dict[Entry, Event] = field(default_factory=dict)
    poll: int = field(init=False)
    nap: int = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.agenda = Agenda(self.chance)
        self.server = BrokenServer(self.switches, self.hex())
        self.sql = Sql(self.switches)
        self.poll = self.chance.choice([300, 500, 3_000])  # the slowest poll of a projector
        self.nap = self.chance.choice([500, 5_000, 15_000])  # the longest sleep of a reader

    def hex(self) -> str:
        return f"{self.chance.getrandbits(160):040x}"

    def flip(self, probability: float) -> bool:
        return self.chance.random() < probability

    def note(self, who: str, what: str) -> None:
        self.trace.append((self.now, who, what))

    def spawn(self, process: Process, name: str, steps: Steps[None], after: int = 0) -> Actor:
        actor = Actor(f"{process.name}.{name}" if name else process.name, process, steps)
        self.agenda.sleep(actor, self.now + after)
        return actor

    def ask(self, process: Process, command: Callable[[], T]) -> Steps[T]:
        """One command over the process's connection. Raises Unknown."""
        yield 0
        if not self.up:
            process.epoch = -1
            raise Unknown("Redis is away")
        if process.epoch != self.epoch:
            process.epoch = self.epoch
            process.reconnects += 1
            raise Unknown("the connection was cut")
        self.server.now = self.now
        if self.lossy and self.flip(self.lossy):
            if self.flip(0.5):
                command()
                raise Unknown("done, but the reply was lost")
            raise Unknown("lost on the way")
        answer = command()
        yield 0
        return answer

    def surely(self, process: Process, command: Callable[[], T]) -> Steps[T]:
        """The same bytes again until there is an answer."""
        while True:
            try:
                return (yield from self.ask(process, command))
            except Unknown:
                yield self.chance.randint(20, 300)

    def events(self, after: Cursor | None = None, until: Cursor | None = None) -> list[Event]:
        """What XRANGE and the codec give."""
        return [
            self.event(entry)
            for entry in self.server.entries(LOG)
            if (after is None or entry.id > after) and (until is None or entry.id <= until)
        ]

    def served(self) -> set[int]:
        """The versions of the workers that give signs of life."""
        there = (w for w in self.workers if w.alive and w.stopped_until <= self.now)
        return {worker.version for worker in there}

    def event(self, entry: Entry) -> Event:
        if entry not in self.read:
            self.read[entry] = codec.decode(str(entry.id), dict(entry.fields))
        return self.read[entry]

    def tip(self) -> Entry | None:
        entries = self.server.entries(LOG)
        return entries[-1] if entries else None
