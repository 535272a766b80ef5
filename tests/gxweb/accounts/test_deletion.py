"""The end of an account: said before, asked with the password, complete, and said after."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from redis import Redis

from gxweb.accounts import deletion
from gxweb.accounts.models import ApiToken, User
from runs.chores import CHORES
from runs.lifecycle import Unavailable, start
from runs.models import LogArchive, Run
from runs.projector import Projector
from tests.gxweb.accounts.conftest import PASSWORD
from tests.runs.writer import ROOT, Writer, done, wrote
from tests.valkey import free_port
from workflows.wire.events import RunCompleted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_redis")]
URL = "/accounts/delete/"
CANARY = "canary-91c4"


def owned(user: User, redis: Redis, *, finished: bool, text: str = CANARY) -> Run:
    run = Run.objects.create(
        owner=user, workflow="blog", version=1, input={"topic": text}, attempt=1
    )
    writer = Writer(redis, str(run.pk)).begin().say(wrote(ROOT, "section-1", 0, text))
    if finished:
        writer.say(done(ROOT), RunCompleted({"markdown": text}))
        Projector(redis).poll()
    return run


def everything(redis: Redis) -> str:
    """All that SQL and Redis have, as one text."""
    rows = [str(list(m._default_manager.values_list())) for m in apps.get_models()]
    logs = [gzip.decompress(a.gz).decode() for a in LogArchive.objects.all()]
    kept = [repr(redis.dump(key)) + repr(key) for key in redis.scan_iter()]
    streams = [repr(redis.xrange(k)) for k in redis.scan_iter() if redis.type(k) == b"stream"]
    return "\n".join(rows + logs + kept + streams)


def test_all_of_it_goes_and_nothing_of_others(
    as_ada: Client, ada: User, redis: Redis, mailed: Callable[[], list[EmailMessage]]
) -> None:
    bob = User.objects.create_user("bob@example.org")
    kept = owned(bob, redis, finished=True, text="of another")
    owned(ada, redis, finished=True)
    owned(ada, redis, finished=False)
    ApiToken.objects.issue(user=ada, scopes=["read"], name=CANARY)
    response = as_ada.post(URL, {"password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/accounts/deleted/")
    assert "is deleted" in as_ada.get("/accounts/deleted/").content.decode()
    assert as_ada.get("/accounts/").status_code == 302
    assert [user.email for user in User.objects.all()] == ["bob@example.org"]
    assert [run.pk for run in Run.objects.all()] == [kept.pk]
    found = everything(redis)
    assert CANARY not in found
    assert "of another" in found
    assert "ada@example.org" not in found
    assert [m.subject for m in mailed()] == ["Your account is deleted"]


@pytest.mark.django_db(transaction=True)
def test_a_run_that_enters_at_the_last_moment_goes_too(
    ada: User, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that began before may wait in its owner's line for long."""
    last, asked = deletion._gone, list[User]()

    def gone(user: User) -> bool:
        asked.append(user)
        if len(asked) == 1:
            start(owner=user, workflow="blog", input={"topic": CANARY})
        return last(user)

    monkeypatch.setattr(deletion, "_gone", gone)
    deletion.delete(ada)
    assert not User.objects.exists()
    assert CANARY not in everything(redis)


@pytest.mark.django_db(transaction=True)
def test_a_start_that_comes_after_its_owner_has_gone_is_refused(ada: User, redis: Redis) -> None:
    before = User.objects.get(pk=ada.pk)
    deletion.delete(ada)
    with pytest.raises(Unavailable):
        start(owner=before, workflow="blog", input={"topic": CANARY})
    assert not Run.objects.exists()
    assert CANARY not in everything(redis)


def died_at_it(user: User) -> User:
    """As a killed process left it: some runs are gone, and nobody can sign in."""
    then = timezone.now() - 2 * deletion.ABANDONED
    User.objects.filter(pk=user.pk).update(is_active=False, leaving_at=then)
    return user


def test_control_goes_on_where_a_process_died(
    ada: User, redis: Redis, mailed: Callable[[], list[EmailMessage]]
) -> None:
    bob = died_at_it(User.objects.create_user("bob@example.org"))
    User.objects.filter(pk=bob.pk).update(leaving_at=timezone.now())  # somebody is at this one
    owned(died_at_it(ada), redis, finished=True)
    owned(ada, redis, finished=False)
    step = CHORES["deletions"]
    assert step() is True
    assert [user.email for user in User.objects.all()] == ["bob@example.org"]
    assert CANARY not in everything(redis)
    assert [(m.subject, m.to) for m in mailed()] == [
        ("Your account is deleted", ["ada@example.org"])
    ]
    assert step() is False


def test_control_waits_for_redis_and_tries_again(ada: User, redis: Redis, settings: Any) -> None:
    owned(died_at_it(ada), redis, finished=False)
    there = settings.GX
    settings.GX = replace(there, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    assert deletion.go_on() is False
    assert not User.objects.get(pk=ada.pk).is_active
    settings.GX = there
    assert deletion.go_on() is False, "another control may be at it"
    assert died_at_it(ada)
    assert deletion.go_on() is True
    assert not User.objects.exists()
    assert CANARY not in everything(redis)


def test_one_that_cannot_go_on_stops_no_control(
    ada: User, redis: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Run) -> None:
        raise ValueError(CANARY)

    owned(died_at_it(ada), redis, finished=True)
    monkeypatch.setattr(deletion, "erase", broken)
    assert deletion.go_on() is False
    assert f"the deletion of account {ada.pk} does not go on" in caplog.text
    assert not User.objects.get(pk=ada.pk).is_active


def test_it_says_before_what_goes(as_ada: Client, ada: User, redis: Redis) -> None:
    owned(ada, redis, finished=False)
    html = as_ada.get(URL).content.decode()
    assert "<li>1 run</li>" in html
    assert "for good" in html
    assert User.objects.filter(pk=ada.pk).exists()


def test_it_takes_the_password(as_ada: Client, ada: User) -> None:
    html = as_ada.post(URL, {"password": "wrong"}).content.decode()
    assert "This is not your password" in html
    assert User.objects.filter(pk=ada.pk, is_active=True).exists()


def test_without_redis_the_account_stays_open(
    as_ada: Client, ada: User, redis: Redis, settings: Any
) -> None:
    owned(ada, redis, finished=False)
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    html = as_ada.post(URL, {"password": PASSWORD}).content.decode()
    assert "not possible just now" in html
    found = User.objects.get(pk=ada.pk)
    assert (found.is_active, found.leaving_at) == (True, None)
    assert Run.objects.count() == 1


def test_one_can_sign_up_again_and_starts_empty(as_ada: Client, ada: User, redis: Redis) -> None:
    owned(ada, redis, finished=True)
    as_ada.post(URL, {"password": PASSWORD})
    form = {"email": ada.email, "password1": PASSWORD, "password2": PASSWORD}
    client = Client()
    assert client.post("/accounts/signup/", form).status_code == 302
    assert "Nothing has run yet" in client.get("/runs/").content.decode()
