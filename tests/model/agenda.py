"""Who may go on now, and who sleeps until when. Actors are generators: at each `yield` the others
may go on, it may be killed or stopped there, and it sleeps as many ms as it yields."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[int, None, T]


@dataclass(eq=False)
class Process:
    name: str
    alive: bool = True
    version: int = 1  # of the workflow that a worker serves
    stopped_until: int = 0  # SIGSTOP, till SIGCONT
    epoch: int = -1  # of its connection to Redis
    reconnects: int = 0


@dataclass(eq=False)
class Actor:
    name: str
    process: Process
    steps: Steps[None]
    hung_at: int | None = None  # its loop hangs; other threads of the process go on

    @property
    def gone(self) -> bool:
        return self.hung_at is not None or not self.process.alive


@dataclass(eq=False)
class Agenda:
    chance: random.Random
    ready: list[Actor] = field(default_factory=list)
    sleeping: list[tuple[int, int, Actor]] = field(default_factory=list)
    pushed: int = 0

    def sleep(self, actor: Actor, until: int) -> None:
        self.pushed += 1
        heappush(self.sleeping, (until, self.pushed, actor))

    def draw(self, now: int) -> tuple[Actor | None, int]:
        """Who goes on, if anybody can; and the time, which jumps when all are asleep."""
        while self.sleeping and self.sleeping[0][0] <= now:
            self.ready.append(heappop(self.sleeping)[2])
        if not self.ready:
            return None, self.sleeping[0][0]
        actor = self.ready.pop(int(self.chance.random() * len(self.ready)))
        if actor.gone:
            return None, now
        if actor.process.stopped_until > now:
            self.sleep(actor, actor.process.stopped_until)
            return None, now
        return actor, now

    def go_on(self, actor: Actor, now: int) -> None:
        """One step of the actor; then it is ready again, sleeps, or has ended."""
        try:
            rest = next(actor.steps)
        except StopIteration:
            return
        if rest:
            self.sleep(actor, now + rest)
        else:
            self.ready.append(actor)
