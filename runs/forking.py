"""A new run from an old one: what the old one finished is offered to it, and not paid again.

The finished spans are copied, as rows, in the transaction that inserts the new run, so that the log
of a fork can always be written from its own rows: when `start` crashed before it, when Redis lost
it, and when the old run is deleted. Which of them are taken over is decided by identity, in the
worker, as after any restart. The new run is of the version that the catalog has today.

What SQL has finished is the truth: of a live run that is what its projector has seen. A run whose
log has ended is waited for, a moment, until all of it is in SQL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from threading import Event
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Count, Sum
from django.db.models.functions import Length
from redis.exceptions import RedisError

from runs import connections, history, lifecycle
from runs.lifecycle import Entrant, Invalid, Refused, Started, Unavailable
from runs.models import Run, Span
from workflows.wire import codec, log

MOST_SPANS = 20_000
MOST_CHARACTERS = 64 * 1024 * 1024  # of outputs and texts: they go into Redis by one script
SETTLES_S = 2.0
LOOK_S = 0.05
CARRIED = (
    "path", "name", "key", "label", "parent", "hash", "tries", "started_at", "finished_at",
    "duration_ms", "input_preview", "output", "cached", "said",
)  # fmt: skip
ALIKE = ("path", "name", "key", "label", "parent", "hash")


class NotResumable(Refused):
    """There is nothing to resume: the run is live, or has completed. `status`: which."""

    def __init__(self, status: str) -> None:
        super().__init__(f"the run is {status}")
        self.status = status


class TooLarge(Refused):
    """The run has finished more than one fork can take over."""


def fork(
    run: Run,
    *,
    owner: AbstractBaseUser,
    from_: Collection[str] = (),
    input: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> Started:
    """A new run that is offered all that `run` has finished, but for the spans at the paths `from_`
    and those above and below them. `input` is laid over the old input, field by field.

    With neither, it resumes a run that failed or was cancelled. Raises what `lifecycle.start` does
    (Invalid also for an unknown path), NotResumable or TooLarge; then nothing was inserted.
    """
    said = codec.dumps([str(run.pk), sorted(set(from_)), dict(input or {})])
    digest = hashlib.sha256(b"fork\0" + said).hexdigest()
    return lifecycle.enter(
        owner, key, digest, lambda: _entrant(run, owner, frozenset(from_), input or {})
    )


def _entrant(
    run: Run, owner: AbstractBaseUser, from_: frozenset[str], input: Mapping[str, Any]
) -> Entrant:
    _settle(run)
    if not (from_ or input) and run.status not in (Run.Status.FAILED, Run.Status.CANCELLED):
        raise NotResumable(run.status)
    new = lifecycle.new_run(
        owner,
        entry := lifecycle.entry_of(run.workflow),
        _input(owner, entry, run.input, input),
        forked_from=run,
    )
    _check_size(run)
    # In the order in which they began: a parent before those it called.
    spans = list(run.spans.order_by("number"))
    _check_paths(from_, spans)
    taken = list(_offered(spans, from_))
    return Entrant(new, list(_rows(run, new, spans, taken)))


def _settle(run: Run) -> None:
    """Wait until SQL has the end that the log has. Raises Unavailable."""
    if run.finished:
        return
    try:
        tip = log.tip(connections.redis(), str(run.pk))
    except RedisError as error:
        raise Unavailable from error
    if tip is None or not tip.terminal:
        return
    pause = Event()
    for _ in range(round(SETTLES_S / LOOK_S)):
        if Run.objects.finished().filter(pk=run.pk).exists():
            run.refresh_from_db(fields=("status", "finished_at"))
            return
        pause.wait(LOOK_S)
    raise Unavailable(retry_after=1)


def _input(
    owner: AbstractBaseUser, entry: Any, old: dict[str, Any], new: Mapping[str, Any]
) -> dict[str, Any]:
    """What was prepared stays as it was prepared: another reading would be another identity."""
    if not new:
        return old
    return lifecycle.prepared(owner, entry, lifecycle.checked(entry, {**old, **new}))


def _check_paths(from_: Collection[str], spans: Sequence[Span]) -> None:
    unknown = sorted(set(from_) - {span.path for span in spans})
    if unknown:
        raise Invalid(
            [
                {"type": "unknown", "loc": ("from",), "msg": f"No span {path[:200]!r} in this run"}
                for path in unknown[:10]
            ]
        )


def _offered(spans: Sequence[Span], from_: Collection[str]) -> Iterator[Span]:
    """The finished spans but for the root, which would be the end, and those that are to be done
    again: the named, what they called, and what called them."""
    again = set(_above({span.path: span.parent for span in spans}, from_))
    below: set[str | None] = set(from_)
    for span in spans:
        if span.parent in below:
            below.add(span.path)
        if span.status == "completed" and span.parent and span.path not in again | below:
            yield span


def _above(parents: Mapping[str, str | None], paths: Collection[str]) -> Iterator[str]:
    seen: set[str | None] = {None}
    for path in paths:
        above = parents.get(path)
        while above not in seen:
            seen.add(above)
            yield str(above)
            above = parents.get(str(above))


def _check_size(run: Run) -> None:
    """Before any of it is read: this process must not be filled by a run that is too large."""
    finished = run.spans.filter(status="completed")
    found = finished.aggregate(
        spans=Count("pk"), outputs=Sum(Length("output")), said=Sum(Length("said"))
    )
    size = (found["outputs"] or 0) + (found["said"] or 0)
    if found["spans"] > MOST_SPANS or size > MOST_CHARACTERS:
        raise TooLarge(f"{found['spans']:,} spans of {size:,} characters")


def _rows(old: Run, new: Run, spans: Sequence[Span], taken: Sequence[Span]) -> Iterator[Span]:
    """The spans of the new run: copies, and open those above them, the root first of all."""
    kept = {span.path for span in taken}
    open_ = set(_above({span.path: span.parent for span in spans}, kept)) - kept
    root = spans[0].path if spans else None
    number = 0
    for span in spans:
        if span.path in kept:
            yield _copy(old, new, span, number)
        elif span.path in open_ or span.path == root:
            said = _left(old, taken) if span.path == root else {}
            yield _opened(new, span, number, said)
        else:
            continue
        number += 1


def _copy(old: Run, new: Run, span: Span, number: int) -> Span:
    """Its usage stays where it was paid."""
    return Span(
        id=Span.make_id(new.id, span.path),
        run_id=new.id,
        number=number,
        status="completed",
        attempt=0,
        usage={"calls": []},
        copied=span.copied or f"{old.id}:{span.hash}",
        **{name: getattr(span, name) for name in CARRIED},
    )


def _opened(new: Run, span: Span, number: int, said: dict[str, Any]) -> Span:
    """To be done again: only where it stands is known of it."""
    return Span(
        id=Span.make_id(new.id, span.path),
        run_id=new.id,
        number=number,
        status="running",
        attempt=0,
        started_at=new.created_at,
        usage={"calls": []},
        said=said,
        **{name: getattr(span, name) for name in ALIKE},
    )


def _left(old: Run, taken: Sequence[Span]) -> dict[str, Any]:
    """What the old run's page shows and no copied span says: the root says it, so that nothing that
    had text is empty; it is stale as soon as a worker begins."""
    kept = {span.path for span in taken}
    again = {name for span in taken for name in span.said.get("texts", {})}
    state = history.state(old)
    texts = {
        name: channel.text
        for name, channel in state.channels.items()
        if channel.text and channel.span not in kept and name not in again
    }
    objects = {
        label: value
        for label, value in state.objects.items()
        if state.owners.get(label) not in kept
    }
    return {name: found for name, found in (("texts", texts), ("objects", objects)) if found}
