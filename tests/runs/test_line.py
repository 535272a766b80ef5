"""A place in line: who came before, of the same workflow and not yet taken up."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.models import AbstractUser
from django.test import Client
from redis import Redis

from runs.lifecycle import cancel, start
from runs.line import places
from runs.models import Run
from runs.projector import Projector
from tests.runs.conftest import BRIEF
from tests.runs.worker import Worker, serve


def three(owner: Any) -> list[Run]:
    return [start(owner=owner, workflow="blog", input=BRIEF).run for _ in range(3)]


def test_the_oldest_is_next_and_others_move_up(
    alice: AbstractUser, redis: Redis, projector: Projector
) -> None:
    one, two, three_ = three(alice)
    other = start(owner=alice, workflow="ingest", input={"url": "https://acme.example/"}).run
    ids = [str(run.pk) for run in (one, two, three_, other)]
    assert places(ids) == dict(zip(ids, (1, 2, 3, 1), strict=True))
    Worker.opened(redis, one)
    cancel(two, by="owner")
    while projector.poll():
        pass
    assert places(ids) == {ids[2]: 1, ids[3]: 1}
    assert places([]) == {}


def test_the_page_says_it_without_a_script(alice: AbstractUser, redis: Redis) -> None:
    runs = three(alice)
    serve(redis)
    client = Client()
    client.force_login(cast("Any", alice))
    shown = [client.get(f"/runs/{run.pk}/").content.decode() for run in runs]
    assert 'id="run-place">Next in line<' in shown[0]
    assert 'id="run-place">3rd in line<' in shown[2]


def test_who_waits_for_a_worker_that_is_not_there_is_in_no_line(run: Run) -> None:
    client = Client()
    client.force_login(cast("Any", run.owner))
    html = client.get(f"/runs/{run.pk}/").content.decode()
    assert 'id="run-place" hidden><' in html
    assert "No worker is connected" in html


def test_a_run_that_somebody_has_is_in_no_line(run: Run, worker: Worker, redis: Redis) -> None:
    client = Client()
    client.force_login(cast("Any", run.owner))
    assert 'id="run-place" hidden><' in client.get(f"/runs/{run.pk}/").content.decode()
