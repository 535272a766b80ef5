"""A lost log, written again from SQL: what was finished stays finished and is not paid again.

One UPDATE takes an attempt and sets the cursor just before it, so that no projector of the old log
can write any more. Then one script writes the whole log or nothing, as that attempt.
"""

from __future__ import annotations

import logging
from uuid import uuid4

from redis import Redis

from runs.models import Run
from runs.rows import story
from workflows.wire import codec
from workflows.wire.cursor import Cursor
from workflows.wire.log import open_call
from workflows.wire.script import run_script

logger = logging.getLogger(__name__)


def restore(client: Redis, run: Run, *, tip: Cursor, redis_run_id: str) -> bool:
    """False: somebody else moved the run. It is to be looked at again in either case.

    `client` must send nothing twice: if Redis forgets again in between, attempts opened since then
    would be opened a second time. Without an answer the next look takes a new number. Raises
    RedisError."""
    if not run.rewind(above=tip.attempt):
        return False
    told = story(run, run.spans.all())
    call = open_call(
        str(run.id),
        [codec.encode(one.body, at=one.at, span=one.span) for one in told],
        attempt=run.attempt,
        nonce=uuid4().hex,
        redis_run_id=redis_run_id,
        restore=True,
    )
    reply = run_script(client, call)
    logger.warning("run %s: its log was lost, restored from SQL: %s", run.id, reply.answer)
    return reply.ok
