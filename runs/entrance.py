"""Where new runs enter: into SQL, then into a log, then to a worker's ears.

Those of one owner that come at once enter together: one look at Redis and at the quota, one
transaction, one message to each of log and bell. None is answered before its row is there for good.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone
from redis import Redis
from redis.exceptions import NoScriptError, RedisError

from runs import connections, quota
from runs.connections import gx
from runs.doorbell import bell
from runs.estimate import expected
from runs.models import SETTLED_S, Run, Span
from runs.refusals import KeyReused, Refused, Unavailable
from runs.rows import story
from runs.together import Together
from runs.turns import in_turn
from workflows.wire import codec
from workflows.wire.log import queue_call
from workflows.wire.orders import Order
from workflows.wire.script import Answer, ScriptCall, reply, run_script

logger = logging.getLogger(__name__)

FULL = 0.8  # of maxmemory: above it no run is admitted
# How long the looks before the line are good. Meanwhile runs end, and what they hold is what they
# have spent; and who comes too late to announce a run leaves that to the monitor, for seconds.
FRESH_S = 0.1


@dataclass(frozen=True, slots=True)
class Started:
    """`created`: False when an equal request with the same key had started it before."""

    run: Run
    created: bool


@dataclass(frozen=True, slots=True)
class Entrant:
    """A run that is not in SQL yet, and the finished spans that it comes with."""

    run: Run
    spans: Sequence[Span] = ()


Outcome = Started | Exception


def enter(entrant: Entrant) -> Started:
    """Raises KeyReused, OverQuota or Unavailable; then nothing was inserted."""
    # What is in a transaction already has SQLite's lock: others wait for it.
    if not connection.in_atomic_block:
        return (_singly if entrant.spans else _together).ask(entrant.run.owner_id, entrant)
    [outcome] = _enter([entrant], _nothing)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def same(owner_id: int, key: str | None, digest: str) -> Run | None:
    """The run that an equal request with this key has started. Raises KeyReused."""
    if key is None:
        return None
    found = Run.objects.filter(owner_id=owner_id, key=key).first()
    if found is not None and found.body_hash != digest:
        raise KeyReused
    return found


def _enter(entrants: Sequence[Entrant], go_on: Callable[[], None]) -> list[Outcome]:
    """All of one owner. `go_on`: the next may begin."""
    try:
        return _inserted(entrants, go_on)
    except (IntegrityError, DataError, ValueError):
        # Another request with one of these keys was first, or SQL will not have one of them.
        return [_alone(entrant) for entrant in entrants]


def _alone(entrant: Entrant) -> Outcome:
    try:
        return _inserted([entrant], _nothing)[0]
    except Exception as error:  # noqa: BLE001 - its own, whatever it is
        return error


_together: Together[Entrant, Started] = Together(_enter)
_singly: Together[Entrant, Started] = Together(_enter, most=1)  # spans take their time


@dataclass(frozen=True)
class Admitted:
    """By which Redis, and until when (ms by its clock) a run may be announced from here."""

    redis_run_id: str
    until: int


def admit(client: Redis) -> Admitted:
    """A Redis that can take another log. Raises Unavailable."""
    try:
        said = client.info("memory", "persistence", "server")
    except RedisError as error:
        raise Unavailable from error
    most = said.get("maxmemory", 0)
    full = most and said["used_memory"] > FULL * most
    if full or said.get("loading") or said.get("aof_last_write_status") == "err":
        raise Unavailable
    now = int(said["server_time_usec"]) // 1000
    return Admitted(str(said["run_id"]), now + round(SETTLED_S * 1000))


def _inserted(entrants: Sequence[Entrant], go_on: Callable[[], None]) -> list[Outcome]:
    looked, admitted = time.monotonic(), admit(connections.redis())
    owner_id = entrants[0].run.owner_id
    # Before the line, where others wait: what is used and expected changes whoever starts a run.
    used = quota.used(owner_id, timezone.now())
    wanted = {name: expected(name) for name in {one.run.workflow for one in entrants}}
    with in_turn(owner_id):
        transaction.on_commit(go_on)
        if time.monotonic() - looked > FRESH_S:
            admitted, used = admit(connections.redis()), quota.used(owner_id, timezone.now())
        left = quota.Left.of(owner_id, used)
        outcomes = list(_outcomes(entrants, left, wanted))
        entering = [
            one
            for one, outcome in zip(entrants, outcomes, strict=True)
            if isinstance(outcome, Started) and outcome.run is one.run
        ]
        if any(one.spans for one in entering):
            admitted = _bring_spans(entering)
        _insert([one.run for one in entering], admitted)
        transaction.on_commit(partial(announce, entering, admitted), robust=True)
    return outcomes


def _outcomes(
    entrants: Sequence[Entrant], left: quota.Left, wanted: dict[str, tuple[float, int]]
) -> Iterator[Outcome]:
    """Of each, as if they had come one after another."""
    keys: dict[str, Run] = {}
    for run in (entrant.run for entrant in entrants):
        try:
            before = _keyed(keys, run) or same(run.owner_id, run.key, run.body_hash)
            if before is None:
                left.take(run, *wanted[run.workflow])
        except Refused as refusal:
            yield refusal
            continue
        if run.key is not None:
            keys.setdefault(run.key, before or run)
        yield Started(before or run, created=before is None)


def _keyed(keys: dict[str, Run], run: Run) -> Run | None:
    found = keys.get(run.key or "")
    if found is not None and found.body_hash != run.body_hash:
        raise KeyReused
    return found


def _bring_spans(entering: Sequence[Entrant]) -> Admitted:
    """First, since it may take its time: once the run is there, the monitor soon announces what is
    not announced."""
    spans = [span for one in entering for span in one.spans]
    Span.objects.bulk_create(spans, batch_size=50)
    return admit(connections.redis())


def _insert(runs: Sequence[Run], admitted: Admitted) -> None:
    for run in runs:
        run.attempt_server, run.created_at = admitted.redis_run_id, timezone.now()
    Run.objects.bulk_create(runs)


def announce(entrants: Sequence[Entrant], admitted: Admitted) -> None:
    """The rows are there: open the logs and ring. What fails here the monitor does later, from the
    same rows."""
    if not entrants:
        return
    try:
        answers = _run([_opening(one, admitted) for one in entrants])
    except RedisError as error:
        told = ", ".join(str(one.run.id) for one in entrants)
        logger.warning("run %s is not announced yet: %s", told, error)
        return
    opened = [
        one.run for one, answer in zip(entrants, answers, strict=True) if answer is not Answer.LATE
    ]
    if opened:
        bell().ring(*(_order(run, admitted) for run in opened))


def _opening(entrant: Entrant, admitted: Admitted) -> ScriptCall:
    run = entrant.run
    told = story(run, entrant.spans, restored=False)
    batch = [codec.encode(one.body, at=one.at, span=one.span) for one in told]
    lease_ms = round(gx().lease_seconds * 1000)
    return queue_call(str(run.id), *batch, due_ms=lease_ms, not_after=admitted.until)


def _run(calls: Sequence[ScriptCall]) -> list[Answer]:
    """In one round trip. Raises RedisError: then nothing is known of any."""
    pipe: Any = connections.redis().pipeline(transaction=False)
    for call in calls:
        pipe.execute_command(*call.evalsha())
    return [
        _answer(call, said)
        for call, said in zip(calls, pipe.execute(raise_on_error=False), strict=True)
    ]


def _answer(call: ScriptCall, said: Any) -> Answer:
    if isinstance(said, NoScriptError):
        return run_script(connections.redis(), call).answer
    if isinstance(said, Exception):
        raise said
    return reply(said).answer


def _order(run: Run, admitted: Admitted) -> Order:
    return Order(str(run.id), run.workflow, run.version, run.attempt, admitted.redis_run_id)


def _nothing() -> None:
    """Nobody waits for this."""
