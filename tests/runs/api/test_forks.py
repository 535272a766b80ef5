"""Forks over REST: what is answered, what is refused, and in whose name it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from redis import Redis

from gxweb.accounts.models import User
from runs import lifecycle
from runs.models import Run
from tests.runs.api.scribe import Scribe
from workflows.wire import log
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State

Project = Callable[[], None]
JSON = "application/json"


@pytest.fixture
def completed(run: Run, scribe: Scribe, project: Project) -> Run:
    scribe.complete()
    project()
    return run


@pytest.fixture
def cancelled(run: Run, project: Project) -> Run:
    lifecycle.cancel(run, by="owner")
    project()
    return run


def post(api: Client, run: Run, body: Any = None, **headers: str) -> Any:
    return api.post(
        f"/api/runs/{run.id}/forks", body or {}, content_type=JSON, headers=headers or None
    )


def folded(redis: Redis, id: str) -> State:
    return fold(EMPTY, log.read(redis, id))


def test_a_fork_is_a_new_run_that_names_the_old_one(
    api: Client, completed: Run, redis: Redis
) -> None:
    response = post(api, completed, {"input": {"tone": "dry"}})
    assert response.status_code == 202
    started = response.json()
    assert started["id"] != str(completed.id)
    assert (started["workflow"], started["version"], started["status"]) == ("blog", 1, "queued")
    assert response["Location"] == started["links"]["self"]
    found = api.get(f"/api/runs/{started['id']}").json()
    assert found["forked_from"] == str(completed.id)
    assert (found["input"]["tone"], found["input"]["topic"]) == ("dry", "Light")
    assert found["usage"] == {
        "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0, "calls": 0,
    }  # fmt: skip
    assert folded(redis, started["id"]).spans["blog/section[1]"].status == "completed"


def test_from_names_what_is_done_anew(api: Client, completed: Run, redis: Redis) -> None:
    started = post(api, completed, {"from": ["blog/section[1]"]}).json()
    assert list(folded(redis, started["id"]).spans) == ["blog"]


def test_the_trace_marks_what_was_taken_over(api: Client, completed: Run) -> None:
    started = post(api, completed, {"input": {"tone": "dry"}}).json()
    (root,) = api.get(f"/api/runs/{started['id']}/trace").json()["items"]
    (section,) = root["children"]
    assert (root["replayed"], section["replayed"], section["usage"]["calls"]) == (False, True, 0)


def test_without_a_body_it_is_a_resume(api: Client, cancelled: Run) -> None:
    response = api.generic("POST", f"/api/runs/{cancelled.id}/forks")
    assert response.status_code == 202


@pytest.mark.parametrize("state", ["running", "completed"])
def test_there_may_be_nothing_to_resume(
    api: Client, run: Run, scribe: Scribe, project: Project, state: str
) -> None:
    if state == "completed":
        scribe.complete()
    project()
    response = post(api, run)
    assert (response.status_code, response.json()["type"]) == (409, "urn:gxweb:not_resumable")
    assert response.json()["run"] == {"id": str(run.id), "status": state}
    assert Run.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"from": ["blog/nothing[0]"]}, ["from"]),
        ({"from": "blog"}, ["from"]),
        ({"from": [1]}, ["from"]),
        ({"from": ["x"] * 1001}, ["from"]),
        ({"input": []}, ["input"]),
        ({"input": {"words": 1}}, ["words"]),
        ({"input": {"unheard": 1}}, ["unheard"]),
        ({"since": 1}, ["since"]),
    ],
)
def test_a_bad_request_is_refused_by_field(
    api: Client, completed: Run, body: Any, loc: list[str]
) -> None:
    response = post(api, completed, body)
    assert (response.status_code, response.json()["errors"][0]["loc"]) == (422, loc)
    assert Run.objects.count() == 1


def test_the_same_key_and_body_are_one_fork(api: Client, cancelled: Run) -> None:
    key = {"Idempotency-Key": "again"}
    first, second = post(api, cancelled, **key), post(api, cancelled, **key)
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    other = post(api, cancelled, {"input": {"tone": "dry"}}, **key)
    assert (other.status_code, other.json()["type"]) == (409, "urn:gxweb:key_reused")


def test_a_fork_is_admitted_as_a_start_is(api: Client, cancelled: Run, settings: Any) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=0)
    assert post(api, cancelled).status_code == 429
    settings.GX = replace(settings.GX, redis_url="redis://127.0.0.1:1/0")
    response = post(api, cancelled)
    assert (response.status_code, int(response["Retry-After"]) > 0) == (503, True)


def test_what_staff_resume_is_its_owners(
    cancelled: Run, ada: User, bob: User, issue: Callable[..., Any]
) -> None:
    User.objects.filter(pk=bob.pk).update(is_staff=True, is_superuser=True)
    started = post(Client(headers=issue(user=bob)), cancelled).json()
    assert Run.objects.get(pk=started["id"]).owner == ada
