"""Every error has one shape, whoever answers it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from runs import history
from runs.models import Run

Issue = Callable[..., dict[str, str]]
START = "/api/workflows/blog/runs"
DEEP = b'{"topic":' + b"[" * 40 + b"]" * 40 + b"}"


def problem(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == response.status_code
    assert body["title"]
    assert body["detail"]
    assert body["type"].startswith("urn:gxweb:")
    return body["status"], body["type"].removeprefix("urn:gxweb:")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/nothing", (404, "not_found")),
        ("GET", "/api/runs/", (404, "not_found")),
        ("GET", "/api/runs/12", (404, "not_found")),
        ("GET", "/api/workflows/none", (404, "not_found")),
        ("POST", "/api/workflows/none/runs", (404, "not_found")),
        ("PUT", "/api/runs", (405, "method_not_allowed")),
        ("GET", START, (405, "method_not_allowed")),
        ("GET", "/api/runs?status=lost", (422, "invalid_input")),
        ("GET", "/api/runs?after=x", (422, "invalid_input")),
    ],
)
def test_what_is_not_there(api: Client, method: str, path: str, expected: tuple[int, str]) -> None:
    assert problem(api.generic(method, path)) == expected


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"{", "application/json", (400, "malformed_json")),
        (b"", "application/json", (400, "malformed_json")),
        (b"\xff", "application/json", (400, "malformed_json")),
        (b"NaN", "application/json", (400, "malformed_json")),
        (b"topic=Light", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b"{}", "text/plain", (415, "unsupported_media_type")),
        (b"[]", "application/json", (422, "invalid_input")),
        (b"{}", "application/json", (422, "invalid_input")),
        (b'{"topic":"x","owner":3}', "application/json", (422, "invalid_input")),
        (b'{"topic":"x","words":"800"}', "application/json", (422, "invalid_input")),
        (b'{"topic":"a\\u0000b"}', "application/json", (422, "invalid_input")),
        (DEEP, "application/json", (422, "invalid_input")),
        (b"[" * 200_000, "application/json", (400, "malformed_json")),
        (b'{"topic":"' + b"x" * 1_000_001 + b'"}', "application/json", (413, "too_large")),
    ],
    ids=range(14),
)
def test_what_cannot_be_started(
    api: Client, body: bytes, kind: str, expected: tuple[int, str]
) -> None:
    response = api.generic("POST", START, body, content_type=kind)
    assert problem(response) == expected
    assert bool(response.json().get("errors")) == (expected[0] == 422)
    assert not Run.objects.exists()


def test_invalid_input_says_where(api: Client) -> None:
    response = api.post(START, {"topic": "", "words": 7}, content_type="application/json")
    assert problem(response) == (422, "invalid_input")
    assert {tuple(error["loc"]) for error in response.json()["errors"]} == {("topic",), ("words",)}
    assert all(error["msg"] for error in response.json()["errors"])


def test_401_says_how() -> None:
    response = Client().get("/api/runs")
    assert problem(response) == (401, "unauthenticated")
    assert response["WWW-Authenticate"] == "Bearer"


def test_405_says_what_would_do(api: Client) -> None:
    assert api.delete("/api/runs")["Allow"] == "GET"


@pytest.mark.parametrize("path", ["/api/docs", "/api/openapi.json"])
def test_the_documents_are_only_read(issue: Issue, path: str) -> None:
    api = Client(enforce_csrf_checks=True, headers=issue())
    assert problem(api.post(path)) == (405, "method_not_allowed")
    assert api.get(path).status_code == 200


def test_without_sql_a_program_is_told_to_come_again(api: Client) -> None:
    def locked(*_: object) -> None:
        raise OperationalError("database is locked")

    with connection.execute_wrapper(locked):
        response = api.get("/api/runs")
    assert problem(response) == (503, "unavailable")
    assert response["Retry-After"] == "5"


def test_no_stack_trace_leaves(
    api: Client, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(run: Run) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(history, "state", explode)
    api.raise_request_exception = False
    response = api.get(f"/api/runs/{run.id}")
    assert problem(response) == (500, "internal")
    assert b"secret" not in response.content
    assert "secret detail" in caplog.text


def test_pages_keep_their_own_errors(client: Client) -> None:
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
