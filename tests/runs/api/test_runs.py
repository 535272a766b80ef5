"""Lists, one run, calling it off: as fresh as its log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from gxweb.accounts.models import User
from runs import lifecycle
from runs.api import runs as runs_api
from runs.models import Run
from tests.runs.api.scribe import POST, Scribe
from tests.valkey import free_port
from workflows.wire.events import Error, RunFailed, RunWaiting, SpanStarted, Status

JSON = "application/json"


def get(api: Client, run: Run, rest: str = "") -> Any:
    return api.get(f"/api/runs/{run.id}{rest}").json()


def test_queued_run(api: Client, run: Run) -> None:
    found = get(api, run)
    created = run.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert found.pop("links")["self"].endswith(str(run.id))
    assert found.pop("input")["topic"] == "Light"
    assert found == {
        "id": str(run.id),
        "workflow": "blog",
        "version": 1,
        "current_version": None,
        "status": "queued",
        "attempt": 0,
        "output": None,
        "error": None,
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0, "calls": 0},
        "created_at": created,
        "started_at": None,
        "finished_at": None,
        "progress": {"done": None, "total": None, "message": ""},
        "waiting": None,
        "forked_from": None,
    }


def test_live_run_is_told_from_its_log(api: Client, run: Run, scribe: Scribe) -> None:
    scribe.say(SpanStarted("blog", "h"))
    scribe.say(Status("writing", 2, 5))
    found = get(api, run)
    assert (found["status"], found["attempt"]) == ("running", 1)
    assert found["progress"] == {"done": 2, "total": 5, "message": "writing"}
    assert found["started_at"].endswith("Z")


def test_while_redis_is_away_a_run_is_told_from_its_row(
    api: Client, run: Run, scribe: Scribe, project: Callable[[], None], settings: Settings
) -> None:
    scribe.say(SpanStarted("blog", "h"))
    scribe.say(Status("writing", 2, 5))
    scribe.say(RunWaiting("outline", "The outline", {"type": "object"}))
    project()
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    found = get(api, run)
    assert (found["status"], found["waiting"]["key"]) == ("waiting", "outline")
    assert found["progress"] == {"done": 2, "total": 5, "message": "writing"}
    assert api.get(f"/api/runs/{run.id}/output").status_code == 409


def test_end_is_seen_before_and_after_its_row(
    api: Client, run: Run, scribe: Scribe, project: Callable[[], None]
) -> None:
    scribe.complete()
    before = get(api, run)
    project()
    assert Run.objects.get().finished
    assert get(api, run) == before
    assert (before["status"], before["output"]) == ("completed", POST)
    assert before["usage"] == {
        "prompt_tokens": 10, "completion_tokens": 5, "cost_usd": 0.25, "calls": 1,
    }  # fmt: skip
    assert before["finished_at"].endswith("Z")


def test_failure_is_a_sentence(api: Client, run: Run, scribe: Scribe) -> None:
    scribe.say(RunFailed(Error("timeout", "It took too long.")), None)
    assert get(api, run)["error"] == {"type": "timeout", "message": "It took too long."}


def test_list_is_newest_first_and_in_pages(
    api: Client, ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_api, "PAGE", 2)
    ids = [str(Run.objects.create(owner=ada, workflow="blog", version=1, input={}).id)
           for _ in range(5)]  # fmt: skip
    Run.objects.create(owner=bob, workflow="blog", version=1, input={})
    seen: list[str] = []
    after = ""
    while True:
        page = api.get("/api/runs" + (f"?after={after}" if after else "")).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == ids[::-1]
    assert "output" not in page["items"][0]


def test_list_is_filtered(api: Client, ada: User) -> None:
    for workflow in ("blog", "ingest"):
        Run.objects.create(owner=ada, workflow=workflow, version=1, input={})
    assert len(api.get("/api/runs?workflow=ingest").json()["items"]) == 1
    assert len(api.get("/api/runs?status=queued").json()["items"]) == 2
    assert api.get("/api/runs?status=failed").json() == {"items": [], "next": None}


def test_page_after_the_run_of_another_is_not_found(api: Client, bob: User) -> None:
    other = Run.objects.create(owner=bob, workflow="blog", version=1, input={})
    assert api.get(f"/api/runs?after={other.id}").status_code == 404


def test_cancellation_ends_it_at_once_and_once(api: Client, run: Run, scribe: Scribe) -> None:
    path = f"/api/runs/{run.id}/cancellation"
    response = api.post(path, {"reason": "no more"}, content_type=JSON)
    assert (response.status_code, response.json()["status"]) == (202, "cancelled")
    again = api.generic("POST", path)
    assert (again.status_code, again.json()["type"]) == (409, "urn:gxweb:finished")


def test_cancellation_needs_no_body(api: Client, run: Run) -> None:
    assert api.generic("POST", f"/api/runs/{run.id}/cancellation").status_code == 202


@pytest.mark.parametrize("body", [{"reason": 3}, {"reason": "x" * 501}, {"status": "completed"}])
def test_cancellation_takes_a_reason_and_nothing_else(
    api: Client, run: Run, body: dict[str, object]
) -> None:
    response = api.post(f"/api/runs/{run.id}/cancellation", body, content_type=JSON)
    assert response.status_code == 422
    assert get(api, run)["status"] == "queued"


def test_staff_cancels_as_staff(run: Run, bob: User, issue: Callable[..., Any]) -> None:
    bob.is_staff = bob.is_superuser = True
    bob.save()
    client = Client(headers=issue(user=bob))
    assert client.generic("POST", f"/api/runs/{run.id}/cancellation").status_code == 202
    events = client.get(f"/api/runs/{run.id}/events?follow=0").getvalue().decode()
    assert '"by":"staff"' in events


def test_trace_is_a_tree(api: Client, run: Run, scribe: Scribe) -> None:
    scribe.say(SpanStarted("blog", "h"))
    scribe.open(1)
    scribe.close(1)
    (root,) = get(api, run, "/trace")["items"]
    assert (root["path"], root["status"], root["duration_ms"]) == ("blog", "running", None)
    (section,) = root["children"]
    assert section["path"] == "blog/section[1]"
    assert (section["status"], section["duration_ms"], section["tries"]) == ("completed", 12.0, 1)
    assert section["usage"]["cost_usd"] == 0.25
    assert section["children"] == []


def test_input_of_the_start_is_what_is_shown(api: Client, ada: User) -> None:
    given = {"topic": "Light", "notes": "“Quoted”\n\tand ünïcode", "words": 300}
    run = lifecycle.start(owner=ada, workflow="blog", input=given).run
    assert get(api, run)["input"].items() >= given.items()
