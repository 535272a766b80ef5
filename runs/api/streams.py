"""A run's events as they come, for programs: Server-Sent Events or a JSON object per line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar, cast

from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from runs import history
from runs.api import examples
from runs.api.access import Grant, grant_of
from runs.api.answers import accepted_type
from runs.api.document import REF
from runs.models import Run
from runs.tail import Batch, here
from workflows.wire import codec
from workflows.wire.cursor import Cursor
from workflows.wire.events import Event

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
PING_S = 15
PIECE = 32_000  # bytes after which what is to be said is said
# A stream outlives neither the session nor the token that opened it by more than a minute.
CHECK_S = 30
Answer = TypeVar("Answer", HttpResponse, StreamingHttpResponse)
CONTENT: dict[str, Any] = {
    # Of one event each: OpenAPI 3.1 has no word for a body that goes on.
    SSE: {"schema": {"$ref": REF.format(model="ServerSentEvent")}, "example": examples.FRAME},
    NDJSON: {"schema": {"$ref": REF.format(model="LogEvent")}, "example": examples.EVENT},
}
RESET = {SSE: b'event: reset\ndata: {"kind":"reset"}\n\n', NDJSON: b'{"kind":"reset"}\n'}
PING = b": ping\n\n"


def chosen(request: HttpRequest) -> str | None:
    """The kind of stream that the caller asks for, if it prefers one to a plain answer."""
    kind = accepted_type(request, "application/json", SSE, NDJSON)
    return kind if kind in {SSE, NDJSON} else None


def stream(request: HttpRequest, run: Run, after: Cursor, media_type: str) -> StreamingHttpResponse:
    """The events after `after`, live, to the end."""
    chunks = _follow(run, after, media_type, grant_of(request))
    return _unbuffered(StreamingHttpResponse(chunks, content_type=media_type))


def at_rest(found: history.History, media_type: str) -> HttpResponse:
    """What there is now, and no more."""
    said = b"".join(pieces(Batch(found.events, reset=found.reset), media_type))
    return _unbuffered(HttpResponse(said, content_type=media_type))


def pieces(batch: Batch, media_type: str) -> Iterator[bytes]:
    """Not all at once: what a reader does not take stays with us."""
    write = _sse if media_type == SSE else _ndjson
    said = RESET[media_type] if batch.reset else b""
    for event in batch.events:
        said += write(event)
        if len(said) >= PIECE:
            yield said
            said = b""
    if said:
        yield said


async def batches(run: Run, after: Cursor, grant: Grant) -> AsyncIterator[Batch | None]:
    """All batches to the end; None when there was nothing for as long as a ping should take."""
    if run.finished:
        found = await history.aread(run, after)
        yield Batch(found.events, reset=found.reset)
        return
    async with here().watch(run.id) as watch:
        checked = asyncio.get_running_loop().time()
        while True:
            try:
                # `wait_for` would make a task for each event and reader.
                async with asyncio.timeout(PING_S):
                    batch = await watch.events_after(after)
            except TimeoutError:
                yield None
            else:
                yield batch
                if batch.terminal or not batch.events:
                    return
                after = batch.events[-1].id
            now = asyncio.get_running_loop().time()
            if now - checked > CHECK_S:
                if not await _may_go_on(run, grant):
                    return
                checked = now


@database_sync_to_async  # type: ignore[untyped-decorator]
def _may_go_on(run: Run, grant: Grant) -> bool:
    """A run may have been deleted, or the right to see it taken away."""
    user = grant.again()
    return user is not None and Run.objects.visible_to(cast("Any", user)).contains(run)


async def _follow(run: Run, after: Cursor, media_type: str, grant: Grant) -> AsyncIterator[bytes]:
    async for batch in batches(run, after, grant):
        if batch is not None:
            for said in pieces(batch, media_type):
                yield said
        elif media_type == SSE:
            # JSON lines have no comments, and an empty line is not JSON.
            yield PING


def _unbuffered(response: Answer) -> Answer:
    response["Cache-Control"] = "no-store"
    # nginx would keep the events until its buffer is full.
    response["X-Accel-Buffering"] = "no"
    return response


def _sse(event: Event) -> bytes:
    # JSON holds no line break, so that one `data:` line takes all of it.
    said = codec.dumps(codec.to_json(event))
    return f"id: {event.id}\nevent: {event.kind}\ndata: ".encode() + said + b"\n\n"


def _ndjson(event: Event) -> bytes:
    return codec.dumps(codec.to_json(event)) + b"\n"
