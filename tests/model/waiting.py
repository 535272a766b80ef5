"""One question in random schedules: workers that die or park, people who answer twice or late, a
hold, lost replies. A switch per rule of waiting; the scripts are those that `test_server.py` holds
to a real server.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields
from typing import Any

from tests.model.promise import Rules, broken_by, expect
from tests.model.server import Entry, Server
from workflows.wire import codec, keys
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Event,
    RunAnswered,
    RunCompleted,
    RunQueued,
    RunSignalled,
    RunStarted,
    RunWaiting,
    SpanCompleted,
    SpanStarted,
)  # fmt: skip
from workflows.wire.fold import fold
from workflows.wire.inbox import Letter, answer_call, of, park_call, signal_call
from workflows.wire.log import append_call, beat_call, open_call, queue_call
from workflows.wire.questions import HOLD
from workflows.wire.script import Answer, Reply, ScriptCall
from workflows.wire.state import EMPTY, Asked, State

RUN = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
LOG, INBOX, LEASE, DUE = keys.log(RUN), keys.inbox(RUN), keys.lease(RUN), keys.due(keys.bucket(RUN))
LEASE_MS, TICK, LONGEST = 5_000, 500, 120_000
FORM, ASK = {"type": "integer"}, "ask"  # the form, and the span that asks
Steps = Iterator[int]


@dataclass(frozen=True, slots=True)
class Switches(Rules):
    park_refuses_unread: bool = True  # off: it lets go whatever lies in the inbox
    answer_has_one_winner: bool = True  # off: the last one overwrites
    answer_makes_due: bool = True  # off: it just lies there
    until_is_fixed: bool = True  # off: each attempt waits anew
    under_the_first: bool = True  # off: answers lie under the newest run.waiting
    answered_is_final: bool = True  # off: a new attempt asks again
    time_out_reads_signals: bool = True  # off: it passes over a hold
    # When Redis loses everything (`forgetting.py`).
    restores: bool = True  # off: a lost log stays lost
    restores_who_asked: bool = True  # off: only what was asked
    restores_signals: bool = True  # off: only spans and the question
    restores_answers: bool = True  # off: what was answered and not finished is asked again


NAMES = tuple(each.name for each in fields(Switches))


class Lost(Exception):
    """The attempt is not ours any more."""


class Play:
    def __init__(self, seed: int, switches: Switches) -> None:
        self.chance, self.switches = random.Random(seed), switches
        self.server = Server("1" * 40)
        self.attempt = 1
        self.timeout = self.chance.choice([None, 3_000, 20_000])
        self.given: list[tuple[int, Answer]] = []  # values, and what became of them
        self.held = self.timed_out = False
        self.actors: list[tuple[int, Steps]] = []
        self.untils: set[int | None] = set()  # that were said
        self.told: list[RunAnswered] = []  # that a log has
        self.seen: tuple[Entry, ...] = ()
        self.read: list[Event] = []
        self.folded = EMPTY

    # -- what they all use
    @property
    def now(self) -> int:
        return self.server.now

    def run(self, call: ScriptCall) -> Reply:
        """A reply may be lost: then the same bytes again."""
        for _ in range(self.chance.choice([1, 1, 1, 2])):
            reply = self._run(call)
        return reply

    def _run(self, call: ScriptCall) -> Reply:
        before = dict(self.server.data)
        if call.name == "park" and not self.switches.park_refuses_unread:
            self.server.data.pop(INBOX, None)
        if call.name == "answer" and not self.switches.answer_has_one_winner:
            self.server.data[INBOX] = {
                name: value
                for name, value in before.get(INBOX, {}).items()
                if name != str(call.args[0]).encode()
            }
        reply = self.server.run(call)
        if call.name == "park" and INBOX in before:
            self.server.data[INBOX] = before[INBOX]
        if call.name in ("answer", "signal") and not self.switches.answer_makes_due:
            self.server.data[DUE] = before[DUE]
        return reply

    def state(self) -> State:
        self.events()
        return self.folded

    def events(self) -> list[Event]:
        entries = self.server.entries(LOG)
        if entries is not self.seen:
            self.seen = entries
            self.read = [codec.decode(str(one.id), dict(one.fields)) for one in entries]
            self.folded = fold(EMPTY, self.read)
        return self.read

    def packed(self, body: Body) -> codec.Packed:
        """The question and the step that asks it are one span."""
        asks = isinstance(body, RunWaiting | RunAnswered | SpanStarted | SpanCompleted)
        return codec.encode(body, at=self.now, span=ASK if asks else None)

    # -- who is in it
    def spawn(self, steps: Steps, after: int = 0) -> None:
        self.actors.append((self.now + after, steps))

    def person(self, number: int) -> Steps:
        """Answers when the log says that it may; a second person knows nothing of the first."""
        yield self.chance.randint(0, 25_000)
        while not (state := self.state()).ended:
            if state.waiting is not None:
                place = self.place(state, state.waiting.key)
                yield self.chance.choice([0, 0, 200])
                call = answer_call(RUN, place, Letter("user", number), nonce=str(number))
                self.given.append((number, self.run(call).answer))
                return
            yield 300

    def holder(self) -> Steps:
        """At any moment, or just when the time is over."""
        yield self.chance.choice([self.chance.randint(0, 25_000), 500])
        state = self.state()
        if state.waiting is not None and state.waiting.until is not None:
            left = max(0, state.waiting.until - self.now)
            yield self.chance.choice([0, left + self.chance.randint(0, 1_000)])
            state = self.state()
        if state.waiting is not None and not state.ended:
            lay = bool(of(self.server.hgetall(INBOX)).answers)
            done = self.run(signal_call(RUN, RunSignalled("h", HOLD))).ok
            self.held = done and not lay

    def place(self, state: State, key: str) -> Cursor:
        if self.switches.under_the_first:
            return state.asked[key].id
        return [event.id for event in self.events() if isinstance(event.body, RunWaiting)][-1]

    def monitor(self) -> Steps:
        while not self.state().ended:
            yield TICK
            due = self.server.zscore(DUE, RUN)
            lease = self.server.hgetall(LEASE)
            over = b"released" in lease or int(lease.get(b"until", 0)) <= self.now
            if due is not None and due <= self.now and over:
                self.attempt += 1
                self.server.zadd(DUE, RUN, self.now + LEASE_MS, xx=True)
                self.spawn(self.worker(self.attempt), self.chance.randint(0, 2_000))

    def worker(self, number: int) -> Steps:
        """It may die at each of its steps."""
        opened = open_call(
            RUN, [self.packed(RunStarted("w", 1))], attempt=number, nonce=str(number),
            redis_run_id=self.server.run_id, worker="w", lease_ms=LEASE_MS,
        )  # fmt: skip
        if not self.run(opened).ok:
            return
        dies = self.chance.random() < 0.3
        try:
            for rest in self.attend(number):
                yield rest
                if dies and self.chance.random() < 0.2:
                    return
                self.run(beat_call(RUN, attempt=number, lease_ms=LEASE_MS))
        except Lost:
            return

    def attend(self, number: int) -> Steps:
        state, tip = self.state(), Cursor(number, 0)
        span = state.spans.get(ASK)
        if span is None or span.status != "completed":
            tip = self.append(tip, SpanStarted("ask", "h"))
            answered = [key for key, one in state.asked.items() if one.by and one.span == ASK]
            if not (answered and self.switches.answered_is_final):
                tip = yield from self.ask(tip)
            tip = self.append(tip, SpanCompleted())
        self.append(tip, RunCompleted())

    def ask(self, tip: Cursor) -> Generator[int, None, Cursor]:
        state, said, letter = self.state(), False, None
        key = next((k for k, one in state.asked.items() if one.span == ASK), f"q{len(state.asked)}")
        while letter is None:
            yield self.chance.choice([50, 300])
            found = of(self.server.hgetall(INBOX))
            for signal in found.signals:
                if signal.id not in state.signals:
                    tip = self.append(tip, signal)
                    state = self.state()
            letter = found.answers.get(self.place(state, key)) if key in state.asked else None
            if letter is None and not said:
                yield self.chance.choice([0, 200])
                question = self.question(state, key)
                tip, said = self.append(tip, question), True
                self.untils.add(question.until)
                state = self.state()
            elif letter is None:
                yield from self.wait(state, tip, found.count)
        tip = self.append(tip, told := RunAnswered(key, letter.by, letter.value))
        self.told.append(told)
        yield self.chance.choice([0, 1_000])
        return tip

    def question(self, state: State, key: str) -> RunWaiting:
        asked: Asked | None = state.asked.get(key)
        until = None if self.timeout is None else self.now + self.timeout
        if asked is not None and self.switches.until_is_fixed:
            until = asked.until
        return RunWaiting(key, "?", FORM, None, until)

    def wait(self, state: State, tip: Cursor, read: int) -> Steps:
        """The time may be over; else let go of the run, or stay for a while."""
        assert state.waiting is not None
        until, at = state.waiting.until, self.place(state, state.waiting.key)
        yield self.chance.choice([0, 100, 500])
        if until is not None and until <= self.now:
            sees = read if self.switches.time_out_reads_signals else None
            call = answer_call(RUN, at, Letter("timeout"), nonce=f"t{tip}", read=sees)
            self.timed_out |= self.run(call).ok
            return
        parks = self.chance.random() < 0.5
        if parks and self.run(park_call(RUN, tip, at, read=read, until=until)).ok:
            raise Lost

    def append(self, tip: Cursor, *bodies: Body) -> Cursor:
        call: Any = append_call(RUN, tip, [self.packed(body) for body in bodies])
        if not self.run(call).ok:
            raise Lost
        return tip.next(len(bodies))

    # -- the play
    def play(self) -> None:
        self.run(queue_call(RUN, self.packed(RunQueued("blog", 1, "ann", {})), due_ms=LEASE_MS))
        self.spawn(self.worker(1))
        self.spawn(self.monitor())
        for number in range(self.chance.choice([1, 2, 3])):
            self.spawn(self.person(number))
        if self.chance.random() < 0.5:
            self.spawn(self.holder())
        while self.actors and self.now < LONGEST:
            self.actors.sort(key=lambda actor: actor[0])
            at, steps = self.actors.pop(0)
            self.server.now = max(self.now, at)
            rest = next(steps, None)
            if rest is not None:
                self.spawn(steps, rest)
        self.check()

    def check(self) -> None:
        state, said = self.state(), self.told
        expect(state.ended, f"the run has not ended; due {self.server.zscore(DUE, RUN)}")
        expect(len(said) == 1, f"{len(said)} answers in the log")
        taken = [number for number, answer in self.given if answer is Answer.OK]
        expect(len(taken) + self.timed_out <= 1, f"more than one winner: {self.given}")
        told = (said[0].by, said[0].value)
        expect(not taken or told == ("user", taken[0]), f"{taken} was taken, {told} was used")
        expect(not (self.held and told[0] == "timeout"), "the clock went on although it was held")
        untils = sorted(self.untils - {None}, key=str)
        expect(len(untils) <= 1, f"it waited until {untils}")


def broken(seed: int, switches: Switches) -> str:
    return broken_by(Play(seed, switches))
