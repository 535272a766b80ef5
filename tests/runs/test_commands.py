"""The terminal's way to runs."""

from __future__ import annotations

import json
import threading
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.management import CommandError, call_command
from redis import Redis

from runs.models import Run
from runs.projector import Projector
from tests.runs.conftest import BRIEF
from tests.runs.worker import Worker, serve
from workflows.wire import log
from workflows.wire.events import Error, RunCancelled, RunFailed, Status


def said(*words: Any, **options: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_workflows_are_listed() -> None:
    assert said("workflows").startswith("blog v1  ")


def test_tail_prints_progress_and_text_to_the_end(run: Run, worker: Worker) -> None:
    worker.begin("blog")
    worker.say((Status("writing", 1, 2), "blog"))
    worker.write("blog", "one", "Warm words.")
    worker.complete(1)
    assert said("tail", str(run.id)) == (
        "-- attempt 1 (first)\n\n[blog]\n  writing 1/2\nWarm words.\ncompleted\n"
    )


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (RunFailed(Error("timeout", "Too slow.")), "failed: timeout: Too slow."),
        (RunCancelled("owner", "why not"), "cancelled by owner why not"),
    ],
)
def test_tail_says_how_it_ended(run: Run, worker: Worker, body: Any, told: str) -> None:
    worker.say((body, None))
    assert told in said("tail", str(run.id))


def test_tail_follows_what_is_said_meanwhile(run: Run, worker: Worker) -> None:
    worker.begin("blog")
    later = threading.Timer(0.4, lambda: worker.complete(1))
    later.start()
    assert said("tail", str(run.id)).endswith("completed\n")
    later.join()


def test_an_unknown_run_is_one_line(transactional_db: None) -> None:
    with pytest.raises(CommandError, match="There is no run"):
        said("tail", str(uuid4()))


def test_run_starts_for_the_only_person(alice: AbstractUser) -> None:
    id = said("run", "blog", json.dumps(BRIEF)).strip()
    assert str(Run.objects.get(owner_id=alice.pk).id) == id


def test_closed_accounts_are_nobody(alice: AbstractUser) -> None:
    """Such as that of the sample, which every installation has."""
    people = get_user_model().objects
    closed = people.create_user(email="sample@example.invalid", is_active=False)
    said("run", "blog", json.dumps(BRIEF))
    alice.delete()
    for asked in ({}, {"email": closed.email}):
        with pytest.raises(CommandError, match="Whose run"):
            said("run", "blog", json.dumps(BRIEF), **asked)
    assert not Run.objects.exists()


def test_run_says_that_nobody_is_there_to_take_it(alice: AbstractUser, redis: Redis) -> None:
    for serving, told in (("gx.interactive.other.v1", True), ("gx.interactive.blog.v1", False)):
        serve(redis, serving)
        beside = StringIO()
        call_command("run", "blog", json.dumps(BRIEF), stdout=StringIO(), stderr=beside)
        assert ("No worker serves blog v1" in beside.getvalue()) is told


def test_run_refuses_bad_input_and_unknown_people(alice: AbstractUser) -> None:
    with pytest.raises(CommandError, match="not JSON"):
        said("run", "blog", "{")
    with pytest.raises(CommandError, match="Invalid: topic: Field required"):
        said("run", "blog", "{}")
    with pytest.raises(CommandError, match="Whose run"):
        said("run", "blog", json.dumps(BRIEF), email="nobody@example.org")
    assert Run.objects.count() == 0


def test_restore_rebuilds_a_lost_log_only(run: Run, worker: Worker, redis: Redis) -> None:
    worker.begin("blog")
    worker.finish("blog", 1)
    Projector(redis).poll()
    with pytest.raises(CommandError, match="nothing to restore"):
        said("restore", str(run.id))
    redis.flushall()
    assert said("restore", str(run.id)).startswith("Restored as attempt 2.")
    assert log.read(redis, str(run.id))[-1].kind == "span.completed"
