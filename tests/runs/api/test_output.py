"""The output: as JSON when there is one, as text while it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from channels.db import database_sync_to_async
from django.test import Client

from runs.api import streams
from runs.erasing import erase
from runs.models import Run
from runs.tail import Batch
from tests.runs.api.scribe import POST, Scribe
from workflows.wire.events import Error, RunFailed, SpanStarted

TEXT = {"Accept": "text/plain"}


def test_output_is_the_value_itself(
    api: Client, run: Run, scribe: Scribe, project: Callable[[], None]
) -> None:
    scribe.complete()
    path = f"/api/runs/{run.id}/output"
    assert api.get(path).json() == POST
    project()
    assert api.get(path).json() == POST
    stored = api.get(path, headers=TEXT)
    assert stored["Content-Type"] == "text/plain; charset=utf-8"
    assert stored.content.decode() == POST["markdown"]


@pytest.mark.parametrize("archived", [False, True])
def test_run_that_failed_has_none(
    api: Client, run: Run, scribe: Scribe, project: Callable[[], None], archived: bool
) -> None:
    scribe.say(RunFailed(Error("timeout", "It took too long.")), None)
    if archived:
        project()
    why = {"type": "timeout", "message": "It took too long."}
    for headers in ({}, TEXT):
        response = api.get(f"/api/runs/{run.id}/output", headers=headers)
        assert response.status_code == 409
        assert response["Content-Type"] == "application/problem+json"
        body: dict[str, Any] = response.json()
        assert body["type"] == "urn:gxweb:no_output"
        assert body["error"] == why
        assert body["run"] == {"id": str(run.id), "status": "failed", "error": why}


def test_run_that_goes_on_has_none_yet(api: Client, run: Run) -> None:
    response = api.get(f"/api/runs/{run.id}/output")
    assert (response.status_code, response.json()["run"]["status"]) == (409, "queued")
    assert response.json()["error"] is None


def test_run_that_is_deleted_before_its_first_word_is_not_there(
    api: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def batches(*given: Any) -> AsyncIterator[Batch | None]:
        await database_sync_to_async(erase)(run)
        yield None

    monkeypatch.setattr(streams, "batches", batches)
    response = api.get(f"/api/runs/{run.id}/output", headers=TEXT)
    assert (response.status_code, response.json()["type"]) == (404, "urn:gxweb:not_found")


def test_text_flows_in_the_order_of_the_sections(
    web: httpx2.Client, run: Run, scribe: Scribe
) -> None:
    scribe.say(SpanStarted("blog", "h"))
    scribe.open(1)
    scribe.open(2)
    scribe.write(2, "Second.")
    scribe.write(1, "Fir")
    with web.stream("GET", f"/api/runs/{run.id}/output", headers=TEXT) as response:
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        found = response.iter_text()
        assert next(found) == "Fir"
        scribe.write(1, "st.", at=3)
        assert next(found) == "st."
        scribe.close(1)
        assert next(found) == "\n\nSecond."
        scribe.close(2)
        scribe.end()
        assert "".join(found) == ""


def test_run_that_ends_without_a_word_is_409(web: httpx2.Client, run: Run, scribe: Scribe) -> None:
    scribe.say(RunFailed(Error("timeout", "It took too long.")), None)
    response = web.get(f"/api/runs/{run.id}/output", headers=TEXT)
    assert response.status_code == 409
