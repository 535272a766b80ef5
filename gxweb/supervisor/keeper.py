"""Keeps processes alive: says who died, starts it again after its back-off, stops all in order."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gxweb.supervisor.backoff import Backoff
from gxweb.supervisor.child import Child, Command
from gxweb.supervisor.folder import Folder
from gxweb.supervisor.wakeup import Wakeup

Say = Callable[[str], None]


class Alive(Protocol):
    """A process that was started, or adopted from an earlier supervisor."""

    started: float

    @property
    def pid(self) -> int: ...
    def ended(self) -> str | None: ...
    def signal(self, number: signal.Signals) -> None: ...


@dataclass
class Kept:
    """One command and its process of the moment, if any; `due` is when to start the next."""

    command: Command
    process: Alive | None = None
    backoff: Backoff = field(default_factory=Backoff)
    due: float = 0.0


class Keeper:
    """Steps do one round each; nothing here waits except `stop`."""

    def __init__(self, folder: Folder, say: Say) -> None:
        self._folder = folder
        self._say = say
        self.kept: list[Kept] = []

    def keep(self, command: Command, process: Alive | None = None) -> None:
        """From now on; `process` is one that already runs."""
        self.kept.append(Kept(command, process or Child(command, self._folder)))

    def step(self) -> float:
        """Buries the dead, starts who is due; returns the seconds until the next one is."""
        now = time.monotonic()
        for kept in self.kept:
            if kept.process and (how := kept.process.ended()):
                self._bury(kept, kept.process, how, now)
            elif not kept.process and now >= kept.due:
                kept.process = Child(kept.command, self._folder)
                self._say(f"{kept.command.name} started again (pid {kept.process.pid})")
        return min((k.due - now for k in self.kept if not k.process), default=1.0)

    def _bury(self, kept: Kept, process: Alive, how: str, now: float) -> None:
        process.signal(signal.SIGKILL)  # what is left of its group
        answer = kept.backoff.after(now - process.started)
        kept.process, kept.due, kept.backoff = None, now + answer.delay, answer.doubled()
        name = kept.command.name
        said = self._folder.last_words(name)
        self._say(f"{name} died ({how}), again in {answer.delay:.1f} s; it last said: {said}")

    def stop(self, phases: Sequence[Sequence[str]], wakeup: Wakeup) -> None:
        """Each phase ends before the next is told; one more request to stop kills what is left."""
        for phase in phases:
            group = [k for k in self.kept if k.command.name in phase and k.process]
            for kept in group:
                _tell(kept, signal.SIGTERM)
            self._await(group, wakeup)
            for kept in group:
                _tell(kept, signal.SIGKILL)
            self.kept = [k for k in self.kept if k.command.name not in phase]

    def _await(self, group: Sequence[Kept], wakeup: Wakeup) -> None:
        asked = wakeup.stops
        start = time.monotonic()
        while living := [k for k in group if k.process and not k.process.ended()]:
            patience = max(k.command.grace_s for k in living) - (time.monotonic() - start)
            if patience <= 0 or wakeup.stops > asked:
                names = ", ".join(k.command.name for k in living)
                self._say(f"killing {names}: still there after {time.monotonic() - start:.0f} s")
                return
            wakeup.wait(min(patience, 0.1))


def _tell(kept: Kept, number: signal.Signals) -> None:
    if kept.process:
        kept.process.signal(number)
