"""The chips of a person: their live runs, and those that have ended and were not looked at yet.

Read from SQL alone, so that they are there while Redis is away: one query for any number of
people, and one more for titles that this process has not met.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast, Substr
from django.utils import timezone

from gxweb.notices.places import place
from runs import listing
from runs.models import Run

MOST = 3  # a header holds no more
ENDED_MOST = 2  # what is new stands before what only goes on
KEPT = timedelta(days=1)
TITLES_KEPT = 10_000
WORDS = {
    "queued": "queued",
    "running": "running",
    "waiting": "waits for you",
    "completed": "ready",
    "failed": "failed",
    "cancelled": "stopped",
}
ENDED = ("completed", "failed", "cancelled")
SQL = Path(__file__).with_suffix(".sql").read_text()

_titles: dict[UUID, str] = {}


@dataclass(frozen=True, slots=True)
class Chip:
    run: UUID
    title: str
    status: str
    done: float | None = None
    total: float | None = None
    workflow: str = "blog"

    @property
    def place(self) -> str:
        return place(self.workflow, self.run)

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def counted(self) -> bool:
        return self.status == "running" and bool(self.total)

    @property
    def words(self) -> str:
        if self.counted:
            return f"{self.done or 0:g}/{self.total:g}"
        return WORDS.get(self.status, self.status)


@dataclass(frozen=True, slots=True)
class Chips:
    """`shown`: newest first. `live`: how many runs go on, shown or not."""

    shown: tuple[Chip, ...] = ()
    live: int = 0

    @property
    def more(self) -> int:
        return self.live - sum(not chip.ended for chip in self.shown)

    @property
    def ended(self) -> tuple[Chip, ...]:
        return tuple(chip for chip in self.shown if chip.ended)


NONE = Chips()


def of(owners: Collection[int]) -> dict[int, Chips]:
    """By owner; those without any are left out."""
    runs: dict[int, list[Run]] = defaultdict(list)
    for run in _asked(owners):
        runs[run.owner_id].append(run)
    titles = _called([run for found in runs.values() for run in found])
    return {owner: _chips(found, titles) for owner, found in runs.items()}


def _asked(owners: Collection[int]) -> Iterable[Run]:
    """Each with its `place` among the runs of its kind, and how many there are `in_all`."""
    if not owners:
        return []
    sql = SQL.replace("{owners}", ", ".join(["%s"] * len(owners)))
    return Run.objects.raw(sql, [*owners, MOST, *owners, timezone.now() - KEPT, MOST])


def _chips(runs: Iterable[Run], titles: dict[UUID, str]) -> Chips:
    placed = sorted(runs, key=attrgetter("place"))
    live = [run for run in placed if run.status not in ENDED]
    ended = [run for run in placed if run.status in ENDED]
    news = ended[: max(ENDED_MOST, MOST - len(live))]
    newest = sorted([*news, *live[: MOST - len(news)]], key=attrgetter("created_at"), reverse=True)
    shown = tuple(
        Chip(
            run.pk, titles[run.pk], run.status, run.progress_done, run.progress_total, run.workflow
        )
        for run in newest
    )
    return Chips(shown, attrgetter("in_all")(live[0]) if live else 0)


def _called(runs: Sequence[Run]) -> dict[UUID, str]:
    """What each is about. That never changes, and inputs are large: looked up once."""
    if len(_titles) > TITLES_KEPT:
        _titles.clear()
    missing = {run.pk: run.workflow for run in runs if run.pk not in _titles}
    if missing:
        text = Cast("input", TextField())
        heads = Run.objects.filter(pk__in=missing).annotate(head=Substr(text, 1, listing.HEAD))
        for run in heads.only("pk"):
            _titles[run.pk] = listing.subject(run) or listing.title(missing[run.pk])
    # A run that was deleted in between has no title any more.
    return {run.pk: _titles.get(run.pk, run.workflow) for run in runs}
