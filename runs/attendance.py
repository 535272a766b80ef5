"""Whether anybody is there: a run waits in vain while no live worker serves its queue."""

from __future__ import annotations

from collections.abc import Iterable

from redis import Redis
from redis.exceptions import RedisError

from runs.doorbell import queue_of
from runs.models import Run
from workflows.wire import lease, pulse
from workflows.wire.lease import Lease
from workflows.wire.pulse import Beat


def unserved(beats: Iterable[Beat]) -> list[str]:
    """The workflows that have runs to be taken up and no worker to do it."""
    there = pulse.served(beats)
    waiting = Run.objects.unopened().order_by()
    kinds = waiting.values_list("workflow", "version", "current_version").distinct()
    wanted = sorted({(name, current or version) for name, version, current in kinds})
    return [
        f"{name} v{version}" for name, version in wanted if queue_of(name, version) not in there
    ]


def unattended(client: Redis, run: Run) -> bool:
    """Nobody has this live run, and nobody is there to take it. False when that is not known."""
    try:
        if held(lease.lease(client, str(run.id)), lease.now_ms(client)):
            return False
        return queue_of(run.workflow, run.carried_by) not in pulse.served(pulse.alive(client))
    except RedisError:
        return False


def held(found: Lease | None, now_ms: int) -> bool:
    """A worker has it and is alive."""
    return found is not None and bool(found.worker) and not found.released and found.until > now_ms
