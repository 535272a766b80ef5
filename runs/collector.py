"""Brings the spend streams to the ledger, and trims what it has brought.

Each record may come twice and in any order; several collectors may read the same ones. A stream is
trimmed behind what its reader has committed, so that nothing is lost, and never holds more than
what came since.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from pydantic import TypeAdapter
from redis import Redis

from runs import ledger, totals
from runs.fields import moment
from runs.ledger import Call
from runs.models import Run, Span
from workflows.wire import keys
from workflows.wire.log import Entry
from workflows.wire.spend import Try, decode

logger = logging.getLogger(__name__)

_TRY = TypeAdapter(Try)
BATCH = 500  # records of one bucket in one poll


class Collector:
    def __init__(self, client: Redis) -> None:
        self.client = client

    def poll(self) -> bool:
        """True: there is more, go on at once. Raises what Redis and SQL do when they are away."""
        pipe: Any = self.client.pipeline(transaction=False)
        for number in range(keys.BUCKETS):
            pipe.xrange(keys.spend(number), count=BATCH)
        found: list[list[Entry]] = pipe.execute()
        if not any(found):
            return False
        if not _taken(list(_tries(entry for entries in found for entry in entries))):
            return False  # an owner or a run has just gone: look again
        self._trim(found)
        return any(len(entries) == BATCH for entries in found)

    def _trim(self, found: Sequence[Sequence[Entry]]) -> None:
        """Ids only rise: nothing that was not read is below the last one."""
        pipe: Any = self.client.pipeline(transaction=False)
        for number, entries in enumerate(found):
            if entries:
                stream = keys.spend(number)
                pipe.execute_command("XTRIM", stream, "MINID", _after(entries[-1][0]))
        pipe.execute()


def _after(id: bytes) -> str:
    milliseconds, number = id.split(b"-")
    return f"{milliseconds.decode()}-{int(number) + 1}"


def _tries(entries: Iterable[Entry]) -> Iterable[Try]:
    """What a strange worker wrote must not hold up the others."""
    for id, entry in entries:
        try:
            yield _TRY.validate_python(asdict(decode(entry)))
        except ValueError:
            # Not what it says: a step's path may be of somebody's words.
            logger.error("no record of a try, left out: %s", id)


def _taken(tries: Sequence[Try]) -> bool:
    try:
        take(tries)
    except IntegrityError:
        logger.info("the ledger is written again: something it points to has just gone")
        return False
    return True


@transaction.atomic
def take(tries: Sequence[Try]) -> None:
    """Write them, and bring the totals of their runs up to date, all or nothing."""
    owners = _owners(tries)
    # Whoever deletes one of them waits for us, or we for them.
    runs = {run.pk: run for run in _runs(tries)}
    begun: dict[str, Call] = {}
    ended: dict[str, Call] = {}
    for tried in tries:
        if (row := _row(tried, owners, runs)) is not None:
            (begun if tried.ended_at is None else ended)[row.pk] = row
    ledger.write(begun.values(), ended.values())
    for run in runs.values():
        totals.settle(run)


def _owners(tries: Iterable[Try]) -> set[int]:
    """Locked before the runs are, as a start does."""
    wanted = {int(tried.owner) for tried in tries if tried.owner.isdecimal()}
    wanted |= set(Run.objects.filter(pk__in=_ids(tries)).values_list("owner_id", flat=True))
    known = get_user_model().objects.select_for_update(no_key=True).order_by("pk")
    possible = {pk for pk in wanted if pk < 2**63}  # the key of an account has eight bytes
    return set(known.filter(pk__in=possible).values_list("pk", flat=True))


def _ids(tries: Iterable[Try]) -> set[UUID]:
    return {UUID(tried.run) for tried in tries if keys.is_run(tried.run.encode())}


def _runs(tries: Iterable[Try]) -> Iterable[Run]:
    locked = Run.objects.select_for_update().order_by("pk").filter(pk__in=_ids(tries))
    return locked.only("pk", "owner_id", "calls", "prompt_tokens", "completion_tokens", "cost_usd")


def _row(tried: Try, owners: set[int], runs: dict[UUID, Run]) -> Call | None:
    """None: it was nobody's whom we know, so nobody is to pay for it."""
    run = runs.get(UUID(tried.run)) if keys.is_run(tried.run.encode()) else None
    owner = int(tried.owner) if tried.owner.isdecimal() else None
    if run is not None:
        owner = run.owner_id
    if owner not in owners:
        return None
    return Call(
        id=tried.id,
        owner_id=owner,
        run=run,
        span=None if run is None else Span.make_id(run.pk, tried.span),
        attempt=tried.attempt,
        workflow=tried.workflow,
        provider=tried.provider,
        model=tried.model,
        began_at=moment(tried.began_at),
        ended_at=None if tried.ended_at is None else moment(tried.ended_at),
        prompt_tokens=tried.prompt_tokens,
        completion_tokens=tried.completion_tokens,
        cost_usd=tried.cost_usd,
        expected_tokens=tried.expected_tokens,
        expected_usd=tried.expected_usd,
        status=tried.status,
    )
