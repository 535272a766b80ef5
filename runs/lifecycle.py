"""The only doors to a run's beginning and end: `start` and `cancel`.

A crash, or Redis going away, after the row of a run is inserted is healed by the monitor, and is no
failure of the request. Whether a run has ended is judged by its log.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import TypeAdapter, ValidationError
from redis import Redis
from redis.exceptions import RedisError

from runs import connections, ending, quota
from runs.connections import gx
from runs.doorbell import bell
from runs.estimate import expected
from runs.models import SETTLED_S, Run, Span
from runs.quota import Used
from runs.rows import story
from runs.turns import in_turn
from workflows.catalog import CATALOG, Entry
from workflows.wire import codec
from workflows.wire.events import Limits, RunCancelled
from workflows.wire.log import queue_call
from workflows.wire.orders import Order
from workflows.wire.script import Answer, run_script

logger = logging.getLogger(__name__)

INPUT_MAX = 2 * 1024 * 1024
FULL = 0.8  # of maxmemory: above it no run is admitted
MOST_WAITING = 100  # runs of one owner
RETRY_AFTER_S = 5
OVER_QUOTA_RETRY_S = 30
TOO_MANY = "You have as many runs under way as you may. Try again when one has ended."

# By name of a workflow: gathers from SQL what the compute plane cannot read, for the stored input.
Preparer = Callable[[AbstractBaseUser, dict[str, Any]], dict[str, Any]]
preparers: dict[str, Preparer] = {}


class Refused(Exception):
    """A run was not started, or not changed."""


class Invalid(Refused):
    """`errors`: what is wrong with the input, each with `loc` and `msg`."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(str(error["msg"]) for error in errors))
        self.errors = errors


class KeyReused(Refused):
    """The idempotency key stands for another request."""


class OverQuota(Refused):
    """`str()` says of what, in words for the one who asked."""

    def __init__(self, why: str = TOO_MANY, retry_after: int = OVER_QUOTA_RETRY_S) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Unavailable(Refused):
    def __init__(self, retry_after: int = RETRY_AFTER_S) -> None:
        super().__init__("no run can be taken now")
        self.retry_after = retry_after


class Finished(Refused):
    """The run has ended: nothing can be changed about it."""


@dataclass(frozen=True, slots=True)
class Started:
    """`created`: False when an equal request with the same key had started it before."""

    run: Run
    created: bool


def start(*, owner: AbstractBaseUser, workflow: str, input: Any, key: str | None = None) -> Started:
    """Raises Invalid, KeyReused, OverQuota or Unavailable; then nothing was inserted."""
    entry = entry_of(workflow)
    given = checked(entry, input)
    digest = hashlib.sha256(workflow.encode() + b"\0" + codec.dumps(given)).hexdigest()
    return enter(
        owner, key, digest, lambda: Entrant(new_run(owner, entry, prepared(owner, entry, given)))
    )


@dataclass(frozen=True, slots=True)
class Entrant:
    """A run that is not in SQL yet, and the finished spans that it comes with."""

    run: Run
    spans: Sequence[Span] = ()


def enter(
    owner: AbstractBaseUser, key: str | None, digest: str, make: Callable[[], Entrant]
) -> Started:
    """The one way in: the run that `make` gives, or the one that this key stands for.

    `digest` tells one request with a key from another. Raises KeyReused, OverQuota, Unavailable.
    """
    before = _same(owner, key, digest)
    if before is not None:
        return Started(before, created=False)
    admitted = _admit(connections.redis())
    entrant = make()
    entrant.run.key, entrant.run.body_hash = key, digest
    return _insert(owner, entrant, admitted)


def new_run(
    owner: AbstractBaseUser,
    entry: Entry,
    input: dict[str, Any],
    forked_from: Run | None = None,
) -> Run:
    return Run(
        owner_id=owner.pk,
        workflow=entry.name,
        version=entry.version,
        input=input,
        limits=asdict(Limits(gx().run_deadline_seconds, gx().run_usd, gx().run_tokens)),
        forked_from=forked_from,
    )


def prepared(owner: AbstractBaseUser, entry: Entry, given: dict[str, Any]) -> dict[str, Any]:
    prepare = preparers.get(entry.name)
    return given if prepare is None else prepare(owner, given)


def cancel(run: Run, *, by: str, reason: str = "") -> None:
    """Ends a run at once, worker or not. Raises Finished or Unavailable."""
    try:
        ending.end(connections.redis(), run, RunCancelled(by, reason[:1000]))
    except ending.Finished as error:
        raise Finished from error
    except (RedisError, ending.Unsettled) as error:
        raise Unavailable from error


def checked(entry: Entry, input: Any) -> dict[str, Any]:
    """The input with its defaults, as it is stored. Raises Invalid."""
    adapter = _adapter(entry.input)
    try:
        # By way of JSON: an input has no types but those of JSON, wherever it came from. Strict,
        # as the schema that we publish is: "800" is no number.
        found: dict[str, Any] = adapter.dump_python(
            adapter.validate_json(codec.dumps(input), strict=True), mode="json"
        )
    except ValidationError as error:
        parts = error.errors(include_url=False, include_context=False, include_input=False)
        raise Invalid([dict(part) for part in parts]) from error
    if len(codec.dumps(found)) > INPUT_MAX:
        raise Invalid([{"type": "too_large", "loc": (), "msg": "The input is over 2 MB"}])
    return found


@lru_cache
def _adapter(shape: type) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def entry_of(workflow: str) -> Entry:
    """Raises Invalid."""
    if workflow not in CATALOG:
        raise Invalid([{"type": "unknown", "loc": (), "msg": f"No workflow {workflow[:80]!r}"}])
    return CATALOG[workflow]


def _same(owner: AbstractBaseUser, key: str | None, digest: str) -> Run | None:
    """The run that an equal request with this key has started. Raises KeyReused."""
    if key is None:
        return None
    found = Run.objects.filter(owner_id=owner.pk, key=key).first()
    if found is not None and found.body_hash != digest:
        raise KeyReused
    return found


@dataclass(frozen=True)
class Admitted:
    """By which Redis, and until when (ms by its clock) the run may be announced from here."""

    redis_run_id: str
    until: int


def _admit(client: Redis) -> Admitted:
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


def _insert(owner: AbstractBaseUser, entrant: Entrant, admitted: Admitted) -> Started:
    run = entrant.run
    # Before the line, where others wait: what is used and expected changes whoever starts a run.
    used, wanted = quota.used(owner.pk, timezone.now()), expected(run.workflow)
    try:
        with in_turn(owner):
            before = _same(owner, run.key, run.body_hash)
            if before is not None:
                return Started(before, created=False)
            _within_quota(run, used, wanted)
            if entrant.spans:
                # First, since it may take its time: once the run is there, the monitor soon
                # announces what is not announced.
                Span.objects.bulk_create(entrant.spans, batch_size=50)
                admitted, run.created_at = _admit(connections.redis()), timezone.now()
            run.attempt_server = admitted.redis_run_id
            run.save(force_insert=True)
            transaction.on_commit(partial(_announce, entrant, admitted), robust=True)
    except IntegrityError:
        # Another request with this key was first.
        before = _same(owner, run.key, run.body_hash)
        if before is None:
            raise
        return Started(before, created=False)
    return Started(run, created=True)


def _within_quota(run: Run, used: Used, wanted: tuple[float, int]) -> None:
    """Bounds the run by what is left of its owner's day. Raises OverQuota."""
    live = quota.live(run.owner_id)
    # One that waits holds nothing but its log, and may do so for days.
    if live.under_way >= gx().user_concurrent_runs or live.waiting >= MOST_WAITING:
        raise OverQuota
    today = quota.day_of(used, live)
    if today.over:
        raise OverQuota(today.told, today.retry_after(timezone.now()))
    run.limits = asdict(today.limits(run.bounds))
    quota.hold(run, *wanted)


def _announce(entrant: Entrant, admitted: Admitted) -> None:
    """The rows are there: open the log and ring. What fails here the monitor does later, from the
    same rows."""
    run = entrant.run
    told = story(run, entrant.spans, restored=False)
    batch = [codec.encode(one.body, at=one.at, span=one.span) for one in told]
    lease_ms = round(gx().lease_seconds * 1000)
    call = queue_call(str(run.id), *batch, due_ms=lease_ms, not_after=admitted.until)
    try:
        said = run_script(connections.redis(), call)
    except RedisError as error:
        logger.warning("run %s is not announced yet: %s", run.id, error)
        return
    if said.answer is not Answer.LATE:
        order = Order(str(run.id), run.workflow, run.version, run.attempt, admitted.redis_run_id)
        bell().ring(order)
