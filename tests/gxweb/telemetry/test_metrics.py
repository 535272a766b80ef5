"""`/metrics`: who may read it, and that nobody's words are in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from redis import Redis

from runs.models import Run
from workflows.wire import pulse
from workflows.wire.pulse import Beat

pytestmark = pytest.mark.django_db
AWAY: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9"}


@pytest.fixture(autouse=True)
def site(redis_url: str, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url)
    settings.ALLOWED_HOSTS = ["127.0.0.1", "gxweb.example"]
    settings.METRICS_TOKEN = "m-secret"


def status(client: Client, host: str = "127.0.0.1:8000", **more: Any) -> int:
    return int(client.get("/metrics", headers={"Host": host}, **more).status_code)


def test_numbers_and_no_words(client: Client, redis: Redis) -> None:
    owner = get_user_model().objects.create_user(email="ann@example.org")
    Run.objects.create(owner=owner, workflow="blog", version=1, input={"topic": "My secret"})
    pulse.beat(redis, Beat("w1", "worker", 1, "h", ("gx.interactive.blog.v1",), load=3, slots=9))
    text = client.get("/metrics", headers={"Host": "127.0.0.1"}).content.decode()
    assert 'gxweb_runs{status="queued",workflow="blog"} 1.0\n' in text
    assert "gxweb_workers 1.0\n" in text
    assert "gxweb_worker_load 3.0\n" in text
    assert "gxweb_redis_up 1.0\n" in text
    assert "# TYPE gxweb_runs gauge\n" in text
    for word in ("secret", "ann", str(owner.pk) + "@"):
        assert word not in text


def test_who_may_read_it(client: Client) -> None:
    assert status(client) == 200
    assert status(client, REMOTE_ADDR="203.0.113.9") == 403
    assert status(client, host="gxweb.example") == 403
    proxied = {"Host": "127.0.0.1", "X-Forwarded-For": "203.0.113.9"}
    assert client.get("/metrics", headers=proxied).status_code == 403
    for token, expected in (("m-secret", 200), ("m-secre", 403), ("", 403)):
        headers = {"Authorization": f"Bearer {token}", "Host": "gxweb.example"}
        assert client.get("/metrics", headers=headers, **AWAY).status_code == expected


def test_staff_reads_it_and_others_do_not(client: Client) -> None:
    people = get_user_model().objects
    client.force_login(people.create_user(email="ann@example.org"))
    assert status(client, "gxweb.example", **AWAY) == 403
    client.force_login(people.create_user(email="eve@example.org", is_staff=True))
    assert client.get("/metrics", headers={"Host": "gxweb.example"}, **AWAY).status_code == 200


def test_without_redis_it_says_so(client: Client, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url="redis://127.0.0.1:1/0")
    text = client.get("/metrics", headers={"Host": "127.0.0.1"}).content.decode()
    assert "gxweb_redis_up 0.0\n" in text
    assert "gxweb_workers" not in text
