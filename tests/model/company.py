"""Who shares processes in `isolation.py`: workers and their children, runs, and what may be off."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields

from tests.model.promise import Rules


@dataclass(frozen=True, slots=True)
class Switches(Rules):
    suspects_run_alone: bool = True  # off: they are put beside the others again
    only_deaths_alone_count: bool = True  # off: each loss of a worker counts against its runs
    progress_clears: bool = True  # off: what was once lost counts for ever
    hand_over_costs_nothing: bool = True  # off: it counts like a death
    deaths_are_told: bool = True  # off: the worker says nothing of a child that died


NAMES = tuple(each.name for each in fields(Switches))


class Gone(Exception):
    """The process that carried it is dead, or the attempt is not its own any more."""


@dataclass(eq=False)
class Process:
    """A worker, or the child of one that carries a suspect."""

    parent: Process | None = None
    dead: bool = False
    draining: bool = False

    @property
    def lost(self) -> bool:
        return self.dead or (self.parent is not None and self.parent.lost)


@dataclass(eq=False)
class Run:
    """What SQL knows of a run."""

    id: str
    poison: int | None = None  # the span that breaks its process
    clumsy: bool = False  # each of its spans does so twice
    tries: Counter[int] = field(default_factory=Counter)  # of each span
    shared_deaths: int = 0
    attempt: int = 1
    deaths: int = 0
    finished: int = 0  # spans, when its deaths were last counted
    rung_at: int = 0
