"""What goes wrong: each schedule draws a few kinds of faults, which come between two steps.

They are drawn by the step and not by the clock, so that they come between a question and its answer
as often as in the long sleeps between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.model.agenda import Actor, Process, Steps
from tests.model.book import Book
from tests.model.world import LEASE, World

FAULTS_END = 30_000
MOST = 6
OFTEN, SELDOM = 0.02, 0.002  # at a step of an attempt or a request, at another's


@dataclass(eq=False)
class Faults:
    world: World
    book: Book
    workers: list[Process]
    plane: list[Process]
    revive: Callable[[Process], None]
    kinds: Sequence[str] = ()
    process: Process = field(default_factory=lambda: Process("faults"))
    left: int = MOST

    def __post_init__(self) -> None:
        chance = self.world.chance
        self.kinds = self.kinds or chance.sample(sorted(KINDS), chance.randint(0, 3))
        self.note(f"may be: {self.kinds}")

    def maybe(self, actor: Actor) -> None:
        """Perhaps something happens just before the next step of `actor`."""
        if not self.kinds or not self.left or self.world.now > FAULTS_END:
            return
        near = ".run" in actor.name or actor.name.startswith("web")
        if self.world.flip(OFTEN if near else SELDOM):
            self.left -= 1
            KINDS[self.world.chance.choice(self.kinds)](self, actor)

    def note(self, what: str) -> None:
        self.world.note("faults", what)

    def later(self, steps: Steps[None]) -> None:
        self.world.spawn(self.process, "", steps)

    def one_of(self, processes: list[Process], actor: Actor) -> Process:
        """Rather the one whose step comes next."""
        return actor.process if actor.process in processes else self.world.chance.choice(processes)

    def kill(self, process: Process) -> None:
        self.note(f"kill -9 {process.name}")
        self.book.hit(process)
        process.alive = False
        self.revive(process)

    def kill_worker(self, actor: Actor) -> None:
        self.kill(self.one_of(self.workers, actor))

    def deploy(self, _: Actor) -> None:
        """The next version takes the place of this one; some of the old ones wake as zombies."""
        if self.world.release > 1:
            return
        self.note("the next version is deployed")
        self.world.release = 2
        for process in tuple(self.workers):
            if self.world.flip(0.5):
                self.kill(process)
            else:
                self.book.hit(process)
                process.stopped_until = self.world.now + self.world.chance.choice(
                    [2 * LEASE, 6 * LEASE]
                )
                self.revive(process)

    def kill_plane(self, actor: Actor) -> None:
        self.kill(self.one_of(self.plane, actor))

    def stop_worker(self, actor: Actor) -> None:
        """SIGSTOP; it wakes as a zombie, or in time."""
        process = self.one_of(self.workers, actor)
        ms = self.world.chance.choice([LEASE // 2, 2 * LEASE, 3 * LEASE])
        self.note(f"SIGSTOP {process.name} for {ms}")
        self.book.hit(process)
        process.stopped_until = self.world.now + ms

    def stop_plane(self, actor: Actor) -> None:
        """What a stopped monitor has seen is old when it goes on."""
        process = self.one_of(self.plane, actor)
        self.note(f"SIGSTOP {process.name}")
        self.book.hit_all()
        process.stopped_until = self.world.now + self.world.chance.choice(
            [LEASE, 2 * LEASE, 6 * LEASE]
        )
        self.book.blind_until = process.stopped_until + LEASE

    def hang_loop(self, actor: Actor) -> None:
        """A worker's loop hangs for ever, and its heartbeat does not."""
        if ".run" in actor.name:
            self.note(f"the loop of {actor.name} hangs")
            self.book.hit(actor.process)
            actor.hung_at = self.world.now

    def restart(self, _: Actor) -> None:
        """Redis is killed and has all its data when it is back."""
        self.later(self.away(0, self.world.chance.randint(50, 3_000)))

    def cut(self, _: Actor) -> None:
        """As `restart`, but the last writes are lost."""
        cut = self.world.chance.choice([1, 2, 3, 5, 10, 25])
        self.later(self.away(cut, self.world.chance.randint(50, 3_000)))

    def away(self, cut: int, ms: int) -> Steps[None]:
        if not self.world.up:
            return
        self.note(f"Redis is away for {ms} ms and comes back without its last {cut} writes")
        self.world.up = False
        yield ms
        self.world.server.now = self.world.now
        self.world.server.restart(self.world.hex(), cut)
        if cut:
            self.book.data_lost()
        self.come_back()

    def partition(self, _: Actor) -> None:
        """Nobody reaches Redis for two leases; it has lost nothing."""
        self.later(self.unreachable())

    def unreachable(self) -> Steps[None]:
        if not self.world.up:
            return
        self.note("Redis cannot be reached for two leases")
        self.world.up = False
        yield 2 * LEASE
        self.come_back()

    def come_back(self) -> None:
        self.note("Redis is back")
        self.world.up = True
        self.world.epoch += 1

    def flush(self, _: Actor) -> None:
        self.note("FLUSHALL")
        self.world.server.now = self.world.now
        self.world.server.flushall()
        self.world.broker.clear()
        self.book.data_lost()

    def lose_orders(self, _: Actor) -> None:
        self.note(f"the broker loses {len(self.world.broker)} orders")
        self.world.broker.clear()


KINDS: dict[str, Callable[[Faults, Actor], None]] = {
    "kill worker": Faults.kill_worker,
    "kill plane": Faults.kill_plane,
    "stop worker": Faults.stop_worker,
    "stop plane": Faults.stop_plane,
    "hang loop": Faults.hang_loop,
    "restart": Faults.restart,
    "cut": Faults.cut,
    "partition": Faults.partition,
    "flush": Faults.flush,
    "lose orders": Faults.lose_orders,
    "deploy": Faults.deploy,
}
