"""The only doors to a run's beginning and end: `start` and `cancel`.

A crash, or Redis going away, after the row of a run is inserted is healed by the monitor, and is no
failure of the request. Whether a run has ended is judged by its log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from pydantic import TypeAdapter, ValidationError
from redis.exceptions import RedisError

from runs import connections, ending, entrance
from runs.connections import gx
from runs.entrance import Entrant as Entrant
from runs.entrance import Started as Started
from runs.models import Run
from runs.refusals import Finished as Finished
from runs.refusals import Invalid as Invalid
from runs.refusals import KeyReused as KeyReused
from runs.refusals import OverQuota as OverQuota
from runs.refusals import Refused as Refused
from runs.refusals import Unavailable as Unavailable
from workflows.catalog import CATALOG, Entry
from workflows.wire import codec
from workflows.wire.events import Limits, RunCancelled

INPUT_MAX = 2 * 1024 * 1024

# By name of a workflow: gathers from SQL what the compute plane cannot read, for the stored input.
Preparer = Callable[[AbstractBaseUser, dict[str, Any]], dict[str, Any]]
preparers: dict[str, Preparer] = {}


def start(*, owner: AbstractBaseUser, workflow: str, input: Any, key: str | None = None) -> Started:
    """Raises Invalid, KeyReused, OverQuota or Unavailable; then nothing was inserted."""
    entry = entry_of(workflow)
    asked = _parsed(entry, input)
    given = _stored(entry, asked)
    return enter(
        owner,
        key,
        _digest(entry, asked),
        lambda: Entrant(new_run(owner, entry, prepared(owner, entry, given))),
    )


def enter(
    owner: AbstractBaseUser, key: str | None, digest: str, make: Callable[[], Entrant]
) -> Started:
    """The one way in: the run that `make` gives, or the one that this key stands for.

    `digest` tells one request with a key from another. Raises KeyReused, OverQuota, Unavailable.
    """
    before = entrance.same(owner.pk, key, digest)
    if before is not None:
        return Started(before, created=False)
    entrant = make()
    entrant.run.key, entrant.run.body_hash = key, digest
    return entrance.enter(entrant)


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
    return _stored(entry, _parsed(entry, input))


def _parsed(entry: Entry, input: Any) -> Any:
    try:
        # By way of JSON: an input has no types but those of JSON, wherever it came from. Strict,
        # as the schema that we publish is: "800" is no number.
        return _adapter(entry.input).validate_json(codec.dumps(input), strict=True)
    except ValidationError as error:
        parts = error.errors(include_url=False, include_context=False, include_input=False)
        raise Invalid([dict(part) for part in parts]) from error


def _stored(entry: Entry, asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = _adapter(entry.input).dump_python(asked, mode="json")
    if len(codec.dumps(found)) > INPUT_MAX:
        raise Invalid([{"type": "too_large", "loc": (), "msg": "The input is over 2 MB"}])
    return found


def _digest(entry: Entry, asked: Any) -> str:
    """Of what was asked for, without defaults: a request that is sent again after a deploy is the
    same, though its workflow may be asked for more by now."""
    said = _adapter(entry.input).dump_python(asked, mode="json", exclude_defaults=True)
    return hashlib.sha256(entry.name.encode() + b"\0" + codec.dumps(said)).hexdigest()


@lru_cache
def _adapter(shape: type) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def entry_of(workflow: str) -> Entry:
    """Raises Invalid."""
    if workflow not in CATALOG:
        raise Invalid([{"type": "unknown", "loc": (), "msg": f"No workflow {workflow[:80]!r}"}])
    return CATALOG[workflow]
