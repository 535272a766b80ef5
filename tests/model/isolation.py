"""A run that breaks whatever process carries it, beside innocent ones, in random schedules: workers
are killed and drained as well. A switch per part of rule 11; the scripts are those that
`test_server.py` holds to a real server.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from tests.model.company import Gone, Process, Run, Switches
from tests.model.promise import broken_by, expect
from tests.model.server import Server
from workflows.wire import codec, keys
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Error,
    Event,
    RunCompleted,
    RunFailed,
    RunQueued,
    RunStarted,
    SpanCompleted,
    SpanStarted,
)  # fmt: skip
from workflows.wire.fold import fold
from workflows.wire.lease import CRASHED, HANDED_OVER
from workflows.wire.log import append_call, beat_call, open_call, queue_call, release_call
from workflows.wire.script import ScriptCall
from workflows.wire.state import EMPTY, State

LEASE_MS, TICK, LONGEST = 5_000, 500, 300_000
SPANS, MOST_DEATHS = 3, 3
Steps = Iterator[int]


@dataclass(eq=False)
class Play:
    seed: int
    switches: Switches
    server: Server = field(default_factory=lambda: Server("1" * 40))
    actors: list[tuple[int, int, Steps]] = field(default_factory=list)
    read: dict[str, list[Event]] = field(default_factory=dict)
    folded: dict[str, State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.workers = [Process() for _ in range(self.chance.choice([1, 2, 3]))]
        poison = self.chance.randrange(SPANS)
        self.runs = [
            Run(str(UUID(int=self.chance.getrandbits(128))), poison if n == 0 else None, n == 1)
            for n in range(4)
        ]

    @property
    def now(self) -> int:
        return self.server.now

    def spawn(self, steps: Steps, after: int = 0) -> None:
        self.actors.append((self.now + after, len(self.actors), steps))

    def packed(self, body: Body, span: str | None = None) -> codec.Packed:
        return codec.encode(body, at=self.now, span=span)

    def events(self, run: Run) -> list[Event]:
        entries = self.server.entries(keys.log(run.id))
        had = self.read.setdefault(run.id, [])
        had += [codec.decode(str(one.id), dict(one.fields)) for one in entries[len(had) :]]
        return had

    def state(self, run: Run) -> State:
        events, had = self.events(run), self.folded.get(run.id, EMPTY)
        if events[-1].id != had.cursor:
            news = [event for event in events if event.id > had.cursor]
            self.folded[run.id] = had = fold(had, news)
        return had

    def lease(self, run: Run) -> dict[bytes, bytes]:
        return self.server.hgetall(keys.lease(run.id))

    # -- a worker
    def order(self, run: Run, number: int) -> Steps:
        """Whichever worker takes it; one that is on its way out takes nothing."""
        yield self.chance.randint(0, 1_500)
        there = [worker for worker in self.workers if not (worker.dead or worker.draining)]
        if not there:
            return
        worker = self.chance.choice(there)
        released = self.lease(run).get(b"released", b"").decode()
        reason = self.why(run, released)
        suspect = reason == "crashed" or self.state(run).suspect
        alone = suspect and self.switches.suspects_run_alone
        process = Process(worker) if alone else worker
        try:
            yield from self.carry_out(run, number, process, reason, alone)
        except Gone:
            if alone and process.dead and not worker.dead and self.switches.deaths_are_told:
                yield self.chance.randint(0, 100)
                if not worker.dead:
                    self.server.run(release_call(run.id, attempt=number, why=CRASHED))

    def why(self, run: Run, released: str) -> str:
        if self.events(run)[-1].id.attempt == 0:
            return "first"
        handed = released == HANDED_OVER and self.switches.hand_over_costs_nothing
        return "handed over" if handed else "crashed"

    def carry_out(self, run: Run, number: int, process: Process, reason: str, alone: bool) -> Steps:
        self.must(
            open_call(
                run.id, [self.packed(RunStarted("w", 1, reason, isolated=alone))], attempt=number,
                nonce=f"n{number}", redis_run_id=self.server.run_id, worker="w", lease_ms=LEASE_MS,
            )
        )  # fmt: skip
        tip, state = Cursor(number, 0), self.state(run)
        for span in range(SPANS):
            path = f"s{span}"
            if path in state.spans and state.spans[path].status == "completed":
                continue
            tip = self.append(run, tip, (SpanStarted(path, path), path))
            yield from self.works(run, number, process)
            self.breaks(run, span, process)
            tip = self.append(run, tip, (SpanCompleted(span), path))
            if (alone and self.switches.progress_clears) or process.draining:
                self.hand_over(run, number)
        self.append(run, tip, (RunCompleted(), None))

    def works(self, run: Run, number: int, process: Process) -> Steps:
        for _ in range(self.chance.randint(1, 4)):
            yield self.chance.randint(100, 900)
            if process.lost:
                raise Gone
            if process.draining and self.chance.random() < 0.5:
                self.hand_over(run, number)
            self.must(beat_call(run.id, attempt=number, lease_ms=LEASE_MS))

    def hand_over(self, run: Run, number: int) -> None:
        self.server.run(release_call(run.id, attempt=number, why=HANDED_OVER))
        raise Gone

    def breaks(self, run: Run, span: int, process: Process) -> None:
        run.tries[span] += 1
        if run.poison == span or (run.clumsy and run.tries[span] <= 2):
            process.dead = True
            run.shared_deaths += process.parent is None
            raise Gone

    def append(self, run: Run, tip: Cursor, *said: tuple[Body, str | None]) -> Cursor:
        self.must(append_call(run.id, tip, [self.packed(*one) for one in said]))
        return tip.next(len(said))

    def must(self, call: ScriptCall) -> None:
        if not self.server.run(call).ok:
            raise Gone

    # -- the API plane, and whoever kills
    def monitor(self) -> Steps:
        while True:
            yield TICK
            for run in self.runs:
                if not self.state(run).ended:
                    self.judge(run)

    def judge(self, run: Run) -> None:
        lease = self.lease(run)
        released = lease.get(b"released", b"").decode()
        opened = self.events(run)[-1].id.attempt >= run.attempt
        if opened and not released and int(lease[b"until"]) > self.now:
            return
        if not opened:
            if self.now - run.rung_at > LEASE_MS:
                self.ring(run)
            return
        finished = sum(span.status == "completed" for span in self.state(run).spans.values())
        if finished > run.finished and self.switches.progress_clears:
            run.deaths = 0
        run.finished = finished
        if released == HANDED_OVER:
            run.deaths += not self.switches.hand_over_costs_nothing
        else:
            run.deaths += released == CRASHED or not self.switches.only_deaths_alone_count
        run.attempt += 1
        if run.deaths >= MOST_DEATHS:
            self.give_up(run)
        else:
            self.ring(run)

    def ring(self, run: Run) -> None:
        run.rung_at = self.now
        self.spawn(self.order(run, run.attempt))

    def give_up(self, run: Run) -> None:
        end = self.packed(RunFailed(Error("crashed", "It was given up.")))
        self.server.run(
            open_call(
                run.id, [end], attempt=run.attempt, nonce="m", redis_run_id=self.server.run_id
            )
        )

    def supervisor(self) -> Steps:
        """What died is started again."""
        while True:
            yield self.chance.randint(500, 1_500)
            self.workers = [Process() if worker.dead else worker for worker in self.workers]

    def chaos(self) -> Steps:
        """Kills, and deploys; they have an end, or nothing would."""
        for _ in range(self.chance.randint(0, 8)):
            yield self.chance.randint(500, 6_000)
            worker = self.chance.choice(self.workers)
            if self.chance.random() < 0.5:
                worker.dead = True
            else:
                worker.draining = True
                self.workers[self.workers.index(worker)] = Process()

    # -- the play
    def play(self) -> None:
        for run in self.runs:
            queued = self.packed(RunQueued("blog", 1, "ann", {}))
            self.server.run(queue_call(run.id, queued, due_ms=LEASE_MS))
            self.ring(run)
        for steps in (self.monitor(), self.supervisor(), self.chaos()):
            self.spawn(steps)
        while self.now < LONGEST and not all(self.state(run).ended for run in self.runs):
            self.actors.sort(key=lambda actor: actor[:2])
            at, _, steps = self.actors.pop(0)
            self.server.now = max(self.now, at)
            rest = next(steps, None)
            if rest is not None:
                self.spawn(steps, rest)
        self.check()

    def check(self) -> None:
        for run in self.runs:
            state, most = self.state(run), SPANS if run.clumsy else 1
            expect(run.shared_deaths <= most, f"it took {run.shared_deaths} workers along")
            if run.poison is None:
                expect(state.status == "completed", f"an innocent is {state.status}")
            else:
                expect(state.status == "failed", f"what breaks processes is {state.status}")
            said = [event.body for event in self.events(run)]
            ends = [body.output for body in said if isinstance(body, SpanCompleted)]
            expect(len(set(ends)) == len(ends), f"finished again: {ends}")


def broken(seed: int, switches: Switches) -> str:
    return broken_by(Play(seed, switches))
