"""The chips of a person: their live runs, and those that have ended and were not looked at yet.

Read from SQL alone, so that they are there while Redis is away: two queries for any number of
people, and one more for titles that this process has not met.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, QuerySet, TextField, Window
from django.db.models.functions import Cast, RowNumber, Substr
from django.utils import timezone

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
COLUMNS = ("pk", "owner_id", "workflow", "status", "progress_done", "progress_total", "created_at")

_titles: dict[UUID, str] = {}


@dataclass(frozen=True, slots=True)
class Chip:
    run: UUID
    title: str
    status: str
    done: float | None = None
    total: float | None = None

    @property
    def ended(self) -> bool:
        return self.status in ("completed", "failed", "cancelled")

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
    runs = Run.objects.filter(owner_id__in=owners)
    live = _by_owner(_newest(runs.filter(finished_at=None), "-created_at"))
    recent = runs.filter(finished_at__gte=timezone.now() - KEPT, dismissal=None)
    # Who has stopped a run knows that it has stopped.
    ended = _by_owner(_newest(recent.exclude(cancelled_by="owner"), "-finished_at"))
    titles = _called([row for rows in (*live.values(), *ended.values()) for row in rows])
    return {
        owner: _chips(live.get(owner, []), ended.get(owner, []), titles)
        for owner in live.keys() | ended.keys()
    }


def _newest(runs: QuerySet[Run], order: str) -> QuerySet[Run, dict[str, Any]]:
    """So many of each owner as may be shown, each with the number of all."""
    owner = [F("owner_id")]
    rows: QuerySet[Run, dict[str, Any]] = (
        runs.annotate(
            rank=Window(RowNumber(), partition_by=owner, order_by=order),
            all=Window(Count("pk"), partition_by=owner),
        )
        .filter(rank__lte=MOST)
        .order_by("rank")
        .values(*COLUMNS, "all")
    )
    return rows


def _by_owner(rows: Iterable[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["owner_id"]].append(row)
    return found


def _chips(
    live: Sequence[dict[str, Any]], ended: Sequence[dict[str, Any]], titles: dict[UUID, str]
) -> Chips:
    news = ended[: max(ENDED_MOST, MOST - len(live))]
    rows = sorted([*news, *live[: MOST - len(news)]], key=lambda row: row["created_at"])
    shown = tuple(
        Chip(
            row["pk"], titles[row["pk"]], row["status"], row["progress_done"], row["progress_total"]
        )
        for row in reversed(rows)
    )
    return Chips(shown, live[0]["all"] if live else 0)


def _called(rows: Sequence[dict[str, Any]]) -> dict[UUID, str]:
    """What each is about. That never changes, and inputs are large: looked up once."""
    if len(_titles) > TITLES_KEPT:
        _titles.clear()
    missing = {row["pk"]: row["workflow"] for row in rows if row["pk"] not in _titles}
    if missing:
        text = Cast("input", TextField())
        heads = Run.objects.filter(pk__in=missing).annotate(head=Substr(text, 1, listing.HEAD))
        for run in heads.only("pk"):
            _titles[run.pk] = listing.subject(run) or listing.title(missing[run.pk])
    # A run that was deleted in between has no title any more.
    return {row["pk"]: _titles.get(row["pk"], row["workflow"]) for row in rows}
