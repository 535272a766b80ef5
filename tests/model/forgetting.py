"""A question, and Redis loses everything it has: what SQL knows of it is written again.

What lay in the inbox, or was answered and not yet finished in SQL, may be asked for once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.model.promise import broken_by, expect
from tests.model.waiting import DUE, LEASE, LEASE_MS, RUN, TICK, Play, Steps, Switches
from workflows.wire.codec import Packed, encode
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import (
    RunAnswered,
    RunQueued,
    RunRestored,
    RunWaiting,
    SpanCompleted,
    SpanStarted,
)
from workflows.wire.fold import fold
from workflows.wire.log import open_call
from workflows.wire.script import Answer
from workflows.wire.state import EMPTY, State

BEFORE = -1


@dataclass(frozen=True, slots=True)
class Row:
    """SQL: the fold of the log up to a cursor."""

    state: State = EMPTY
    cursor: Cursor = ZERO

    @property
    def done(self) -> bool:
        span = self.state.spans.get("ask")
        return span is not None and span.status == "completed"


class Forgetful(Play):
    def __init__(self, seed: int, switches: Switches) -> None:
        super().__init__(seed, switches)
        self.row = Row()
        self.losses = 0
        self.heard: set[str] = set()  # signals that SQL had when Redis forgot

    def play(self) -> None:
        self.spawn(self.projector())
        self.spawn(self.flusher())
        super().play()

    def person(self, number: int) -> Steps:
        """Answers again when it is asked for once more, or its answer came to a lost log."""
        while not self.state().ended:
            yield from super().person(number)
            losses = self.losses
            while (number, Answer.OK) in self.given and losses == self.losses:
                if self.state().ended:
                    return
                yield 500

    def projector(self) -> Steps:
        while not self.row.state.ended:
            yield self.chance.choice([250, 1_000, 3_000])
            events = self.events()
            held = any(event.id == self.held_by_sql for event in events)
            if events and (held or self.row.cursor == ZERO):
                state = fold(EMPTY, events)
                self.row = Row(state, state.cursor)

    @property
    def held_by_sql(self) -> Cursor:
        cursor = self.row.cursor
        return Cursor(cursor.attempt, 0) if cursor.seq == BEFORE else cursor

    def flusher(self) -> Steps:
        for _ in range(self.chance.choice([0, 1, 1, 2])):
            yield self.chance.randint(0, 20_000)
            if self.row.cursor == ZERO or self.row.state.ended or self.state().ended:
                continue
            self.server.flushall()
            self.losses += 1
            self.heard |= set(self.row.state.signals)
            self.untils &= {one.until for one in self.row.state.asked.values()}
            if not (self.row.done or any(one.by for one in self.row.state.asked.values())):
                # Its answer, if it had one, is lost, and so is a hold that nobody had heard.
                self.given, self.told, self.timed_out = [], [], False
                self.held = self.held and bool(self.row.state.signals)

    def state(self) -> State:
        """As a page has it: without Redis, what SQL knows."""
        events = self.events()
        return self.folded if events else self.row.state

    def monitor(self) -> Steps:
        while not (self.events() and self.state().ended):
            yield TICK
            events = self.events()
            whole = any(event.id == self.held_by_sql for event in events)
            if self.row.cursor != ZERO and not whole and self.switches.restores:
                self.restore()
            else:
                self.take_over()

    def take_over(self) -> None:
        due, lease = self.server.zscore(DUE, RUN), self.server.hgetall(LEASE)
        over = b"released" in lease or int(lease.get(b"until", 0)) <= self.now
        if due is not None and due <= self.now and over:
            self.ring()

    def ring(self) -> None:
        self.attempt += 1
        self.server.zadd(DUE, RUN, self.now + LEASE_MS, xx=True)
        self.spawn(self.worker(self.attempt), self.chance.randint(0, 2_000))

    def restore(self) -> None:
        self.attempt += 1
        self.row = replace(self.row, cursor=Cursor(self.attempt, BEFORE))
        call = open_call(
            RUN, list(self.story()), attempt=self.attempt, nonce="r",
            redis_run_id=self.server.run_id, restore=True,
        )  # fmt: skip
        assert self.server.run(call).ok
        self.ring()

    def story(self) -> Iterator[Packed]:
        state = self.row.state
        yield self.packed(RunRestored())
        yield self.packed(RunQueued("blog", 1, "ann", {}))
        if "ask" in state.spans:
            yield self.packed(SpanStarted("ask", "h"))
        if self.row.done:
            yield self.packed(SpanCompleted())
        if self.switches.restores_signals:
            yield from map(self.packed, state.signals.values())
        for key, one in state.asked.items():
            if one.by and not self.row.done and self.switches.restores_answers:
                yield self.packed(RunWaiting(key))
                yield self.packed(RunAnswered(key, one.by, state.answers[key]))
        if state.waiting is not None:
            span = "ask" if self.switches.restores_who_asked else None
            yield encode(state.waiting, at=self.now, span=span)

    def check(self) -> None:
        super().check()
        forgotten = self.heard - set(self.state().signals)
        expect(not forgotten, f"{forgotten} was heard and is forgotten")


def broken(seed: int, switches: Switches) -> str:
    return broken_by(Forgetful(seed, switches))
