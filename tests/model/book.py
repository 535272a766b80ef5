"""The provider's ledger and the promises that are checked on the way: who paid for what, and when.

`durable` are the spans whose end was in the log once and was not lost with Redis's data. A span
that SQL did not have when Redis lost it is the known limit of the design: counted, no violation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.model.agenda import Process
from tests.model.promise import Broken
from tests.model.world import LEASE, LOG, World
from workflows.wire.cursor import Cursor
from workflows.wire.events import RunStarted, SpanCompleted, SpanStarted
from workflows.wire.script import Answer, Reply, ScriptCall

SLACK = 500


@dataclass(frozen=True, slots=True)
class Opened:
    at: int
    nonce: str
    by_worker: bool
    known: frozenset[str]  # finished then, so not to be paid by this attempt


@dataclass(eq=False)
class Book:
    world: World
    opened: dict[int, Opened] = field(default_factory=dict)
    taken: set[tuple[int, Process]] = field(default_factory=set)  # attempt, who took its order
    rung: dict[int, int] = field(default_factory=dict)  # attempt -> when it was rung for
    blind_until: int = 0  # a monitor was stopped: what it has seen is old
    excused: set[int] = field(default_factory=set)  # attempts that a fault has hit
    refused: set[str] = field(default_factory=set)  # nonces that the log has refused
    durable: dict[str, Cursor] = field(default_factory=dict)  # identity -> its end in the log
    lost: set[str] = field(default_factory=set)
    fencing: set[int] = field(default_factory=set)  # attempts whose opening the log still has
    identity: dict[str, str] = field(default_factory=dict)  # path -> identity
    calls: list[tuple[int, str, str]] = field(default_factory=list)  # attempt, nonce, identity
    failed: set[tuple[int, str]] = field(default_factory=set)
    repaid_after_loss: int = 0
    paid_though_held: int = 0
    takeovers: int = 0
    scanned: int = 0

    def execute(self, call: ScriptCall) -> Reply:
        """Run a script on the server, and look at what it did."""
        answer = self.world.server.run(call)
        if call.name in ("queue", "open", "append"):
            self._scan()
        if call.name == "open":
            self._judge_refusal(int(call.args[0]), str(call.args[1]), answer.answer)
        return answer

    def _scan(self) -> None:
        entries = self.world.server.entries(LOG)
        for entry in entries[self.scanned :]:
            event = self.world.event(entry)
            if isinstance(event.body, SpanStarted):
                self.identity[event.span or ""] = event.body.hash
            elif isinstance(event.body, SpanCompleted):
                self.durable[self.identity[event.span or ""]] = event.id
            elif event.id.seq == 0:
                self._open(event.id.attempt, event.nonce, isinstance(event.body, RunStarted))
        self.scanned = len(entries)

    def _open(self, attempt: int, nonce: str, by_worker: bool) -> None:
        before = [n for n, o in self.opened.items() if n < attempt and o.by_worker]
        if by_worker and before:
            self.takeovers += 1
            if max(before) not in self.excused:
                raise Broken(f"attempt {max(before)} lives and is taken over by {attempt}")
        held = frozenset(self.world.sql.row.spans) if self.world.sql.row else frozenset()
        # What a fork was given is its own whatever happens: no loss of Redis's excuses it.
        known = frozenset(self.durable) | held | frozenset(self.world.copied)
        self.fencing.add(attempt)
        self.opened[attempt] = Opened(self.world.now, nonce, by_worker, known)
        if self._late(attempt) or self.world.now < self.blind_until:
            self.excused.add(attempt)

    def _late(self, attempt: int) -> bool:
        """Opened when a monitor might have given it up: no fault of the rules."""
        row = self.world.sql.row
        overdue = self.world.now - self.rung.get(attempt, 0) > LEASE - SLACK
        return overdue or (row is not None and row.attempt > attempt)

    def _judge_refusal(self, attempt: int, nonce: str, answer: Answer) -> None:
        if answer is not Answer.LATE:
            return
        tip = self.world.tip()
        newest = tip is not None and tip.id.attempt < attempt
        own = attempt in self.fencing and self.opened[attempt].nonce == nonce
        if newest or own:
            raise Broken(f"attempt {attempt} was refused although none is newer")

    # Faults

    def hit(self, process: Process) -> None:
        """A process was killed or stopped: what it ran may be taken over."""
        self.excused |= {n for n, worker in self.taken if worker is process}

    def hit_all(self) -> None:
        self.excused |= set(self.opened) | {n for n, _ in self.taken}

    def data_lost(self) -> None:
        """Redis has less than it had: what neither it nor SQL has is lost."""
        self.hit_all()
        events = self.world.events()
        self.fencing &= {event.id.attempt for event in events if event.id.seq == 0}
        held = self.world.sql.row.spans if self.world.sql.row else {}
        ends = {event.id for event in events}
        kept = {name: end for name, end in self.durable.items() if name in held or end in ends}
        self.lost |= self.durable.keys() - kept.keys()
        self.durable = kept
        self.scanned = len(events)

    # Money

    def call_begins(self, attempt: int, nonce: str, identity: str) -> None:
        opened = self.opened.get(attempt)
        if opened is None or opened.nonce != nonce:
            raise Broken(f"a call by attempt {attempt}, which this worker did not open")
        if nonce in self.refused:
            raise Broken(f"a call by attempt {attempt} after the log had refused it")
        if identity in opened.known:
            raise Broken(f"{identity} is paid again by attempt {attempt}, it was finished")
        row = self.world.sql.row
        if row is not None and identity in row.spans and not self._fenced(attempt):
            self.paid_though_held += 1
        newer = [self.opened[n].at for n in self.fencing if n > attempt]
        if newer and min(newer) + LEASE < self.world.now:
            raise Broken(f"a call by attempt {attempt}, a zombie since {min(newer)}")
        if (attempt, nonce, identity) in self.calls and (attempt, identity) not in self.failed:
            raise Broken(f"{identity} is paid twice by attempt {attempt}")
        self.failed.discard((attempt, identity))
        self.repaid_after_loss += identity in self.lost
        self.calls.append((attempt, nonce, identity))

    def _fenced(self, attempt: int) -> bool:
        return any(n > attempt for n in self.fencing)

    def call_failed(self, attempt: int, identity: str) -> None:
        self.failed.add((attempt, identity))
