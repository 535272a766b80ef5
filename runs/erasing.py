"""Removes a run for good: its rows, its archive, and all that Redis has of it.

It is ended first, so that no worker can write any more. Then its keys get a short life: should
Redis go away between the rows and the keys, they vanish by themselves.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from django.db import transaction
from redis import Redis
from redis.exceptions import RedisError

from runs import connections, ledger, lifecycle
from runs.interventions import Intervention
from runs.models import Run
from workflows.wire import codec, keys
from workflows.wire.cursor import FIRST
from workflows.wire.events import RunCancelled

LAST_S = 300
KEYS = (keys.log, keys.blob, keys.lease, keys.inbox)


def erase(run: Run, *, by: str = "owner") -> None:
    """Raises lifecycle.Unavailable; then the run may have ended, but is still there."""
    client = connections.redis()
    try:
        if not run.finished:
            _end(run, by)
        _expire(client, str(run.pk))
        announced = _is_announced(client, run)
    except RedisError as error:
        raise lifecycle.Unavailable from error
    Intervention.forget(run.pk)
    _delete(run)
    with suppress(RedisError):  # what is left has LAST_S to live
        _drop(client, str(run.pk), announced=announced)
        # What other runs of the owner would take over from it.
        client.delete(keys.cache(str(run.owner_id)), keys.cached(str(run.owner_id)))


def _end(run: Run, by: str) -> None:
    with suppress(lifecycle.Finished):
        lifecycle.cancel(run, by=by, reason="deleted")


@transaction.atomic
def _delete(run: Run) -> None:
    """Its row first, as the ledger's writer does. What it has cost is spent all the same: that
    stays, without a word of what it was about."""
    list(Run.objects.select_for_update().filter(pk=run.pk).values_list("pk"))
    ledger.forget_words(run.pk)
    Run.objects.filter(pk=run.pk).delete()


def _expire(client: Redis, run: str) -> None:
    pipe: Any = client.pipeline(transaction=False)
    for name in KEYS:
        pipe.expire(name(run), LAST_S)
    pipe.execute()


def _is_announced(client: Redis, run: Run) -> bool:
    """Whether its start has done all that it will: it may still be on its way from SQL to Redis. So
    may be the restore of a log that was lost, which does not begin as a start's does."""
    if run.finished and time.time() - run.created_at.timestamp() > LAST_S:
        return True
    return bool(client.xrange(keys.log(run.pk), str(FIRST), str(FIRST)))


def _drop(client: Redis, run: str, *, announced: bool) -> None:
    pipe: Any = client.pipeline(transaction=True)
    for name in KEYS:
        pipe.delete(name(run))
    pipe.zrem(keys.due(keys.bucket(run)), run)
    if not announced:
        # Where there is no log, whoever is late would begin one: and the run would go on.
        end = codec.encode(RunCancelled("owner", "deleted"), at=time.time_ns() // 1_000_000)
        pipe.xadd(keys.log(run), {"kind": end.kind, "data": end.data}, id=str(FIRST))
        pipe.expire(keys.log(run), LAST_S)
    pipe.execute()
