"""`/metrics`: how much is going on, in the text format of Prometheus. Names of workflows are the
only words in it: nothing says who runs what.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from runs import connections
from runs.models import Run
from workflows.wire import keys, pulse

KIND = "text/plain; version=0.0.4; charset=utf-8"
LOOPBACK = {"127.0.0.1", "::1"}
HOUR = timedelta(hours=1)
Sample = tuple[dict[str, str], float]


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For GX_METRICS_TOKEN, for staff, and for who asks on this machine and not through a proxy."""
    if not (_has_token(request) or _is_here(request) or _is_staff(request)):
        return HttpResponse("Not for you.\n", status=403, content_type="text/plain")
    return HttpResponse("".join(_page()), content_type=KIND)


def _has_token(request: HttpRequest) -> bool:
    token, header = settings.METRICS_TOKEN, request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(header.encode(), f"Bearer {token}".encode())


def _is_here(request: HttpRequest) -> bool:
    """A proxy on this machine comes from loopback too; but it says for whom."""
    forwarded = {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via"}
    host = request.get_host().rpartition(":")[0] or request.get_host()
    named = host in {"127.0.0.1", "localhost", "[::1]"}
    here = request.META.get("REMOTE_ADDR") in LOOPBACK
    return here and named and not forwarded & set(request.headers)


def _is_staff(request: HttpRequest) -> bool:
    user: Any = request.user
    return bool(user.is_authenticated and user.is_active and user.is_staff)


def _page() -> Iterator[str]:
    live, ended = _live(), _ended()
    yield from _gauge("gxweb_runs", "Runs that have not ended", live)
    yield from _gauge("gxweb_runs_ended_last_hour", "Runs that ended in the last hour", ended)
    redis = _redis()
    yield from _gauge("gxweb_redis_up", "Whether Redis answers", [({}, float(redis is not None))])
    yield from redis or ()


def _live() -> list[Sample]:
    return _counted(Run.objects.filter(finished_at=None))


def _ended() -> list[Sample]:
    return _counted(Run.objects.filter(finished_at__gte=timezone.now() - HOUR))


def _counted(found: Any) -> list[Sample]:
    rows = found.values("workflow", "status").annotate(n=Count("pk")).order_by("workflow", "status")
    return [({"workflow": row["workflow"], "status": row["status"]}, row["n"]) for row in rows]


def _redis() -> list[str] | None:
    """None when it does not answer."""
    client = connections.redis()
    try:
        beats = pulse.alive(client)
        due = sum(client.zcard(keys.due(number)) for number in range(keys.BUCKETS))
    except RedisError:
        return None
    workers = [beat for beat in beats if beat.kind == "worker"]
    controls = sum(beat.kind == "control" for beat in beats)
    said = [
        _gauge("gxweb_workers", "Workers that take orders", _one(sum(w.serving for w in workers))),
        _gauge("gxweb_controls", "Controls that live", _one(controls)),
        _gauge(
            "gxweb_worker_load", "Runs that workers carry out", _one(sum(w.load for w in workers))
        ),
        _gauge("gxweb_worker_slots", "Runs that they could", _one(sum(w.slots for w in workers))),
        _gauge("gxweb_due", "Runs whose end is not in SQL yet", _one(due)),
    ]
    return [line for lines in said for line in lines]


def _one(value: float) -> list[Sample]:
    return [({}, value)]


def _gauge(name: str, help: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {help}.\n# TYPE {name} gauge\n"
    for labels, value in samples:
        said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{said}}} {value:g}\n" if said else f"{name} {value:g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
