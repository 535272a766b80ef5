"""`/api/runs/{id}/events`: the log, from any cursor, live or from the archive alike."""

from __future__ import annotations

import uuid
from typing import Any

from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI
from ninja.params.functions import Query
from redis.exceptions import RedisError

from runs import connections, history
from runs.api import streams
from runs.api.access import FindToken, find_run_async, needs
from runs.api.answers import accepted_type
from runs.api.document import described, header
from runs.api.problems import Problem, invalid, unavailable
from runs.models import Run
from workflows.wire import log
from workflows.wire.cursor import ZERO, Cursor

# A well-formed cursor that is in no log; Redis takes no number beyond 64 bits.
UNKNOWN = Cursor(10**15, 0)
CURSOR = "^([0-9]{1,15}-[0-9]{1,15})?$"
AFTER: Any = Query(None, pattern=CURSOR, example="1-17", description="The cursor that you have")
END = {204: "You have the end: there is nothing to come back for"}
# One that cannot be read only starts an EventSource again: it cannot be told that it is wrong.
LAST = "The cursor that an EventSource comes back with; wins over `after`"
HEADERS = (header("Last-Event-ID", LAST, "1-17"),)


def add(api: NinjaAPI, find_token: FindToken) -> None:
    @api.get(
        "/runs/{uuid:id}/events",
        auth=needs(find_token, "read"),
        openapi_extra=described({200: streams.CONTENT}, (406, 422), headers=HEADERS, empty=END),
    )
    async def get_events(
        request: HttpRequest, id: uuid.UUID, after: str | None = AFTER, follow: bool = True
    ) -> HttpResponseBase:
        """What the run says, from a cursor to its end. A client that has the end gets 204."""
        cursor = _cursor(request, after)
        media_type = accepted_type(request, streams.SSE, streams.NDJSON)
        if media_type is None:
            raise Problem(406, "not_acceptable", f"Accept {streams.SSE} or {streams.NDJSON}.")
        run = await find_run_async(request, id)
        if cursor != ZERO and cursor == await database_sync_to_async(_end)(run):
            return HttpResponse(status=204)
        if follow and not run.finished:
            return streams.stream(request, run, cursor, media_type)
        found = await history.aread(run, cursor)
        if not found.live:
            raise unavailable("The log cannot be read at the moment. Try again soon.")
        return streams.at_rest(found, media_type)


def _cursor(request: HttpRequest, after: str | None) -> Cursor:
    """Browsers cannot be told that their id is wrong: theirs only starts them again."""
    last = request.headers.get("Last-Event-ID")
    try:
        given = last or after
        return _bounded(Cursor.parse(given)) if given else ZERO
    except ValueError:
        if last:
            return UNKNOWN
        raise invalid("`after` is no cursor.", "should be like 1-17", "after") from None


def _bounded(cursor: Cursor) -> Cursor:
    if max(cursor) >= UNKNOWN.attempt:
        raise ValueError
    return cursor


def _end(run: Run) -> Cursor | None:
    """The id of the terminal event, if there is one yet; the row may not know it yet."""
    if run.finished:
        return run.cursor
    try:
        tip = log.tip(connections.redis(), str(run.id))
    except RedisError:
        return None
    return tip.id if tip is not None and tip.terminal else None
