"""The sample is made once, by a real run, and never for money."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from redis import Redis

from gxweb.posts import sample
from gxweb.posts.models import Post
from runs.models import Run
from runs.projector import Projector
from tests.gxweb.posts.conftest import OUTPUT
from tests.runs.worker import Worker
from workflows.wire.events import Body, Error, RunCompleted, RunFailed


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in sample.KEYS:
        monkeypatch.delenv(name, raising=False)


def work(redis: Redis, end: Body) -> threading.Thread:
    """A worker and a projector for the next run that is started."""

    def run() -> None:
        try:
            while not (found := Run.objects.first()) or not redis.exists(*redis.keys("*:log")):
                threading.Event().wait(0.02)
            Worker.opened(redis, found).say((end, None))
            Projector(redis).poll()
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_it_is_made_once_and_belongs_to_nobody(redis: Redis) -> None:
    working = work(redis, RunCompleted(OUTPUT))
    post = sample.make(30)
    working.join()
    assert sample.make(0) == post == Post.objects.get()
    assert (post.owner.is_active, post.owner.has_usable_password()) == (False, False)
    assert list(sample.found()) == [post]


def test_a_run_that_fails_makes_none(redis: Redis) -> None:
    working = work(redis, RunFailed(Error("timeout", "No answer.")))
    with pytest.raises(CommandError, match="no sample: No answer"):
        call_command("sample", patience=30.0)
    working.join()
    assert not sample.found().exists()


def test_it_does_not_wait_for_ever() -> None:
    with pytest.raises(sample.NotMade, match="did not end in time"):
        sample.make(0)


def test_with_a_key_it_would_cost_money_and_is_not_made(monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with pytest.raises(sample.NotMade, match="would be paid for"):
        sample.make(0)
    assert not Run.objects.exists()
