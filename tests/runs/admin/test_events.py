"""Raw events: a window at a time on a page, all of them as a file, live or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient
from redis import Redis

from runs.admin import events
from runs.admin.events import WINDOW
from runs.models import Run
from tests.payloads import MARKDOWN
from tests.runs.admin.conftest import RUNS, announced, ended, page, parsed, staff
from tests.runs.admin.test_page import check_harmless
from tests.runs.serving import Person
from tests.runs.worker import Worker
from tests.valkey import free_port
from workflows.wire import codec, log
from workflows.wire.cursor import ZERO
from workflows.wire.events import Log, Status


def address(run: Run, query: str = "") -> str:
    return f"{RUNS}{run.pk}/events/{query}"


def lines(html: str) -> list[list[str]]:
    rows = [n for n in parsed(html).walk() if n.tag == "tr"]
    cells = [[c.text for c in row.walk() if c.tag == "td"] for row in rows]
    return [row for row in cells if len(row) == 5]


@pytest.fixture
def worker(redis: Redis, run: Run) -> Worker:
    worker = announced(redis, run)
    worker.begin("blog")
    for start in range(0, 500, 100):
        worker.say(*[(Log("info", f"line {n}"), "blog") for n in range(start, start + 100)])
    return worker


@pytest.mark.parametrize("finished", [False, True])
def test_page_by_page_to_the_end(
    viewer: Person, run: Run, worker: Worker, redis: Redis, finished: bool
) -> None:
    if finished:
        worker.complete("x")
        whole = log.read(redis, str(run.pk))
        ended(redis, run)
        redis.flushall()
    else:
        whole = log.read(redis, str(run.pk))
    seen: list[str] = []
    query: str | None = ""
    while query is not None:
        html = page(viewer, address(run, query))
        shown = [row[0] for row in lines(html)]
        assert len(shown) <= WINDOW
        seen += shown
        forward = [n for n in parsed(html).walk() if n.tag == "a" and "Next" in n.text]
        query = forward[0].attributes["href"] if forward else None
    assert seen == [str(event.id) for event in whole]


def test_a_line_has_all_of_an_event(viewer: Person, run: Run, worker: Worker) -> None:
    worker.say((Status("Writing", 1, 2), "blog"))
    [row] = lines(page(viewer, address(run, "?kind=status")))
    assert row[0] == str(worker.tip)
    assert row[2:4] == ["status", "blog"]
    assert row[4].endswith('{"message":"Writing","done":1,"total":2}')


def test_only_one_kind(viewer: Person, run: Run, worker: Worker) -> None:
    found = lines(page(viewer, address(run, "?kind=span.started")))
    assert [row[2] for row in found] == ["span.started"]
    assert "Nothing of this kind" in page(viewer, address(run, "?kind=text"))
    assert "Nothing of this kind" in page(viewer, address(run, "?kind=%3Cscript%3E"))


def test_new_ones_come_in_while_it_runs(viewer: Person, run: Run, worker: Worker) -> None:
    at = worker.tip
    worker.say((Log("info", "new"), "blog"))
    more = page(viewer, address(run, f"?after={at}&had=300"))
    assert more.strip().startswith("<tbody>")
    assert [row[0] for row in lines(more)] == [str(worker.tip)]
    assert f"after={worker.tip}&amp;had=301" in more
    assert "hx-get" not in page(viewer, address(run, f"?after={at}&had=1000"))


@pytest.mark.parametrize("after", ["x", "1-99999999999999999999999", "99-0", "-", "0-0"])
def test_any_cursor_is_taken(viewer: Person, run: Run, worker: Worker, after: str) -> None:
    assert "Events" in page(viewer, address(run, f"?after={after}"))


def test_a_large_event_is_cut(viewer: Person, run: Run, worker: Worker) -> None:
    worker.finish("blog", {"text": "x" * 500_000})
    html = page(viewer, address(run, "?kind=span.completed"))
    assert "Cut here" in html
    assert len(html) < 60_000


def test_without_redis_it_says_so(viewer: Person, run: Run, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    assert "cannot be read just now" in page(viewer, address(run))
    response = viewer.client.get(f"{RUNS}{run.pk}/log.ndjson")
    assert (response.status_code, response["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("finished", [False, True])
async def test_the_file_has_every_event(
    viewer: Person, run: Run, worker: Worker, redis: Redis, finished: bool
) -> None:
    if finished:
        worker.complete("x")
    whole = log.read(redis, str(run.pk))
    if finished:
        await sync_to_async(ended)(redis, run)
    client = AsyncClient()
    client.cookies = viewer.client.cookies
    response: Any = await client.get(f"{RUNS}{run.pk}/log.ndjson")
    assert response["Content-Disposition"] == f'attachment; filename="{run.pk}.ndjson"'
    told = b"".join([part async for part in response])
    assert told == b"".join(codec.dumps(codec.to_json(event)) + b"\n" for event in whole)


def test_a_long_log_is_read_in_pieces(
    run: Run, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PIECE", 50)
    whole = events.window(run, ZERO)
    assert len(whole) == WINDOW + 1
    assert len({event.id for event in whole}) == WINDOW + 1


def test_who_sees_them(run: Run, owner: Person) -> None:
    clerk = staff("clerk@example.org")
    for path in (address(run), f"{RUNS}{run.pk}/log.ndjson"):
        assert clerk.client.get(path).status_code == 403
        assert owner.client.get(path).status_code == 302


def test_hostile_words_are_words(viewer: Person, run: Run, worker: Worker) -> None:
    worker.say(*[(Log(payload, payload), payload) for payload in MARKDOWN])
    html = page(viewer, address(run, f"?after=1-501&kind={MARKDOWN[0]}"))
    check_harmless(html)
    html = page(viewer, address(run, "?after=1-501"))
    check_harmless(html)
    assert len(lines(html)) == len(MARKDOWN)
