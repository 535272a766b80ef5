"""An owner deletes a run: told before what goes, and only the owner."""

from __future__ import annotations

import pytest
from django.test import Client
from redis import Redis

from runs.models import LogArchive, Run
from tests.runs.worker import Worker
from workflows.wire import keys


def test_it_is_said_before_and_gone_after(
    client: Client, redis: Redis, run: Run, worker: Worker
) -> None:
    client.force_login(run.owner)
    page = client.get(f"/runs/{run.id}/deletion/").content.decode()
    assert "It is still going on" in page
    assert client.post(f"/runs/{run.id}/deletion/")["Location"] == "/runs/"
    assert not Run.objects.exists()
    assert not LogArchive.objects.exists()
    assert not redis.exists(*(name(str(run.id)) for name in (keys.log, keys.blob, keys.lease)))
    assert client.get(f"/runs/{run.id}/").status_code == 404


def test_while_redis_is_away_nothing_is_deleted(
    client: Client, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(run.owner)
    monkeypatch.setattr("runs.connections.redis", lambda: Redis(port=1))
    assert client.post(f"/runs/{run.id}/deletion/")["Location"] == f"/runs/{run.id}/trace/"
    assert Run.objects.filter(pk=run.pk).exists()


def test_what_came_of_it_is_named(client: Client, run: Run) -> None:
    from gxweb.posts import results  # noqa: PLC0415 - a product, which runs do not know

    results.draft(run)
    client.force_login(run.owner)
    assert "1 post that came of it" in client.get(f"/runs/{run.id}/deletion/").content.decode()
