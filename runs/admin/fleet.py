"""The fleet: which workers and controls live, what they serve, and what waits for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from runs import connections
from runs.admin.access import needs_view
from runs.doorbell import bell, queue_of
from runs.models import Run
from workflows.catalog import CATALOG
from workflows.wire import keys, lease, pulse
from workflows.wire.pulse import Beat

REMEMBERED_MS = 300_000  # how long one that fell silent is shown
PART = "fleet"


@dataclass(frozen=True, slots=True)
class Process:
    beat: Beat
    age_s: float
    state: str  # serving, draining or silent

    @property
    def full(self) -> bool:
        return self.beat.slots > 0 and self.beat.load >= self.beat.slots


@dataclass(frozen=True, slots=True)
class Queue:
    """`runs`: that wait to be taken up, as SQL knows. `orders`: None when it cannot be seen."""

    name: str
    workers: int
    runs: int
    orders: int | None

    @property
    def stuck(self) -> bool:
        return self.runs > 0 and not self.workers


@require_safe
@never_cache
def fleet(request: HttpRequest) -> HttpResponse:
    needs_view(request)
    found = _processes()
    processes = found or []
    alive = [process.beat for process in processes if process.state != "silent"]
    live = Run.objects.live().order_by()
    context = {
        **admin.site.each_context(request),
        "title": "Fleet",
        "away": found is None,
        "workers": [process for process in processes if process.beat.kind != "control"],
        "controls": [process for process in processes if process.beat.kind == "control"],
        "queues": _queues(alive, seen=found is not None),
        "statuses": dict(live.values_list("status").annotate(runs=Count("pk"))),
    }
    only = request.headers.get("HX-Target") == PART
    return render(request, f"admin/runs/run/fleet.html{'#fleet' if only else ''}", context)


def _processes() -> list[Process] | None:
    """Newest first; None while Redis is away."""
    client = connections.redis()
    try:
        now = lease.now_ms(client)
        entries = cast("Any", client.xrange(keys.PULSE, min=str(now - REMEMBERED_MS)))
    except RedisError:
        return None
    found = [_process(beat, now) for beat in pulse.newest(entries)]
    return sorted(found, key=lambda one: (one.state == "silent", one.beat.host, one.beat.name))


def _process(beat: Beat, now: int) -> Process:
    age = max(0, now - beat.at)
    state = "draining" if beat.draining else "serving"
    return Process(beat, age / 1000, "silent" if age > pulse.FRESH_MS else state)


def _queues(alive: Iterable[Beat], *, seen: bool) -> list[Queue]:
    """Of every workflow that is offered, that has runs waiting, or that a worker serves."""
    workers = Counter(queue for beat in alive if beat.serving for queue in beat.queues)
    runs = _waiting()
    names = {queue_of(entry.name, entry.version) for entry in CATALOG.values()}
    found = []
    for name in sorted(names | runs.keys() | workers.keys()):
        orders = bell().waiting(name) if seen else None
        seen = orders is not None  # a broker that is away costs its time-out once
        found.append(Queue(name, workers[name], runs[name], orders))
    return sorted(found, key=lambda queue: (not queue.stuck, queue.name))


def _waiting() -> Counter[str]:
    unopened = Run.objects.unopened().order_by("workflow", "version")
    kinds = unopened.values_list("workflow", "version").annotate(runs=Count("pk"))
    return Counter({queue_of(name, version): runs for name, version, runs in kinds})
