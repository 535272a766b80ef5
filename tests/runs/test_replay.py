"""A finished run as it was: at the beginning, in the middle, at the end."""

from __future__ import annotations

from typing import Any, cast

import pytest
from django.test import Client
from redis import Redis

from runs.models import Run
from runs.projector import Projector
from runs.replay import MOMENTS, at_moment
from tests.runs.worker import Worker
from workflows.wire import log
from workflows.wire.cursor import Cursor

PATH = "blog[0]/write_section[0]"


@pytest.fixture
def told(run: Run, redis: Redis, projector: Projector) -> Run:
    """Three seconds of a run: nothing, then the half, then all of it."""
    [queued, *_] = log.read(redis, str(run.pk))
    worker = Worker(redis, run, Cursor(1, 0), clock=queued.at)
    assert worker.open(1).ok
    worker.begin("blog[0]")
    worker.begin(PATH, "blog[0]")
    worker.clock += 1000
    worker.write(PATH, "section-1", "Salt was ")
    worker.clock += 1000
    worker.write(PATH, "section-1", "dear.", at=9)
    worker.clock += 1000
    worker.complete({"markdown": "Salt was dear."})
    while projector.poll():
        pass
    run.refresh_from_db()
    return run


def client_of(run: Run) -> Client:
    client = Client()
    client.force_login(cast("Any", run.owner))
    return client


def test_each_moment_shows_what_was_said_until_then(told: Run) -> None:
    events = told.archive.events
    texts = {at: dict(at_moment(events, at).state.channels) for at in (0, 80, 150, MOMENTS)}
    shown = {at: [one.text for one in channels.values()] for at, channels in texts.items()}
    assert shown == {0: [], 80: ["Salt was "], 150: ["Salt was dear."], MOMENTS: ["Salt was dear."]}
    assert at_moment(events, MOMENTS).state.status == "completed"
    assert at_moment(events, 150).state.status == "running"
    assert (at_moment(events, 100).passed, at_moment(events, 100).whole) == ("1.5 s", "3.0 s")


def test_the_page_is_a_form_that_works_without_a_script(told: Run) -> None:
    client = client_of(told)
    half = client.get(f"/runs/{told.pk}/replay/?at=80").content.decode()
    assert "Salt was" in half
    assert "dear." not in half.partition('id="replayed"')[2]
    assert 'value="80"' in half
    for odd in ("x", "-1", "9" * 30, ""):
        assert 'value="0"' in client.get(f"/runs/{told.pk}/replay/?at={odd}").content.decode()
    assert f'value="{MOMENTS}"' in client.get(f"/runs/{told.pk}/replay/?at=999").content.decode()
    assert f"/runs/{told.pk}/replay/" in client.get(f"/runs/{told.pk}/").content.decode()


def test_a_live_run_has_none(run: Run, redis: Redis) -> None:
    assert log.tip(redis, str(run.pk)) is not None
    client = client_of(run)
    assert client.get(f"/runs/{run.pk}/replay/")["Location"] == f"/runs/{run.pk}/"
