"""Removes a run for good: its rows, its archive, and all that Redis has of it.

It is ended first, so that no worker can write any more. Then its keys get a short life: should
Redis go away between the rows and the keys, they vanish by themselves.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db import transaction
from redis import Redis
from redis.exceptions import RedisError

from runs import connections, ledger, lifecycle
from runs.interventions import Intervention
from runs.models import Run
from workflows.wire import keys

LAST_S = 300
KEYS = (keys.log, keys.blob, keys.lease, keys.inbox)


def erase(run: Run, *, by: str = "owner") -> None:
    """Raises lifecycle.Unavailable; then the run may have ended, but is still there."""
    client = connections.redis()
    try:
        if not run.finished:
            _end(run, by)
        _expire(client, str(run.pk))
    except RedisError as error:
        raise lifecycle.Unavailable from error
    Intervention.forget(run.pk)
    _delete(run)
    with suppress(RedisError):  # what is left has LAST_S to live
        _drop(client, str(run.pk), str(run.owner_id))


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


def _drop(client: Redis, run: str, owner: str) -> None:
    """What other runs of the owner would take over from it goes too."""
    pipe: Any = client.pipeline(transaction=False)
    for name in KEYS:
        pipe.delete(name(run))
    pipe.delete(keys.cache(owner), keys.cached(owner))
    pipe.zrem(keys.due(keys.bucket(run)), run)
    pipe.execute()
