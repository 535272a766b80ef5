"""A person with tokens, a real Redis, runs in it, and a real server where streams matter."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
import uvicorn
from django.test import Client
from pytest_django import DjangoDbBlocker
from redis import Redis

from gxweb.accounts.models import ApiToken, User
from runs import lifecycle, tail
from runs.models import Run
from runs.projector import Projector
from tests.runs.api.scribe import Scribe

Issue = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def site(redis_url: str, settings: Any, transactional_db: None) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url, broker_url=redis_url)
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada@example.org", "a long password")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob@example.org", "a long password")


@pytest.fixture
def issue(ada: User) -> Issue:
    """Headers with a new token."""

    def make(*scopes: str, user: User = ada) -> dict[str, str]:
        _, token = ApiToken.objects.issue(user=user, scopes=scopes or ("start", "read", "cancel"))
        return {"Authorization": f"Bearer {token}"}

    return make


@pytest.fixture
def api(issue: Issue) -> Client:
    """A client with a token of Ada's that may do everything."""
    return Client(headers=issue())


@pytest.fixture
def run(ada: User) -> Run:
    return lifecycle.start(owner=ada, workflow="blog", input={"topic": "Light"}).run


@pytest.fixture
def scribe(redis: Redis, run: Run) -> Scribe:
    return Scribe(redis, run)


@pytest.fixture
def project(redis: Redis) -> Callable[[], None]:
    """Bring the rows up to the logs."""

    def poll() -> None:
        projector = Projector(redis)
        while projector.poll():
            pass

    return poll


@pytest.fixture
def server(site: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The site behind uvicorn, in a thread: it sees the settings and the database of the test."""
    from gxweb.asgi import application  # noqa: PLC0415 - after the settings of the test

    config = uvicorn.Config(application, port=0, log_level="error", lifespan="off")
    served = uvicorn.Server(config)
    started = threading.Event()

    async def serve() -> None:
        watcher = asyncio.get_running_loop().create_task(_announce(served, started))
        await served.serve()
        await watcher
        await tail.here().aclose()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(20)
    port = served.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    served.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def web(server: str, issue: Issue) -> Iterator[httpx2.Client]:
    """A program on the other side of a real connection."""
    with httpx2.Client(base_url=server, headers=issue(), timeout=20, trust_env=False) as client:
        yield client


async def _announce(served: uvicorn.Server, started: threading.Event) -> None:
    while not served.started:  # noqa: ASYNC110 - uvicorn has a flag, and nothing to wait for
        await asyncio.sleep(0.01)
    started.set()
