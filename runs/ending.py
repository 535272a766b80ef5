"""Ends a run from the API plane: a cancel, a give-up. It needs no worker, since whoever opens the
newest attempt is the only one who writes."""

from __future__ import annotations

import logging
import time
from uuid import uuid4

from redis import Redis

from runs import connections, standing
from runs.models import Run
from runs.restore import restore
from workflows.wire import codec
from workflows.wire.events import RunCancelled, RunFailed
from workflows.wire.log import open_call, redis_run_id
from workflows.wire.script import Answer, run_script

logger = logging.getLogger(__name__)

MOVED = ("attempt", "cursor_attempt", "cursor_seq", "starts", "started_at", "finished_at")
TURNS = 10  # each lost turn means that somebody else moved the run, or that Redis was restarted


class Finished(Exception):
    """The run has ended already."""


class Unsettled(Exception):
    """The run was moved by others again and again; trying later can help."""


def end(client: Redis, run: Run, body: RunCancelled | RunFailed) -> None:
    """Write `body` as the run's last event. Raises Finished, Unsettled or RedisError."""
    for _ in range(TURNS):
        if _has_ended(run):
            raise Finished
        answer = _try(client, run, body)
        if answer is Answer.OK:
            return
        if answer is Answer.ENDED:
            raise Finished
    raise Unsettled


def _has_ended(run: Run) -> bool:
    """As SQL has it now. One that was deleted was ended before."""
    try:
        # Not the input and output: they may be large and are not needed.
        run.refresh_from_db(fields=MOVED)
    except Run.DoesNotExist:
        return True
    return run.finished


def _try(client: Redis, run: Run, body: RunCancelled | RunFailed) -> Answer | None:
    """None and every answer but OK and ENDED: look again."""
    server = redis_run_id(client)
    stands = standing.look(client, [run])[0]
    if stands.terminal:
        return Answer.ENDED
    if not stands.whole:
        # The text that SQL has belongs to the run's end, too.
        restore(connections.once(), run, tip=stands.tip, redis_run_id=server)
        return None
    if not run.take_attempt(above=stands.tip.attempt):
        return None
    packed = codec.encode(body, at=time.time_ns() // 1_000_000)
    call = open_call(
        str(run.id), [packed], attempt=run.attempt, nonce=uuid4().hex, redis_run_id=server
    )
    return run_script(client, call).answer
