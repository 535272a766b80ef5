"""Who gets in, and how far: a token with its scopes, or a session with CSRF."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from gxweb.accounts.models import ApiToken, User
from runs.models import Run

Issue = Callable[..., dict[str, str]]
READS = [
    "/api/workflows", "/api/workflows/blog", "/api/runs", "/api/runs/{id}", "/api/runs/{id}/events",
    "/api/runs/{id}/output", "/api/runs/{id}/trace", "/api/usage",
]  # fmt: skip
WRITES = {
    "/api/workflows/blog/runs": "start",
    "/api/workflows/ingest/runs": "start",
    "/api/runs/{id}/cancellation": "cancel",
    "/api/runs/{id}/forks": "start",
    "/api/runs/{id}/answers/{key}": "start",
    "/api/runs/{id}/signals/{name}": "start",
}
BODIES: dict[str, dict[str, object]] = {
    "/api/workflows/blog/runs": {"topic": "Light"},
    "/api/workflows/ingest/runs": {"url": "https://salt.example"},
    "/api/runs/{id}/forks": {"input": {"topic": "Dark"}},
}
OF_A_RUN = [path for path in [*READS, *WRITES] if "{id}" in path]


def call(client: Client, path: str, run: Run | uuid.UUID, headers: dict[str, str]) -> int:
    writes, body = path in WRITES, BODIES.get(path, {})
    path = path.format(id=getattr(run, "id", run), key="k", name="hold")
    if path.endswith("/events"):
        path += "?follow=0"
    if writes:
        return client.post(path, body, content_type="application/json", headers=headers).status_code
    return client.get(path, headers=headers).status_code


@pytest.mark.parametrize("path", [*READS, *WRITES])
@pytest.mark.parametrize("token", [None, "Bearer nonsense", "Basic YTpi", "Bearer"])
def test_nobody_gets_in(path: str, token: str | None, run: Run) -> None:
    headers = {"Authorization": token} if token else {}
    assert call(Client(), path, run, headers) == 401


def test_no_call_of_the_document_is_open_or_untested(run: Run) -> None:
    paths = Client().get("/api/openapi.json").json()["paths"]
    known = {*READS, *WRITES, "/api/workflows/{name}"} - {"/api/workflows/blog"}
    assert set(paths) == known
    for path, calls in paths.items():
        for method in calls:
            url = path.format(id=run.id, name="blog", key="k")
            assert Client().generic(method.upper(), url).status_code == 401


@pytest.mark.parametrize("path", [*READS, *WRITES])
def test_revoked_token_gets_nowhere(path: str, run: Run, issue: Issue) -> None:
    headers = issue()
    ApiToken.objects.update(revoked_at=timezone.now())
    assert call(Client(), path, run, headers) == 401


@pytest.mark.parametrize("path", OF_A_RUN)
def test_run_of_another_is_like_an_unknown_one(
    path: str, run: Run, issue: Issue, bob: User
) -> None:
    headers = issue(user=bob)
    assert call(Client(), path, run, headers) == 404
    assert call(Client(), path, uuid.uuid4(), headers) == 404


@pytest.mark.parametrize("path", READS)
def test_reading_needs_the_scope(path: str, run: Run, issue: Issue) -> None:
    assert call(Client(), path, run, issue("start", "cancel")) == 403
    assert call(Client(), path, run, issue("read")) in {200, 409}


@pytest.mark.parametrize("path", WRITES)
def test_changing_needs_the_scope(path: str, run: Run, issue: Issue) -> None:
    others = {"start", "read", "cancel"} - {WRITES[path]}
    assert call(Client(), path, run, issue(*others)) == 403
    nobody_asks = path.endswith(("{key}", "{name}"))
    assert call(Client(), path, run, issue(WRITES[path])) == (409 if nobody_asks else 202)


def test_session_reads_without_and_changes_with_csrf(run: Run, ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    token = client.cookies["csrftoken"].value
    client.force_login(ada)
    assert call(client, "/api/runs/{id}", run, {}) == 200
    assert call(client, "/api/runs/{id}/cancellation", run, {}) == 403
    assert call(client, "/api/runs/{id}/cancellation", run, {"X-CSRFToken": token}) == 202


def test_bad_token_is_not_made_good_by_a_session(run: Run, ada: User) -> None:
    client = Client()
    client.force_login(ada)
    assert call(client, "/api/runs/{id}", run, {"Authorization": "Bearer gx_no"}) == 401


def test_closed_account_loses_its_session(run: Run, ada: User) -> None:
    client = Client()
    client.force_login(ada)
    User.objects.update(is_active=False)
    assert call(client, "/api/runs/{id}", run, {}) == 401
