"""Workers: take an order, open its attempt, replay; for each span fence, call, say, complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.model.agenda import Actor, Process, Steps
from tests.model.book import Book
from tests.model.world import BEAT, LEASE, RUN, Unknown, World
from workflows.wire import codec
from workflows.wire.codec import Packed
from workflows.wire.cursor import Cursor
from workflows.wire.events import (
    Body,
    Error,
    RunCompleted,
    RunStarted,
    SpanCompleted,
    SpanRetrying,
    SpanStarted,
    Text,
)  # fmt: skip
from workflows.wire.fold import fold
from workflows.wire.log import append_call, beat_call, open_call, release_call
from workflows.wire.orders import Order
from workflows.wire.script import Answer
from workflows.wire.state import EMPTY, State

TOPICS = ("ants", "bees", "cats")
ROOT = "blog[0]"
TICKS = 4 * LEASE
TRIES = 3
Said = tuple[str | None, Body]


class LeaseLost(Exception):
    """The log refused: it has another owner, or an end, or is gone."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


@dataclass(eq=False)
class Attempt:
    """What one delivery of an order works with."""

    world: World
    book: Book
    process: Process
    number: int
    nonce: str
    tip: Cursor = field(init=False)
    fenced_at: int = 0
    said: int = 0
    over: bool = False
    actor: Actor | None = None

    def __post_init__(self) -> None:
        self.tip = Cursor(self.number, 0)

    def note(self, what: str) -> None:
        self.world.note(f"{self.process.name}/{self.number}", what)

    def packed(self, said: Sequence[Said]) -> list[Packed]:
        """Each event carries its writer and a number of its own, so that copies can be seen."""
        found = []
        for span, body in said:
            self.said += 1
            extra = {"by": self.nonce, "n": self.said}
            found.append(codec.encode(body, at=self.world.now, span=span, extra=extra))
        return found

    def append(self, *said: Said) -> Steps[None]:
        """Written and acknowledged, or LeaseLost. Nothing to write: asks for the tip."""
        batch = self.packed(said)
        answer = yield from self._send(batch)
        self.note(f"append {[body.kind for _, body in said]} after {self.tip}: {answer}")
        if answer is not Answer.OK:
            self.book.refused.add(self.nonce)
            raise LeaseLost(answer)
        self.tip = self.tip.next(len(batch))

    def _send(self, batch: list[Packed]) -> Steps[Answer]:
        switches = self.world.switches
        while True:
            call = append_call(RUN, self.tip, batch)
            sent_at = self.world.now
            try:
                reply = yield from self.world.ask(self.process, partial(self.book.execute, call))
            except Unknown as error:
                self.note(f"append of {len(batch)} after {self.tip}: {error}")
                if not switches.unknown_is_no_refusal:
                    return Answer.LOST
                if not switches.unknown_is_no_success:
                    return Answer.OK
                yield self.world.chance.randint(20, 300)
                if not switches.same_ids_again and (tip := self.world.tip()):
                    self.tip = tip.id if tip.id.attempt == self.number else self.tip
                continue
            self.fenced_at = sent_at
            return reply.answer


def consumer(world: World, book: Book, process: Process) -> Steps[None]:
    """Take orders as they come; the broker forgets one as soon as it is taken."""
    while True:
        yield world.chance.randint(20, 200)
        mine = [order for order in world.broker if order.version == process.version]
        if world.up and mine:
            order = mine[0]
            world.broker.remove(order)
            attempt = Attempt(world, book, process, order.attempt, world.hex()[:8])
            attempt.note("takes the order")
            book.taken.add((order.attempt, process))
            attempt.actor = world.spawn(process, f"run{order.attempt}", delivery(attempt, order))


def delivery(attempt: Attempt, order: Order) -> Steps[None]:
    try:
        state = yield from opening(attempt, order)
        if state is None:
            return
        attempt.world.spawn(attempt.process, "beat", beats(attempt))
        yield from flow(attempt, state)
    except LeaseLost as lost:
        attempt.note(f"ends: {lost.answer}")
        if lost.answer is Answer.GONE:
            call = release_call(RUN, attempt=attempt.number, why="gone")
            yield from attempt.world.surely(attempt.process, lambda: attempt.book.execute(call))
    attempt.over = True


def opening(attempt: Attempt, order: Order) -> Steps[State | None]:
    """The fold of the log up to our own opening; None when the order is not for us, or no more."""
    world, process = attempt.world, attempt.process
    if not world.switches.sql_gives_numbers:
        tip = yield from world.surely(process, world.tip)
        attempt.number = tip.id.attempt + 1 if tip else 1
        attempt.tip = Cursor(attempt.number, 0)
    early = yield from world.surely(process, world.events)
    yield world.chance.choice([0, 0, 100, 1_000])  # the flow's code is loaded
    call = open_call(
        RUN, attempt.packed([(None, RunStarted(process.name, order.version))]),
        attempt=attempt.number, nonce=attempt.nonce, redis_run_id=order.redis_run_id,
        worker=process.name, lease_ms=LEASE,
    )  # fmt: skip
    reply = yield from world.surely(process, lambda: attempt.book.execute(call))
    attempt.note(f"opens: {reply.answer} {reply.detail}")
    if reply.answer is Answer.GONE:
        raise LeaseLost(Answer.GONE)
    if not reply.ok:
        return None
    if not world.switches.replay_to_own_opening:
        return fold(EMPTY, early)
    events = yield from world.surely(process, lambda: world.events(until=attempt.tip))
    state = fold(EMPTY, events)
    # Else the server has lost our opening already.
    own = events and events[-1].nonce == attempt.nonce
    return state if own or not world.switches.open_knows_its_nonce else None


def beats(attempt: Attempt) -> Steps[None]:
    """The heartbeat's thread: it looks whether the loop still ticks."""
    world, actor = attempt.world, attempt.actor
    call = beat_call(RUN, attempt=attempt.number, lease_ms=LEASE)
    while not attempt.over:
        yield BEAT
        hung = actor.hung_at if actor else None
        if hung is not None and world.now - hung > TICKS and world.switches.beat_needs_ticks:
            attempt.note("lets go: its loop hangs")
            return
        if not attempt.over:
            reply = yield from world.surely(attempt.process, lambda: world.server.run(call))
            if not reply.ok:
                return


def flow(attempt: Attempt, state: State) -> Steps[None]:
    """The workflow: one span per topic, called in an order that changes from attempt to attempt."""
    if ROOT not in state.spans:
        yield from attempt.append((ROOT, SpanStarted("blog", "root")))
    topics = list(TOPICS)
    attempt.world.chance.shuffle(topics)
    outputs: dict[str, Any] = {}
    for number, topic in enumerate(topics):
        by_input = attempt.world.switches.identity_by_input
        identity = f"root/write/{topic if by_input else number}"
        found = next((s for s in state.spans.values() if s.hash == identity and s.output), None)
        if found is None:
            outputs[topic] = yield from span(attempt, identity, topic)
        else:
            outputs[topic] = found.output
            if not attempt.world.switches.replay_is_silent:
                yield from attempt.append(
                    (found.path, SpanStarted("write", identity, parent=ROOT)),
                    (found.path, SpanCompleted(found.output)),
                )
    result = {topic: outputs[topic] for topic in TOPICS}
    yield from attempt.append((ROOT, SpanCompleted(result)), (None, RunCompleted(result)))


def span(attempt: Attempt, identity: str, topic: str) -> Steps[str]:
    """Fence, then call the provider and stream what it says; a try that fails is tried again."""
    path = f"{ROOT}/write[{identity.rsplit('/', 1)[1]}]"
    started: Said = (path, SpanStarted("write", identity, parent=ROOT))
    world, book, switches = attempt.world, attempt.book, attempt.world.switches
    if switches.fence_before_call:
        yield from attempt.append(started)
    for number in range(1, TRIES + 1):
        yield 0
        while fence_is_old(attempt):
            yield from attempt.append()
        book.call_begins(attempt.number, attempt.nonce, identity)
        attempt.note(f"calls the provider for {identity}")
        if not switches.fence_before_call:
            yield from attempt.append(started)
        answer = yield from call(attempt, path, topic, fails=number < TRIES and world.flip(0.1))
        if answer is not None:
            yield from attempt.append((path, SpanCompleted(answer)))
            return answer
        book.call_failed(attempt.number, identity)
        error = Error("timeout", "The provider did not answer.", retryable=True)
        yield from attempt.append((path, SpanRetrying(number, TRIES, 0.0, error)))
    raise AssertionError("the last try does not fail")


def fence_is_old(attempt: Attempt) -> bool:
    """So long ago that the log may have had another owner since."""
    switches = attempt.world.switches
    old = attempt.world.now - attempt.fenced_at > LEASE
    return old and switches.fence_ages and switches.fence_before_call


def call(attempt: Attempt, path: str, topic: str, *, fails: bool) -> Steps[str | None]:
    """One try at the provider, which never says the same twice."""
    chance = attempt.world.chance
    words = [f"{topic} ", f"no. {len(attempt.book.calls)} ", "x" * chance.randint(1, 9)]
    at = 0
    for delta in words[:-1] if fails else words:
        yield chance.randint(50, 800)
        yield from attempt.append((path, Text(path, at, delta)))
        at += len(delta)
    return None if fails else "".join(words)
