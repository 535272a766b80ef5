"""The API plane: start, cancel, and the monitor that judges what is due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from tests.model.agenda import Process, Steps
from tests.model.book import Book
from tests.model.forks import told
from tests.model.projector import finished
from tests.model.server import Entry
from tests.model.sql import Row
from tests.model.worker import ROOT
from tests.model.world import DUE, LEASE, LEASE_KEY, LOG, RUN, Unknown, World
from workflows.wire import codec
from workflows.wire.codec import Packed
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import (
    TERMINAL,
    Body,
    Event,
    RunCancelled,
    RunQueued,
    RunRestored,
    SpanStarted,
)  # fmt: skip
from workflows.wire.log import append_call, open_call, queue_call
from workflows.wire.orders import Order
from workflows.wire.script import Answer, Reply, ScriptCall

TICK = 500
SWEEP = 10_000
ADOPTED = 3_000
ANNOUNCED = 2_000  # how long a start may take to announce its run
SETTLED = 2 * ANNOUNCED  # how old a run is that monitors announce
QUEUED = RunQueued("blog", 1, "ann", {"topic": "animals"})


@dataclass(frozen=True, slots=True)
class Look:
    """Where the log stands against a row of SQL, and the start of Redis under which it was seen."""

    row: Row
    server: str
    tip: Entry | None
    whole: bool
    lease: dict[bytes, bytes]

    @property
    def ended(self) -> bool:
        return self.tip is not None and self.tip.kind.decode() in TERMINAL


class Act(Enum):
    LEAVE = "leave"
    RESTORE = "restore"
    RING = "ring"


def start(world: World, book: Book, process: Process) -> Steps[None]:
    """SQL, then the log, then the bell; a crash in between is the monitor's to heal."""
    server = yield from world.surely(process, lambda: world.server.run_id)
    # After that a monitor announces it, and it may even have ended and left Redis.
    not_after = world.now + ANNOUNCED if world.switches.queue_in_time else 0
    along = world.copied if world.switches.copies_with_the_row else {}
    world.sql.insert(server, world.now, along)
    world.note(process.name, f"inserts the run, a fork with {sorted(world.copied)}")
    yield world.chance.choice([0, 0, 50])
    batch = [codec.encode(body, at=world.now, span=span) for span, body in attempt_0(world)]
    at_once = batch if world.switches.copies_at_once else batch[:1]
    call = queue_call(RUN, *at_once, due_ms=LEASE, not_after=not_after)
    reply = yield from world.surely(process, lambda: book.execute(call))
    world.note(process.name, f"queue: {reply.answer}")
    if at_once != batch:
        rest = append_call(RUN, Cursor(0, 1), batch[1:])
        yield from world.surely(process, lambda: book.execute(rest))
    if reply.ok:
        yield from ring(world, book, process, 1, server)


def attempt_0(world: World) -> list[tuple[str | None, Body]]:
    said: list[tuple[str | None, Body]] = [(None, QUEUED)]
    if world.copied:
        said.append((ROOT, SpanStarted("blog", "root")))
    return said + [event for done in world.copied.values() for event in told(done)]


def ring(
    world: World, book: Book, process: Process, attempt: int, server: str, version: int = 1
) -> Steps[None]:
    """The bell may not ring, and the caller does not learn it."""
    yield 0
    order = Order(RUN, "blog", version, attempt, server)
    book.rung[attempt] = world.now
    if world.up:
        copies = world.chance.choices([1, 0, 2], [0.8, 0.1, 0.1])[0]
        world.broker.extend([order] * copies)
        world.note(process.name, f"rings for attempt {attempt}, {copies} arrive")


def look(world: World, process: Process, row: Row, server: str) -> Steps[Look]:
    """SQL was read before the log: what it has must still be there."""

    def see() -> Look:
        tip = world.tip()
        held = row.cursor == ZERO or world.server.entry(LOG, row.held) is not None
        return Look(row, server, tip, tip is not None and held, world.server.hgetall(LEASE_KEY))

    return (yield from world.ask(process, see))


def restore(world: World, book: Book, process: Process, seen: Look) -> Steps[int | None]:
    """Write the log again from SQL, and what is left of it, as a new attempt; its number, unless
    somebody was faster, or there is no answer: it is not sent again, the next look takes another.
    """
    events = yield from world.surely(process, world.events)
    if not world.switches.restores_both:
        events = []
    attempt = world.sql.rewind(seen.row)
    if attempt is None:
        return None
    batch = [codec.encode(body, at=world.now, span=span) for span, body in story(seen.row, events)]
    yield 0
    call = opening(world, attempt, batch, seen.server, restore=True)
    try:
        reply = yield from world.ask(process, lambda: book.execute(call))
    except Unknown:
        return None
    world.note(process.name, f"restores the log as attempt {attempt}: {reply.answer}")
    return attempt if reply.ok else None


def open_as(
    world: World, book: Book, process: Process, attempt: int, batch: list[Packed], server: str
) -> Steps[Reply]:
    call = opening(world, attempt, batch, server)
    return (yield from world.surely(process, lambda: book.execute(call)))


def opening(
    world: World, attempt: int, batch: list[Packed], server: str, *, restore: bool = False
) -> ScriptCall:
    return open_call(
        RUN, batch, attempt=attempt, nonce=world.hex()[:8], redis_run_id=server, restore=restore
    )


def story(row: Row, events: list[Event]) -> list[tuple[str | None, Body]]:
    """The events that say what the row holds, and what only a short log holds."""
    said: list[tuple[str | None, Body]] = [(None, RunRestored(row.starts, row.started_at))]
    said.append((None, QUEUED))
    for done in {**finished(events), **row.spans}.values():
        said += told(done)
    return said


def cancel(world: World, book: Book, process: Process) -> Steps[None]:
    """Ends the run at once, worker or not; turns are lost only to somebody who moved it."""
    while (row := world.sql.live) is not None:
        try:
            server = yield from world.ask(process, lambda: world.server.run_id)
            seen = yield from look(world, process, row, server)
        except Unknown:
            yield 200
            continue
        if seen.ended:
            return
        if not seen.whole:
            yield from restore(world, book, process, seen)
        elif (attempt := world.sql.take(row, server)) is not None:
            end = codec.encode(RunCancelled("owner", "enough"), at=world.now)
            reply = yield from open_as(world, book, process, attempt, [end], server)
            world.note(process.name, f"cancels as attempt {attempt}: {reply.answer}")
            if reply.answer in (Answer.OK, Answer.ENDED):
                return


class Monitor:
    """One tick judges the run when its deadline has passed."""

    def __init__(self, world: World, book: Book, process: Process) -> None:
        self.world, self.book, self.process = world, book, process
        self.server = ""  # under which logs are looked at
        self.calm_since = self.last = world.now
        self.sweep_at = 0
        self.rung: set[int] = set()
        self.missed_since: int | None = None  # when the version that was asked for had no worker

    def steps(self) -> Steps[None]:
        while True:
            yield TICK
            if self.world.now - self.last > LEASE / 2:
                self.calm_since = self.world.now
            self.last = self.world.now
            try:
                yield from self.tick()
            except Unknown:
                self.server = ""

    def tick(self) -> Steps[None]:
        server = yield from self.world.ask(self.process, lambda: self.world.server.run_id)
        if server != self.server:
            self.server, self.sweep_at = server, 0
            self.calm_since = self.last = self.world.now
        if self.world.now >= self.sweep_at and self.world.switches.sweeps:
            yield from self.sweep()
            self.sweep_at = self.world.now + SWEEP
        due = yield from self.world.ask(self.process, lambda: self.world.server.zscore(DUE, RUN))
        row = self.world.sql.live
        if due is not None and due <= self.world.now and row is not None:
            seen = yield from look(self.world, self.process, row, self.server)
            yield from self.act(seen, self.judge(seen))

    def sweep(self) -> Steps[None]:
        row, now = self.world.sql.live, self.world.now
        if row is not None and now - row.created > SETTLED:
            yield from self.world.ask(
                self.process, lambda: self.world.server.zadd(DUE, RUN, now, nx=True)
            )

    def judge(self, seen: Look) -> Act:
        if seen.ended:
            return Act.LEAVE  # the projector takes it from there
        if not seen.whole and self.world.switches.restores:
            return Act.RESTORE
        held = seen.lease.get(b"worker") and not seen.lease.get(b"released")
        if not seen.lease:
            held = seen.tip is not None and seen.tip.id.attempt > 0
        expired = int(seen.lease.get(b"until", 0)) <= self.world.now
        calm = self.world.now - self.calm_since >= LEASE or not self.world.switches.calm
        return Act.LEAVE if held and not (calm and expired) else Act.RING

    def act(self, seen: Look, act: Act) -> Steps[None]:
        if act is Act.LEAVE:
            return
        row = seen.row
        if act is Act.RESTORE:
            restored = yield from restore(self.world, self.book, self.process, seen)
            if restored is None:
                return
            row = replace(row, attempt=restored)
        elif self.unopened(seen):
            yield from self.ring(row.attempt)
            return
        attempt = self.world.sql.take(row, self.server)
        if attempt is not None:
            yield from self.ring(attempt)

    def version(self) -> int:
        """Whose workers to ring: after a while without one of its own, a newer one's."""
        served, now = self.world.served(), self.world.now
        if 1 in served:
            self.missed_since = None
        elif self.missed_since is None:
            self.missed_since = now
        over = self.missed_since is not None and now - self.missed_since >= ADOPTED
        return max(served, default=1) if over and self.world.switches.adopts else 1

    def unopened(self, seen: Look) -> bool:
        """Nobody has opened the attempt that was taken under this start of Redis: the same number
        will do. Under another start the log may have been cut back behind its opening."""
        same = seen.row.server == self.server or not self.world.switches.numbers_never_repeat
        return same and seen.tip is not None and seen.tip.id.attempt < seen.row.attempt

    def ring(self, attempt: int) -> Steps[None]:
        """Only while the broker has fewer orders than runs wait to be opened."""
        world, opened_by = self.world, self.world.now + LEASE
        yield from world.ask(self.process, lambda: world.server.zadd(DUE, RUN, opened_by, xx=True))
        version = self.version()
        queued = yield from world.ask(
            self.process, lambda: any(order.version == version for order in world.broker)
        )
        if queued or (self.rung and not world.switches.rings_again):
            return
        self.rung.add(attempt)
        yield from ring(world, self.book, self.process, attempt, self.server, version)
