"""`/metrics`: how much is going on, in the text format of Prometheus. Names of workflows are the
only words in it: nothing says who runs what.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from runs import connections
from runs.models import Run
from workflows.wire import keys, pulse

LOOPBACK = {"127.0.0.1", "::1"}
HOUR = timedelta(hours=1)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For GX_METRICS_TOKEN, for staff, and for who asks on this machine and not through a proxy."""
    if not (_has_token(request) or _is_here(request) or _is_staff(request)):
        return HttpResponse("Not for you.\n", status=403, content_type="text/plain")
    return HttpResponse(generate_latest(NUMBERS), content_type=CONTENT_TYPE_PLAIN_0_0_4)


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


class Numbers(Collector):
    """Read anew for each answer."""

    def collect(self) -> Iterator[Metric]:
        running, ended = Run.objects.filter(finished_at=None), _ended()
        yield _by_workflow("gxweb_runs", "Runs that have not ended", running)
        yield _by_workflow("gxweb_runs_ended_last_hour", "Runs that ended in the last hour", ended)
        found = _in_redis()
        yield Gauge("gxweb_redis_up", "Whether Redis answers", value=found is not None)
        yield from found or ()


NUMBERS = CollectorRegistry()
NUMBERS.register(Numbers())


def _ended() -> Any:
    return Run.objects.filter(finished_at__gte=timezone.now() - HOUR)


def _by_workflow(name: str, help: str, found: Any) -> Gauge:
    """Counted here: SQL would rather go through all runs in the order of these two."""
    gauge = Gauge(name, help, labels=("workflow", "status"))
    numbers = Counter(found.values_list("workflow", "status").order_by().iterator())
    for labels, number in sorted(numbers.items()):
        gauge.add_metric(labels, number)
    return gauge


def _in_redis() -> list[Gauge] | None:
    """None when it does not answer."""
    client = connections.redis()
    try:
        beats = pulse.alive(client)
        due = sum(client.zcard(keys.due(number)) for number in range(keys.BUCKETS))
    except RedisError:
        return None
    workers = [beat for beat in beats if beat.kind == "worker"]
    controls = sum(beat.kind == "control" for beat in beats)
    return [
        Gauge("gxweb_workers", "Workers that take orders", sum(w.serving for w in workers)),
        Gauge("gxweb_controls", "Controls that live", controls),
        Gauge("gxweb_worker_load", "Runs that workers carry out", sum(w.load for w in workers)),
        Gauge("gxweb_worker_slots", "Runs that they could", sum(w.slots for w in workers)),
        Gauge("gxweb_due", "Runs whose end is not in SQL yet", due),
    ]
