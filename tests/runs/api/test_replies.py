"""Answers and signals over REST."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from redis import Redis

from runs.models import Run
from tests.runs.api.scribe import Scribe
from workflows.wire import inbox
from workflows.wire.events import RunWaiting
from workflows.wire.inbox import Letter

JSON = "application/json"
FORM = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}


def post(api: Client, run: Run, path: str, body: Any) -> Any:
    return api.post(f"/api/runs/{run.id}/{path}", body, content_type=JSON)


def test_an_answer(api: Client, run: Run, scribe: Scribe, redis: Redis) -> None:
    asked = scribe.say(RunWaiting("ok", "Go on?", FORM, {"ok": False}, 1_800_000_000_000))
    found = api.get(f"/api/runs/{run.id}").json()
    assert found["status"] == "waiting"
    assert found["waiting"] == {
        "key": "ok", "title": "Go on?", "form_schema": FORM, "default": {"ok": False},
        "until": "2027-01-15T08:00:00.000Z",
    }  # fmt: skip
    other = post(api, run, "answers/good", {"ok": True})
    assert (other.status_code, other.json()["type"]) == (409, "urn:gxweb:not_waiting")
    assert "'ok'" in other.json()["detail"]
    response = post(api, run, "answers/ok", {"ok": True})
    assert (response.status_code, response.json()["id"]) == (202, str(run.id))
    assert inbox.read(redis, str(run.id)).answers == {asked: Letter("user", {"ok": True})}
    again = post(api, run, "answers/ok", {"ok": True})
    assert (again.status_code, again.json()["type"]) == (409, "urn:gxweb:not_waiting")


@pytest.mark.parametrize(
    ("body", "status", "errors"),
    [
        ({"ok": "yes"}, 422, [{"loc": ["ok"], "msg": "should be yes or no"}]),
        ({}, 422, [{"loc": ["ok"], "msg": "is missing"}]),
        ("{", 400, None),
        ("", 400, None),
    ],
)
def test_a_bad_answer(
    api: Client, run: Run, scribe: Scribe, body: Any, status: int, errors: Any
) -> None:
    scribe.say(RunWaiting("ok", "Go on?", FORM))
    response = post(api, run, "answers/ok", body)
    assert (response.status_code, response.json().get("errors")) == (status, errors)
    assert response["Content-Type"] == "application/problem+json"


def test_an_answer_that_is_no_object(api: Client, run: Run, scribe: Scribe, redis: Redis) -> None:
    asked = scribe.say(RunWaiting("n", "How many?", {"type": "integer"}))
    assert post(api, run, "answers/n", "5").status_code == 202
    assert inbox.read(redis, str(run.id)).answers[asked].value == 5


def test_nobody_waits(api: Client, run: Run, scribe: Scribe) -> None:
    assert post(api, run, "answers/ok", {"ok": True}).status_code == 409
    scribe.complete()
    response = post(api, run, "answers/ok", {"ok": True})
    assert (response.status_code, response.json()["type"]) == (409, "urn:gxweb:finished")


def test_signals(api: Client, run: Run, scribe: Scribe, redis: Redis) -> None:
    response = post(api, run, "signals/explode", {})
    assert (response.status_code, response.json()["type"]) == (409, "urn:gxweb:not_taken")
    assert post(api, run, "signals/hold", "").status_code == 409
    scribe.say(RunWaiting("ok", "Go on?", FORM, until=1_800_000_000_000))
    assert post(api, run, "signals/hold", "").status_code == 202
    assert [signal.name for signal in inbox.read(redis, str(run.id)).signals] == ["hold"]
    assert post(api, run, "signals/hold", "[]").status_code == 422
