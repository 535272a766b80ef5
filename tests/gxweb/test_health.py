"""`/healthz` and `/readyz`: alive, and able to take work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from redis import Redis

from runs.models import Run
from workflows.wire import pulse
from workflows.wire.pulse import Beat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_redis(redis_url: str, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url)


def beat(redis: Redis, kind: str, **more: Any) -> None:
    pulse.beat(redis, Beat(name=f"{kind}-1", kind=kind, pid=1, host="h", **more))


def test_healthz_needs_nothing(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_readyz_says_what_is_missing(client: Client, redis: Redis) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "ready": False, "redis": "ok", "sql": "ok", "worker": "none", "control": "none",
    }  # fmt: skip


def test_readyz_is_ready_with_a_worker_and_control(client: Client, redis: Redis) -> None:
    beat(redis, "worker", queues=("gx.interactive.blog.v1",))
    assert client.get("/readyz").json()["control"] == "none"
    beat(redis, "control")
    response = client.get("/readyz")
    assert (response.status_code, response.json()["ready"]) == (200, True)


def test_draining_worker_does_not_count(client: Client, redis: Redis) -> None:
    beat(redis, "worker", draining=True)
    assert client.get("/readyz").json()["worker"] == "none"


def test_readyz_without_redis(client: Client, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url="redis://127.0.0.1:1/0")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert (response.json()["redis"], response.json()["sql"]) == ("down", "ok")


def test_readyz_without_sql(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OSError

    monkeypatch.setattr(connection, "cursor", away)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["sql"]) == (503, "down")


@pytest.mark.django_db(transaction=True)
def test_a_version_that_no_worker_serves_is_named(client: Client, redis: Redis) -> None:
    beat(redis, "control")
    beat(redis, "worker", queues=("gx.interactive.blog.v1",))
    owner = get_user_model().objects.create_user(email="ann@example.org")
    old = Run.objects.create(owner=owner, workflow="blog", version=7, input={})
    response = client.get("/readyz")
    assert (response.status_code, response.json()["unserved"]) == (200, ["blog v7"])
    old.delete()
    assert "unserved" not in client.get("/readyz").json()
