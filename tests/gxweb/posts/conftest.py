"""A person, a run that a test writes to its end, and the post of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from gxweb.accounts.models import User
from gxweb.posts import results
from gxweb.posts.models import Post
from runs.lifecycle import start
from runs.models import Run
from runs.projector import Projector
from tests.gxweb.posts.press import press, written  # noqa: F401
from tests.runs.worker import Worker
from workflows.wire.events import RunCompleted

BRIEF = {"topic": "Salt", "notes": "Salt is dear. Wool is not."}
OUTPUT = {
    "title": "On salt",
    "slug": "on-salt",
    "description": "What salt costs.",
    "markdown": "# On salt\n\n## Dear\n\nSalt is dear. [c1]\n\n## Cheap\n\nWool *is* not.\n",
    "sections": [
        {"heading": "Dear", "markdown": "Salt is dear. [c1]"},
        {"heading": "Cheap", "markdown": "Wool *is* not."},
    ],
    "sources": [{"id": "c1", "url": None, "title": "Your notes", "quote": "Salt is dear."}],
    "words": 6,
}


@pytest.fixture(autouse=True)
def gx(settings: Any, redis_url: str, transactional_db: None) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url, broker_url=redis_url)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada@example.org")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob@example.org")


@pytest.fixture
def as_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def as_bob(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


@pytest.fixture
def run(ada: User) -> Run:
    return start(owner=ada, workflow="blog", input=BRIEF).run


@pytest.fixture
def worker(redis: Any, run: Run) -> Worker:
    return Worker.opened(redis, run)


@pytest.fixture
def projector(redis: Any) -> Projector:
    return Projector(redis)


@pytest.fixture
def post(worker: Worker, projector: Projector, run: Run) -> Post:
    """Written to its end."""
    assert worker.say((RunCompleted(OUTPUT), None)).ok
    projector.poll()
    run.refresh_from_db()
    made = results.draft(run)
    results.finish(made)
    return made
