"""The events: from any cursor, live and from the archive, in both forms, each exactly once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import httpx2
import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from redis import Redis

from gxweb.accounts.models import ApiToken, User
from runs.api import streams
from runs.models import Run
from tests.patience import patience
from tests.runs.api.conftest import Issue
from tests.runs.api.scribe import Scribe
from workflows.wire.events import SpanStarted

NDJSON = {"Accept": "application/x-ndjson"}
SSE = {"Accept": "text/event-stream"}


def lines(api: Client, run: Run, query: str = "", **headers: str) -> list[dict[str, Any]]:
    response = api.get(f"/api/runs/{run.id}/events?follow=0{query}", headers={**NDJSON, **headers})
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.getvalue().splitlines()]


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [event["id"] for event in found]


def test_event_has_the_form_of_the_contract(api: Client, run: Run, scribe: Scribe) -> None:
    scribe.write(2, "Some")
    event = lines(api, run)[-1]
    assert list(event) == ["id", "v", "kind", "at", "span", "data"]
    assert event.pop("at").endswith("Z")
    assert event == {
        "id": "1-1",
        "v": 1,
        "kind": "text",
        "span": "blog/section[2]",
        "data": {"channel": "section-2", "at": 0, "delta": "Some"},
    }


def test_sse_says_the_same(api: Client, run: Run, scribe: Scribe) -> None:
    scribe.write(1, "a\nb")
    response = api.get(f"/api/runs/{run.id}/events?follow=0", headers=SSE)
    assert response["Content-Type"] == "text/event-stream"
    assert response["X-Accel-Buffering"] == "no"
    assert response["Cache-Control"] == "no-store"
    blocks = response.getvalue().decode().strip().split("\n\n")
    parsed = [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]
    events = lines(api, run)
    assert [json.loads(block["data"]) for block in parsed] == events
    assert [(block["id"], block["event"]) for block in parsed] == [
        (event["id"], event["kind"]) for event in events
    ]


def test_every_cursor_resumes_without_loss_or_repeat(
    api: Client, run: Run, scribe: Scribe, project: Callable[[], None]
) -> None:
    scribe.complete()
    live = lines(api, run)
    cuts = [lines(api, run, f"&after={id}") for id in ids(live)[:-1]]
    assert cuts == [live[place:] for place in range(1, len(live))]
    project()
    assert lines(api, run) == live
    assert [lines(api, run, f"&after={id}") for id in ids(live)[:-1]] == cuts


def test_archive_has_the_same_bytes(
    api: Client, run: Run, scribe: Scribe, project: Callable[[], None], redis: Redis
) -> None:
    scribe.write(1, "ünï\u2028“\n")
    scribe.begin()
    scribe.complete()
    path = f"/api/runs/{run.id}/events?follow=0"
    live = api.get(path, headers=SSE).getvalue()
    project()
    redis.flushall()
    assert api.get(path, headers=SSE).getvalue() == live
    assert api.get(f"/api/runs/{run.id}/events", headers=SSE).getvalue() == live


@pytest.mark.parametrize("archived", [False, True])
def test_client_that_has_the_end_gets_204(
    api: Client, run: Run, scribe: Scribe, project: Callable[[], None], archived: bool
) -> None:
    end = scribe.complete()
    if archived:
        project()
    path = f"/api/runs/{run.id}/events"
    assert api.get(path, headers={"Last-Event-ID": str(end)}).status_code == 204
    assert api.get(f"{path}?after={end}").status_code == 204


def test_last_event_id_wins(api: Client, run: Run, scribe: Scribe) -> None:
    end = scribe.complete()
    found = lines(api, run, "&after=0-1", **{"Last-Event-ID": f"1-{end.seq - 1}"})
    assert ids(found) == [str(end)]


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("last", ["9-9", "0-7", "nonsense", "9" * 30 + "-1"])
def test_cursor_that_is_not_in_the_log_is_reset(
    api: Client,
    run: Run,
    scribe: Scribe,
    project: Callable[[], None],
    last: str,
    archived: bool,
) -> None:
    scribe.complete()
    if archived:
        project()
    whole = lines(api, run)
    assert lines(api, run, **{"Last-Event-ID": last}) == [{"kind": "reset"}, *whole]
    path = f"/api/runs/{run.id}/events?follow=0"
    sse = api.get(path, headers={**SSE, "Last-Event-ID": last}).getvalue()
    assert sse.startswith(b'event: reset\ndata: {"kind":"reset"}\n\nid: 0-1\n')


@pytest.mark.parametrize("after", ["x", "1", "-1-2", "1-" + "9" * 30])
def test_after_must_be_a_cursor(api: Client, run: Run, after: str) -> None:
    assert api.get(f"/api/runs/{run.id}/events?after={after}").status_code == 422


def test_other_forms_are_not_offered(api: Client, run: Run) -> None:
    response = api.get(f"/api/runs/{run.id}/events", headers={"Accept": "image/png"})
    assert response.status_code == 406


@pytest.mark.parametrize("form", [SSE, NDJSON])
def test_follow_brings_events_as_they_come(
    web: httpx2.Client, run: Run, scribe: Scribe, form: dict[str, str]
) -> None:
    scribe.say(SpanStarted("blog", "h"))
    with web.stream("GET", f"/api/runs/{run.id}/events", headers=form) as response:
        found = response.iter_lines()
        _until(found, "span.started")
        for number in range(3):
            scribe.write(1, f"word{number}", at=5 * number)
            assert f"word{number}" in _until(found, f"word{number}")
        scribe.end()
        rest = list(found)
    # Its own line or lines, and after it nothing.
    assert all("run.completed" in line or "1-5" in line for line in rest if line)
    assert any("run.completed" in line for line in rest)


def test_follow_from_a_cursor_has_each_event_once(
    web: httpx2.Client, run: Run, scribe: Scribe
) -> None:
    at = [scribe.write(1, "x", at=place) for place in range(50)]
    writer = threading.Thread(target=_write_on, args=(scribe,))
    url = f"/api/runs/{run.id}/events?after={at[20]}"
    with web.stream("GET", url, headers=NDJSON) as response:
        writer.start()
        found = [json.loads(line)["id"] for line in response.iter_lines()]
    writer.join()
    assert found == [f"1-{seq}" for seq in range(at[20].seq + 1, scribe.tip.seq + 1)]


def test_log_that_is_rebuilt_under_the_reader_begins_anew(
    web: httpx2.Client, api: Client, run: Run, scribe: Scribe, redis: Redis
) -> None:
    scribe.write(1, "lost soon")
    with web.stream("GET", f"/api/runs/{run.id}/events", headers=NDJSON) as response:
        found = response.iter_lines()
        _until(found, "lost soon")
        redis.flushall()
        scribe.restore(run)
        scribe.complete()
        rest = [json.loads(line) for line in found]
    assert rest[0] == {"kind": "reset"}
    assert [event["kind"] for event in rest[1:4]] == ["run.restored", "run.queued", "run.started"]
    assert rest[-1]["kind"] == "run.completed"
    assert ids(rest[1:]) == ids(lines(api, run))


def test_stream_ends_when_its_person_signs_out(
    server: str, ada: User, run: Run, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PING_S", 0.05)
    monkeypatch.setattr(streams, "CHECK_S", 0.05)
    browser = Client()
    browser.force_login(ada)
    cookie = {"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}
    url = f"{server}/api/runs/{run.id}/events"
    with httpx2.stream("GET", url, headers={**SSE, **cookie}, trust_env=False) as response:
        found = response.iter_lines()
        _until(found, ": ping")
        browser.logout()
        rest = "".join(found)
    assert "run.completed" not in rest


def test_stream_ends_when_the_token_is_revoked(
    web: httpx2.Client, run: Run, scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PING_S", 0.05)
    monkeypatch.setattr(streams, "CHECK_S", 0.05)
    with web.stream("GET", f"/api/runs/{run.id}/events", headers=SSE) as response:
        found = response.iter_lines()
        _until(found, ": ping")
        for row in ApiToken.objects.all():
            row.revoke()
        rest = "".join(found)
    assert "run.completed" not in rest


def test_stream_of_anothers_run_ends_with_the_right_to_see_it(
    server: str, bob: User, run: Run, scribe: Scribe, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PING_S", 0.05)
    monkeypatch.setattr(streams, "CHECK_S", 0.05)
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_run"))
    url = f"{server}/api/runs/{run.id}/events"
    headers = {**SSE, **issue(user=bob)}
    with httpx2.stream("GET", url, headers=headers, timeout=patience(20), trust_env=False) as said:
        found = said.iter_lines()
        _until(found, ": ping")
        bob.user_permissions.clear()
        # Without an end it would go on to ping.
        until = time.monotonic() + patience(20)
        rest = list(takewhile(lambda _: time.monotonic() < until, found))
    assert time.monotonic() < until
    assert not any("run.completed" in line for line in rest)


def _write_on(scribe: Scribe) -> None:
    for place in range(50, 150):
        scribe.write(1, "y", at=place)
    scribe.end()


def _until(found: Any, text: str) -> str:
    for line in found:
        if text in line:
            return str(line)
    raise AssertionError(f"the stream ended without {text!r}")
