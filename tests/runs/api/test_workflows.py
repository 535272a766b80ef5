"""Starting: what is accepted, what is answered, and how long one waits for it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import httpx2
import pytest
from channels.db import database_sync_to_async
from django.test import Client
from redis import Redis

from runs import tail
from runs.api import workflows
from runs.api.workflows import _until_end
from runs.erasing import erase
from runs.models import Run
from tests.patience import patience
from tests.runs.api.scribe import POST, Scribe
from workflows.catalog import CATALOG

START = "/api/workflows/blog/runs"
BRIEF = {"topic": "Light"}
JSON = "application/json"


def start(client: Client, body: object = BRIEF, **headers: str) -> Any:
    return client.post(START, body, content_type=JSON, headers=headers)


def test_workflows_are_listed_with_their_shapes(api: Client) -> None:
    listed = api.get("/api/workflows").json()
    assert [item["name"] for item in listed["items"]] == list(CATALOG)
    blog = api.get("/api/workflows/blog").json()
    assert blog in listed["items"]
    assert set(blog) == {
        "name", "version", "title", "description", "input_schema", "output_schema",
        "estimate",
    }  # fmt: skip
    assert blog["input_schema"]["required"] == ["topic"]
    assert "markdown" in blog["output_schema"]["properties"]


def test_document_has_each_workflow_and_resolves(api: Client) -> None:
    document = api.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    text = json.dumps(document)
    names = set(document["components"]["schemas"])
    refs = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert refs <= names
    for name in CATALOG:
        assert "post" in document["paths"][f"/api/workflows/{name}/runs"]
    for calls in document["paths"].values():
        for call in calls.values():
            assert all(answer["description"] for answer in call["responses"].values())


def test_docs_page_needs_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs")
    html = page.content.decode()
    assert page.status_code == 200
    assert "//cdn" not in html
    assert "<script>" not in html
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_start_answers_where_to_go_on(api: Client) -> None:
    response = start(api)
    run = Run.objects.get()
    assert response.status_code == 202
    base = f"http://testserver/api/runs/{run.id}"
    assert response.json() == {
        "id": str(run.id),
        "workflow": "blog",
        "version": 1,
        "status": "queued",
        "links": {
            "self": base,
            "events": f"{base}/events",
            "output": f"{base}/output",
            "page": f"http://testserver/runs/{run.id}/",
        },
    }
    assert response["Location"] == base
    assert response["Cache-Control"] == "no-store"
    assert run.input["topic"] == "Light"


def test_same_key_and_body_is_the_same_run(api: Client) -> None:
    first = start(api, **{"Idempotency-Key": "k1"})
    again = start(api, **{"Idempotency-Key": "k1"})
    other = start(api, {"topic": "Shade"}, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 409)
    assert first.json() == again.json()
    assert other.json()["type"] == "urn:gxweb:key_reused"
    assert Run.objects.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_key_has_bounds(api: Client, key: str) -> None:
    assert start(api, **{"Idempotency-Key": key}).status_code == 422
    assert not Run.objects.exists()


def test_over_quota_says_when_to_come_back(api: Client, settings: Any) -> None:
    settings.GX = replace(settings.GX, user_concurrent_runs=1)
    assert start(api).status_code == 202
    response = start(api)
    assert (response.status_code, response.json()["type"]) == (429, "urn:gxweb:over_quota")
    assert int(response["Retry-After"]) > 0


def test_without_redis_nothing_is_accepted(api: Client, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url="redis://127.0.0.1:1/0")
    response = start(api)
    assert (response.status_code, response.json()["type"]) == (503, "urn:gxweb:unavailable")
    assert int(response["Retry-After"]) > 0
    assert not Run.objects.exists()


def finish_the_next_run(redis: Redis) -> threading.Thread:
    """A worker that takes the first run that it hears of, and completes it."""

    def work() -> None:
        queue = "gx.interactive.blog.v1"
        message = redis.blpop([queue], timeout=int(patience(10)))
        assert message is not None
        run = UUID(_order(cast("bytes", message[1]))["run"])
        Scribe(redis, Run(id=run, attempt=1)).complete()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _order(message: bytes) -> dict[str, Any]:
    import base64  # noqa: PLC0415 - only Celery's envelope needs it

    order: dict[str, Any] = json.loads(base64.b64decode(json.loads(message)["body"]))[0][0]
    return order


def test_wait_brings_the_output(web: httpx2.Client, redis: Redis) -> None:
    worker = finish_the_next_run(redis)
    response = web.post(START, json=BRIEF, headers={"Prefer": "respond-async, wait=15"})
    worker.join()
    assert response.status_code == 200
    assert response.headers["Preference-Applied"] == "wait=15"
    body = response.json()
    assert (body["status"], body["output"], body["error"]) == ("completed", POST, None)


def test_wait_that_is_too_short_answers_202(web: httpx2.Client) -> None:
    response = web.post(START, json=BRIEF, headers={"Prefer": "wait=0"})
    assert response.status_code == 202
    assert response.json()["status"] == "queued"


async def test_who_waits_for_a_run_that_cannot_be_followed_is_answered(run: Run) -> None:
    async with tail.here().watch(run.id) as watch:
        watch.fail(OSError("broken"))
        await _until_end(run, seconds=20)
        assert watch.failed
    await tail.here().aclose()


def test_a_run_that_is_deleted_while_one_waits_for_it_is_not_there(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def until_end(run: Run, seconds: int) -> None:
        await database_sync_to_async(erase)(run)

    monkeypatch.setattr(workflows, "_until_end", until_end)
    response = start(api, Prefer="wait=300")
    assert (response.status_code, response.json()["type"]) == (404, "urn:gxweb:not_found")


@pytest.mark.parametrize("prefer", ["wait=soon", "await=3", "wait", "return=minimal"])
def test_other_preferences_are_ignored(api: Client, prefer: str) -> None:
    response = start(api, Prefer=prefer)
    assert response.status_code == 202
    assert "Preference-Applied" not in response


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
def test_start_can_answer_with_the_events(web: httpx2.Client, redis: Redis, accept: str) -> None:
    worker = finish_the_next_run(redis)
    with web.stream("POST", START, json=BRIEF, headers={"Accept": accept}) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"] == accept
        text = response.read().decode()
    worker.join()
    assert "run.queued" in text
    assert "run.completed" in text
    assert response.headers["Location"].endswith(f"/api/runs/{Run.objects.get().id}")


def test_endless_body_is_cut_off(web: httpx2.Client) -> None:
    def forever() -> Any:
        yield b'{"topic":"'
        for _ in range(200):
            yield b"x" * 65536

    try:
        response = web.post(START, content=forever(), headers={"Content-Type": JSON})
    except httpx2.TransportError:
        return  # the server hung up while we were still sending
    assert response.status_code == 413
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not Run.objects.exists()


def test_a_whole_number_may_have_a_point(api: Client) -> None:
    assert start(api, {**BRIEF, "words": 800.0}).status_code == 202
    assert Run.objects.get().input["words"] == 800
