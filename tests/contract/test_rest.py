"""REST as programs meet it that are not ours: real processes, curl, and whatever a schema allows.

CASES=… tries that many examples of each call of the document, and calls in a row. By default only
its own examples and the bounds of each schema are tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.chaos.process import ROOT
from tests.chaos.stack import Stack, stack
from tests.chaos.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
CASES = int(os.environ.get("CASES") or 0)
PROBLEM = "application/problem+json"
SSE, NDJSON, TEXT = "text/event-stream", "application/x-ndjson", "text/plain"
ASKING = {"topic": "A licence", "review_outline": True, "words": 400}
BRIEF = {"topic": "A licence", "words": 400}
QUOTAS: dict[str, Any] = {
    "GX_USER_CONCURRENT_RUNS": "10000",
    "GX_USER_DAILY_USD": "10000",
    "GX_USER_DAILY_TOKENS": "2000000000",
}


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("rest")
    with stack(folder, latency=0, DEBUG="0", SECRET_KEY="for-tests-" * 6, **QUOTAS) as made:
        yield made


def start(s: Stack, body: Any = BRIEF, **headers: str) -> httpx2.Response:
    return s.client.post("/api/workflows/blog/runs", json=body, headers=headers)


def curl(s: Stack, path: str, *words: str) -> str:
    command = ["curl", "-sSN", "--max-time", "60", "-H", f"Authorization: Bearer {s.token}", *words]
    return subprocess.run(
        [*command, s.url + path], check=True, capture_output=True, text=True, timeout=90
    ).stdout


def waiting(s: Stack) -> dict[str, Any]:
    """A run that asks a person."""
    run = start(s, ASKING).json()["id"]
    return until(lambda: found if (found := s.run(run))["waiting"] else None, 60) or {}


# -- the table, call by call


def test_a_program_may_wait_for_the_output(s: Stack) -> None:
    answer = start(s, Prefer="wait=60")
    ended = answer.json()
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=60")
    assert (ended["status"], ended["error"]) == ("completed", None)
    links = ended["links"]
    assert s.client.get(links["output"]).json() == ended["output"]
    text = s.client.get(links["output"], headers={"Accept": TEXT})
    assert text.text == ended["output"]["markdown"]
    again = s.run(ended["id"])
    assert (again["output"], again["waiting"], again["finished_at"] is None) == (
        ended["output"],
        None,
        False,
    )
    assert s.client.get(links["page"]).status_code in {200, 302}


@pytest.mark.parametrize("accept", [SSE, NDJSON])
def test_curl_follows_a_start_to_its_end(s: Stack, accept: str) -> None:
    words = ["-H", f"Accept: {accept}", "-H", "Content-Type: application/json"]
    said = curl(s, "/api/workflows/blog/runs", *words, "-d", json.dumps(BRIEF))
    lines = [line.removeprefix("data: ") for line in said.splitlines()]
    events = [json.loads(line) for line in lines if line.startswith("{")]
    assert [events[0]["kind"], events[-1]["kind"]] == ["run.queued", "run.completed"]
    assert {"id", "v", "kind", "at", "span", "data"} == set(events[0])
    run = events[-1]["data"]["output"]
    assert run["markdown"]
    kinds = [line.removeprefix("event: ") for line in said.splitlines() if line[:6] == "event:"]
    assert kinds == ([event["kind"] for event in events] if accept == SSE else [])


def test_curl_reads_the_article_as_it_is_written(s: Stack) -> None:
    run = start(s).json()
    said = curl(s, f"/api/runs/{run['id']}/output", "-H", f"Accept: {TEXT}")
    ended = s.ended(run["id"])
    assert ended["status"] == "completed"
    places = [said.find(section["markdown"][:20]) for section in ended["output"]["sections"]]
    assert min(places) >= 0
    assert places == sorted(places)


def test_answers_signals_traces_and_forks(s: Stack) -> None:
    run = waiting(s)
    place = f"/api/runs/{run['id']}"
    key, default = run["waiting"]["key"], run["waiting"]["default"]
    assert run["status"] == "waiting"
    assert s.client.post(f"{place}/answers/other", json=default).status_code == 409
    assert s.client.post(f"{place}/answers/{key}", json={"no": 1}).status_code == 422
    assert s.client.post(f"{place}/signals/unknown", json={}).status_code == 409
    assert s.client.post(f"{place}/signals/hold", json={}).status_code == 202
    assert s.client.post(f"{place}/answers/{key}", json=default).status_code == 202
    assert s.client.post(f"{place}/answers/{key}", json=default).status_code == 409
    assert s.ended(run["id"])["status"] == "completed"
    assert s.client.post(f"{place}/cancellation").status_code == 409
    root = s.client.get(f"{place}/trace").json()["items"][0]
    assert (root["path"], root["status"]) == ("blog[0]", "completed")
    assert root["children"]
    again = root["children"][-1]["path"]
    fork = s.client.post(f"{place}/forks", json={"from": [again]})
    assert fork.status_code == 202
    assert s.run(fork.json()["id"])["forked_from"] == run["id"]
    assert s.ended(fork.json()["id"])["status"] == "completed"


def test_cancellation_and_resume(s: Stack) -> None:
    run = waiting(s)
    place = f"/api/runs/{run['id']}"
    assert s.client.post(f"{place}/cancellation", json={"reason": "Enough"}).status_code == 202
    assert s.run(run["id"])["status"] == "cancelled"
    none = s.client.get(f"{place}/output")
    assert (none.status_code, none.json()["run"]["status"]) == (409, "cancelled")
    said = curl(s, f"{place}/events", "-H", f"Accept: {NDJSON}")
    last = json.loads(said.splitlines()[-1])
    assert (last["kind"], last["data"]["reason"]) == ("run.cancelled", "Enough")
    end = s.client.get(f"{place}/events", headers={"Last-Event-ID": last["id"], "Accept": SSE})
    assert end.status_code == 204
    resumed = s.client.post(f"{place}/forks").json()["id"]
    assert s.cancel(resumed).status_code == 202


def test_a_key_makes_a_hundred_posts_one_run(s: Stack) -> None:
    before = runs(s)
    with ThreadPoolExecutor(100) as pool:
        posts = [pool.submit(start, s, BRIEF, **{"Idempotency-Key": "once"}) for _ in range(100)]
        answers = [post.result() for post in posts]
    assert sorted({answer.status_code for answer in answers}) == [200, 202]
    assert [answer.status_code for answer in answers].count(202) == 1
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert runs(s) - before == {answers[0].json()["id"]}
    assert start(s, ASKING, **{"Idempotency-Key": "once"}).status_code == 409


def runs(s: Stack) -> set[str]:
    """All of them, page by page."""
    found, after = set(), ""
    while True:
        page = s.client.get(f"/api/runs{after}").json()
        found |= {item["id"] for item in page["items"]}
        if page["next"] is None:
            return found
        after = f"?after={page['next']}"


BIG = {"topic": "x", "notes": "n" * 1_000_001}
REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/api/nothing", {}, 404),
    ("GET", "/api/runs/0f8fad5b-d9cb-469f-a165-70867728950e", {}, 404),
    ("GET", "/api/runs/not-an-id", {}, 404),
    ("PUT", "/api/workflows", {}, 405),
    ("DELETE", "/api/workflows/blog/runs", {}, 405),
    ("POST", "/api/openapi.json", {}, 405),
    ("POST", "/api/workflows/blog/runs", {"json": BIG}, 413),
    ("POST", "/api/workflows/blog/runs", {"data": {"topic": "x"}}, 415),
    ("POST", "/api/workflows/blog/runs", {"content": b"{"}, 400),
    ("POST", "/api/workflows/blog/runs", {"content": b"\xff\xfe"}, 400),
    ("POST", "/api/workflows/blog/runs", {"json": []}, 422),
    ("POST", "/api/workflows/blog/runs", {"json": {"topic": ""}}, 422),
    ("POST", "/api/workflows/blog/runs", {"json": {"topic": "x", "owner": 1}}, 422),
    ("POST", "/api/workflows/nothing/runs", {"json": {}}, 404),
    ("GET", "/api/runs?status=odd", {}, 422),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
def test_every_refusal_is_a_problem(
    s: Stack, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    answer = s.client.request(method, path, **body)
    said = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM)
    assert {"type", "title", "status", "detail"} <= set(said)
    assert (said["status"], said["type"][:10]) == (status, "urn:gxweb:")
    assert ("errors" in said) == (status == 422)
    assert "Traceback" not in answer.text


def test_without_a_token_nothing_is_told(s: Stack) -> None:
    with httpx2.Client(base_url=s.url, trust_env=False) as stranger:
        for path in ("/api/workflows", "/api/runs", f"/api/runs/{uuid4()}"):
            answer = stranger.get(path)
            assert (answer.status_code, answer.headers["Content-Type"]) == (401, PROBLEM)
            assert answer.headers["WWW-Authenticate"] == "Bearer"


# -- the document


def test_whatever_the_document_allows_is_answered_as_it_says(s: Stack) -> None:
    words = ["-m", "schemathesis.cli", "--config-file", "tests/contract/schemathesis.toml", "run"]
    words += [f"{s.url}/api/openapi.json", "-H", f"Authorization: Bearer {s.token}"]
    words += ["--checks", "all", "--no-color"]
    words += ["--max-examples", str(CASES)] if CASES else ["--phases", "examples,coverage"]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=1700
    )
    print(done.stdout[-600:])
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
