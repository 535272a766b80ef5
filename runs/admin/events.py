"""A run's raw events: a window of them as a page, all of them as a file."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from runs import connections, listing
from runs.admin.access import seen
from runs.lifecycle import Unavailable
from runs.models import Run
from runs.render.now import duration
from workflows.wire import codec, log
from workflows.wire.cursor import ZERO, Cursor
from workflows.wire.events import BODIES, Event

WINDOW = 200
PIECE = 1000  # events read at once
PIECE_BYTES = 64 * 1024
SHOWN = 4_000  # characters of one event on a page; the file has all of it
FOLLOWED = 1_000  # rows that a page which follows the run grows to
KINDS: list[str] = [getattr(body, "kind") for body in BODIES]  # noqa: B009 (a ClassVar)


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    since: str
    kind: str
    span: str
    data: str
    cut: bool


@require_safe
@never_cache
def events(request: HttpRequest, id: UUID) -> HttpResponse:
    run = seen(request, id)
    after, kind = _after(request), request.GET.get("kind", "")
    had = _number(request.GET.get("had", ""))
    try:
        found = window(run, after, kind)
    except RedisError:
        found = None
    shown = [_line(run, event) for event in (found or [])[:WINDOW]]
    more = found is not None and len(found) > WINDOW
    context = {
        **admin.site.each_context(request),
        "title": "Events",
        "run": run,
        "subject": listing.subject(run) or listing.title(run.workflow),
        "lines": shown,
        "kind": kind,
        "kinds": KINDS,
        "away": found is None,
        "first": after == ZERO,
        "next": shown[-1].id if shown else str(after),
        "more": more,
        "had": had + len(shown),
        "follow": not (run.finished or more or kind or had + len(shown) > FOLLOWED),
    }
    only = "admin/runs/run/event_rows.html" if request.GET.get("had") else None
    return render(request, only or "admin/runs/run/events.html", context)


@require_safe
@never_cache
def download(request: HttpRequest, id: UUID) -> HttpResponseBase:
    run = seen(request, id)
    try:
        lines = File(run)
    except RedisError as error:
        raise Unavailable from error
    return StreamingHttpResponse(
        lines,
        content_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{run.pk}.ndjson"'},
    )


def window(run: Run, after: Cursor, kind: str = "") -> list[Event]:
    """The next events of that kind, one more than a page shows. Raises RedisError."""
    found: list[Event] = []
    for piece in _read(run, after):
        found += [event for event in piece if not kind or event.kind == kind]
        if len(found) > WINDOW:
            break
    return found[: WINDOW + 1]


def _read(run: Run, after: Cursor) -> Iterator[list[Event]]:
    """The log in pieces: one of a million events must not be in memory at once."""
    if run.finished:
        yield [event for event in run.archive.events if event.id > after]
        return
    while piece := log.read(connections.redis(), str(run.pk), after, count=PIECE):
        yield piece
        after = piece[-1].id


class File:
    """Lines of JSON, piece by piece, to where the log was when they were asked for."""

    def __init__(self, run: Run) -> None:
        self._pieces = _bytes(run)
        self._first = next(self._pieces, b"")

    def _next(self) -> bytes:
        return next(self._pieces, b"")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        piece = self._first
        while piece:
            yield piece
            piece = await sync_to_async(self._next)()


def _bytes(run: Run) -> Iterator[bytes]:
    if run.finished:
        with gzip.open(BytesIO(run.archive.gz)) as lines:
            while piece := lines.read(PIECE_BYTES):
                yield piece
    else:
        for events in _read(run, ZERO):
            yield b"".join(codec.dumps(codec.to_json(event)) + b"\n" for event in events)


def _line(run: Run, event: Event) -> Line:
    told = codec.to_json(event)
    data = codec.dumps(told["data"]).decode()
    since = event.at - round(run.created_at.timestamp() * 1000)
    return Line(
        str(event.id), duration(max(0, since)), event.kind, event.span or "", data[:SHOWN],
        len(data) > SHOWN,
    )  # fmt: skip


def _after(request: HttpRequest) -> Cursor:
    try:
        cursor = Cursor.parse(request.GET.get("after", ""))
    except ValueError:
        return ZERO
    return cursor if max(cursor) < 2**53 else ZERO  # Redis takes no number beyond 64 bits


def _number(said: str) -> int:
    return int(said) if said.isdecimal() and len(said) < 9 else 0
