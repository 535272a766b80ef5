"""`/api/workflows`: what can be started, and starting it. One route per workflow of the catalog."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

from channels.db import database_sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI

from runs import lifecycle
from runs.api import presentation, shapes, streams
from runs.api.access import FindToken, grant_of, needs
from runs.api.admission import KEY_HEADER, key_of, refusals
from runs.api.answers import answer
from runs.api.bodies import read_object
from runs.api.document import described, example_of, header, json_of, leading, workflow
from runs.api.problems import not_found
from runs.models import Run
from runs.tail import NotFollowed, here
from workflows.catalog import CATALOG, Entry
from workflows.wire.cursor import ZERO

LONGEST_WAIT_S = 300
AFTERWARDS = (
    *("get_run", "get_events", "get_output", "get_trace"),
    *("cancel_run", "answer_run", "signal_run", "fork_run"),
)
WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,9})\"?(?=$|[,;\s])", re.IGNORECASE)
HEADERS = (
    KEY_HEADER,
    # What cannot be read is ignored, as RFC 7240 says, so that anything may stand here.
    header("Prefer", "`wait=N` (≤ 300 s): answer with the output if it ends in time", "wait=5"),
)


def add(api: NinjaAPI, find_token: FindToken) -> None:
    reads, starts = needs(find_token, "read"), needs(find_token, "start")

    @api.get("/workflows", auth=reads, openapi_extra=described({200: shapes.Workflows}))
    def list_workflows(request: HttpRequest) -> HttpResponse:
        """What can be started here."""
        return answer({"items": [workflow(entry) for entry in CATALOG.values()], "next": None})

    @api.get("/workflows/{name}", auth=reads, openapi_extra=described({200: shapes.Workflow}))
    def get_workflow(request: HttpRequest, name: str) -> HttpResponse:
        """One of them, with the shapes of its input and output, and what a run of it takes, from
        the runs before it; `estimate` is null while there are too few."""
        if name not in CATALOG:
            raise not_found()
        return answer(workflow(CATALOG[name]))

    for entry in CATALOG.values():
        api.post(
            f"/workflows/{entry.name}/runs",
            auth=starts,
            operation_id=f"start_{entry.name}",
            summary=f"Start: {entry.title}",
            description=f"{entry.description} Its output is a `{entry.output.__name__}`.",
            openapi_extra=_start_description(entry),
        )(_start(entry))


def _start_description(entry: Entry) -> dict[str, Any]:
    described_start = described(
        {
            200: {**json_of(shapes.EndedRun, shapes.StartedRun), **streams.CONTENT},
            202: shapes.StartedRun,
        },
        (400, 409, 413, 415, 422, 429, 503),
        body=entry.input,
        example=example_of(entry),
        headers=HEADERS,
    )
    return leading(described_start, 202, *AFTERWARDS)


def _start(entry: Entry) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    async def start(request: HttpRequest) -> HttpResponseBase:
        body = read_object(request)
        run, created = await database_sync_to_async(_started)(request, entry, body, key_of(request))
        media_type = streams.chosen(request)
        if media_type is not None:
            response: HttpResponseBase = streams.stream(request, run, ZERO, media_type)
        else:
            response = await _answer(request, run, created=created)
        response["Location"] = request.build_absolute_uri(f"/api/runs/{run.id}")
        return response

    start.__name__ = f"start_{entry.name}"
    return start


def _started(
    request: HttpRequest, entry: Entry, body: dict[str, Any], key: str | None
) -> tuple[Run, bool]:
    with refusals():
        started = lifecycle.start(
            owner=cast("Any", grant_of(request).user), workflow=entry.name, input=body, key=key
        )
    return started.run, started.created


async def _answer(request: HttpRequest, run: Run, *, created: bool) -> HttpResponse:
    wait = _wait(request)
    if wait is None and created:
        return answer(presentation.started(request, run), 202)
    applied = {} if wait is None else {"Preference-Applied": f"wait={wait}"}
    if wait is not None:
        await _until_end(run, wait)
    run = await database_sync_to_async(_reread)(run)
    if wait is not None and run.status in {"completed", "failed", "cancelled"}:
        return answer(presentation.ended(request, run), headers=applied)
    return answer(presentation.started(request, run), 202 if created else 200, applied)


async def _until_end(run: Run, seconds: int) -> None:
    if run.finished:
        return
    # Whoever cannot wait here learns what we know: the run itself is none the worse.
    with contextlib.suppress(TimeoutError, NotFollowed):
        async with asyncio.timeout(seconds), here().watch(run.id) as watch:
            async for batch in watch.events():
                if batch.terminal:
                    return


def _reread(run: Run) -> Run:
    return presentation.fresh(Run.objects.get(pk=run.pk))


def _wait(request: HttpRequest) -> int | None:
    """RFC 7240: what we cannot read or honour is ignored, a longer wait is shortened."""
    found = WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found[1]), LONGEST_WAIT_S) if found else None
