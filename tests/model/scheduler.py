"""One schedule: everybody, with a seed. Whoever may go on is drawn at random, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.model.agenda import Process
from tests.model.book import Book
from tests.model.checks import check_end
from tests.model.faults import FAULTS_END, Faults
from tests.model.forks import copies
from tests.model.plane import Monitor, cancel, start
from tests.model.projector import Projector
from tests.model.promise import Broken
from tests.model.readers import Page, Program
from tests.model.switches import ON, Switches
from tests.model.worker import consumer
from tests.model.world import DUE, RUN, World

MOST_MS = FAULTS_END + 150_000
CANCELLED = 0.12


@dataclass(frozen=True, slots=True)
class Outcome:
    """`violation`: what was broken; "" when nothing was."""

    seed: int
    violation: str
    trace: str
    repaid_after_loss: int
    paid_though_held: int
    takeovers: int


class Schedule:
    def __init__(self, seed: int, switches: Switches, kinds: Sequence[str]) -> None:
        self.world = World(seed, switches, copied=copies(seed, switches))
        self.book = Book(self.world)
        self.workers = [self.worker(f"w{n}") for n in range(self.world.chance.randint(2, 3))]
        self.world.workers = self.workers
        self.plane = [self.control("control0"), self.control("control1")]
        browser = Process("page"), Process("program")
        self.readers = [Page(self.world, browser[0]), Program(self.world, browser[1])]
        for reader in self.readers:
            self.world.spawn(reader.process, "", reader.steps())
        self.web = web = Process("web")
        self.world.spawn(web, "start", start(self.world, self.book, web))
        self.plane.append(web)
        if self.world.flip(CANCELLED):
            when = self.world.chance.randint(0, 8_000)
            self.world.spawn(web, "cancel", cancel(self.world, self.book, web), after=when)
        self.faults = Faults(self.world, self.book, self.workers, self.plane, self.revive, kinds)

    def worker(self, name: str, after: int = 0) -> Process:
        process = Process(name, version=self.world.release)
        self.world.spawn(process, "", consumer(self.world, self.book, process), after)
        return process

    def control(self, name: str, after: int = 0) -> Process:
        process = Process(name)
        monitor = Monitor(self.world, self.book, process)
        self.world.spawn(process, "monitor", monitor.steps(), after)
        projector = Projector(self.world, process)
        self.world.spawn(process, "projector", projector.steps(), after)
        return process

    def revive(self, dead: Process) -> None:
        """The supervisor: another process of its kind comes soon. A request is not made again."""
        after = self.world.chance.randint(200, 1_500)
        if dead in self.workers:
            self.workers[self.workers.index(dead)] = self.worker(dead.name + "'", after)
        elif dead.name.startswith("control"):
            self.plane[self.plane.index(dead)] = self.control(dead.name + "'", after)

    def play(self) -> Outcome:
        violation = ""
        try:
            while not self.over:
                self.step()
                if self.world.now > MOST_MS:
                    raise Broken(f"nothing has ended after {self.world.now} ms")
            check_end(self.world, self.book, self.readers)
        except Broken as broken:
            violation = str(broken)
        trace = "\n".join(f"{at:>7} {who:<18} {what}" for at, who, what in self.world.trace)
        book = self.book
        return Outcome(
            self.world.seed, violation, trace, book.repaid_after_loss, book.paid_though_held,
            book.takeovers,
        )  # fmt: skip

    @property
    def over(self) -> bool:
        """The end is in SQL, `due` is rid of the run, and the readers have seen it; or the start
        died before the row was there."""
        world = self.world
        if world.sql.row is None:
            return not self.web.alive
        return (
            world.sql.row.finished
            and all(reader.done for reader in self.readers)
            and world.server.zscore(DUE, RUN) is None
        )

    def step(self) -> None:
        world = self.world
        actor, world.now = world.agenda.draw(world.now)
        if actor is None:
            return
        self.faults.maybe(actor)
        if actor.gone or actor.process.stopped_until > world.now:
            world.agenda.sleep(actor, actor.process.stopped_until)
            return
        world.now += int(world.chance.random() * 4)
        world.agenda.go_on(actor, world.now)
        if world.sql.went_back:
            raise Broken(f"SQL went back: {world.sql.went_back}")


def play(seed: int, switches: Switches = ON, kinds: Sequence[str] = ()) -> Outcome:
    """`kinds`: the faults that may be; none: drawn by the seed."""
    return Schedule(seed, switches, kinds).play()
