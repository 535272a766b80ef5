"""`/api/runs/{id}/output`: what a run was started for."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import Any

from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI

from runs.api import presentation, streams
from runs.api.access import FindToken, Grant, find_run_async, grant_of, needs
from runs.api.answers import accepted_type, answer
from runs.api.article import Article
from runs.api.document import described
from runs.api.problems import Problem
from runs.models import Run
from workflows.wire.cursor import ZERO

JSON = "application/json"
TEXT = "text/plain"
CONTENT: dict[str, Any] = {
    JSON: {"schema": {}, "example": {"title": "What a heat pump does", "markdown": "…"}},
    TEXT: {"schema": {"type": "string"}, "example": "## Heat moves\n…"},
}
KIND = "text/plain; charset=utf-8"


def add(api: NinjaAPI, find_token: FindToken) -> None:
    @api.get(
        "/runs/{uuid:id}/output",
        auth=needs(find_token, "read"),
        openapi_extra=described({200: CONTENT}, (406, 409)),
    )
    async def get_output(request: HttpRequest, id: uuid.UUID) -> HttpResponseBase:
        """The output; as text/plain the article, while it is being written too."""
        run = await find_run_async(request, id)
        run = await database_sync_to_async(presentation.fresh)(run)
        if accepted_type(request, JSON, TEXT) != TEXT:
            return answer(run.output) if run.status == "completed" else _none(run)
        if run.status == "completed":
            return _stored(run)
        if run.status in {"failed", "cancelled"}:
            return _none(run)
        return await _live(run, grant_of(request))


def _stored(run: Run) -> HttpResponse:
    """The output itself if it is a text, else its Markdown."""
    text = run.output.get("markdown") if isinstance(run.output, dict) else run.output
    if not isinstance(text, str):
        raise Problem(406, "not_acceptable", "This output has no text. Accept application/json.")
    response = HttpResponse(text, content_type=KIND)
    response["Cache-Control"] = "no-store"
    return response


async def _live(run: Run, grant: Grant) -> HttpResponseBase:
    """Answers with the first words: a run that ends without any has no output to begin."""
    article = Article()
    pieces = _pieces(run, grant, article)
    first = await anext(pieces, None)
    if first is None:
        return _none(await database_sync_to_async(_reread)(run))
    response = StreamingHttpResponse(_joined(first, pieces), content_type=KIND)
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _pieces(run: Run, grant: Grant, article: Article) -> AsyncIterator[bytes]:
    async for batch in streams.batches(run, ZERO, grant):
        said = article.feed(batch) if batch is not None else ""
        if said:
            yield said.encode("utf-8", "replace")


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _reread(run: Run) -> Run:
    return presentation.fresh(Run.objects.get(pk=run.pk))


def _none(run: Run) -> HttpResponse:
    """`status` is HTTP's in every problem; the run's is in `run`."""
    why = presentation.error(run)
    detail = f"The run is {run.status} and has no output."
    about = {"id": str(run.id), "status": run.status, "error": why}
    return Problem(409, "no_output", detail, run=about, error=why).response()
