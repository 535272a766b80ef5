"""Stopping, resuming and telling again: by those who may, with a reason that is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from redis import Redis

from runs.interventions import Intervention
from runs.models import Notice, Run
from tests.payloads import MARKDOWN
from tests.runs.admin.conftest import RUNS, announced, asked, ended, page, parsed, staff
from tests.runs.serving import Person
from tests.valkey import free_port
from workflows.wire import log
from workflows.wire.events import Error, RunCancelled, RunFailed

STOP, RESUME, TELL = f"{RUNS}cancellation/", f"{RUNS}resumption/", f"{RUNS}telling/"


def do(person: Person, path: str, *runs: Run, reason: str = "It floods.", turn: str = "") -> Any:
    given = {"run": [run.pk for run in runs], "reason": reason, "turn": turn or uuid4()}
    return person.client.post(path, given)


def kept() -> list[tuple[str, str, object, str]]:
    rows = Intervention.objects.order_by("pk").select_related("by")
    return [(row.what, str(row.by), row.run_id, row.reason) for row in rows]


def said(person: Person) -> str:
    nodes = parsed(page(person, RUNS)).walk()
    return " ".join(n.text for n in nodes if n.attributes.get("class") == "messagelist")


def failed(redis: Redis, run: Run) -> None:
    worker = announced(redis, run)
    worker.begin("blog")
    worker.section("blog/a", "one", "A")
    assert worker.say((RunFailed(Error("timeout", "Too slow.")), None)).ok
    ended(redis, run)


def test_a_run_is_stopped_and_the_reason_is_kept(
    chief: Person, run: Run, redis: Redis, owner: Person
) -> None:
    announced(redis, run)
    response = do(chief, STOP, run)
    assert response["Location"] == f"{RUNS}{run.pk}/change/"
    event = log.read(redis, str(run.pk))[-1]
    assert event.body == RunCancelled("staff", "It floods.")
    assert kept() == [("cancel", "chief@example.org", run.pk, "It floods.")]
    assert "It floods." in page(chief, f"{RUNS}{run.pk}/change/")
    assert "It floods." in owner.client.get(f"/runs/{run.pk}/").content.decode()


def test_several_at_once(chief: Person, owner: Person, redis: Redis) -> None:
    both = [asked(owner, "one"), asked(owner, "two")]
    for run in both:
        announced(redis, run)
    assert do(chief, STOP, *both)["Location"] == RUNS
    assert {row[2] for row in kept()} == {run.pk for run in both}


@pytest.mark.parametrize("path", [STOP, RESUME, TELL])
def test_without_a_reason_nothing_happens(chief: Person, run: Run, redis: Redis, path: str) -> None:
    announced(redis, run)
    for reason in ("", "  \n"):
        response = do(chief, path, run, reason=reason)
        assert response.status_code == 200
        assert "This field is required" in response.content.decode()
    assert kept() == []
    assert not log.read(redis, str(run.pk))[-1].terminal


@pytest.mark.parametrize("path", [STOP, RESUME, TELL])
def test_looking_is_not_doing(viewer: Person, run: Run, redis: Redis, path: str) -> None:
    announced(redis, run)
    assert viewer.client.get(f"{path}?run={run.pk}").status_code == 403
    assert do(viewer, path, run).status_code == 403
    assert kept() == []
    html = page(viewer, f"{RUNS}{run.pk}/change/")
    assert not {"Stop…", "Resume…"} & set(parsed(html).text.split())


@pytest.mark.parametrize("path", [STOP, RESUME, TELL])
def test_what_may_not_be_seen_cannot_be_done_to(run: Run, path: str, redis: Redis) -> None:
    """The permission to act alone shows no run."""
    announced(redis, run)
    blind = staff("blind@example.org", "cancel_run", "resume_run", "tell_notice")
    assert blind.client.get(f"{path}?run={run.pk}").status_code == 404
    assert do(blind, path, run).status_code == 404
    assert kept() == []


@pytest.mark.parametrize("path", [STOP, RESUME, TELL])
@pytest.mark.parametrize("run", ["", "x", "00000000-0000-4000-8000-000000000000"])
def test_a_run_that_there_is_not(chief: Person, path: str, run: str) -> None:
    assert chief.client.get(f"{path}?run={run}").status_code == 404


@pytest.mark.parametrize("path", [STOP, RESUME, TELL])
def test_the_csrf_token_is_needed(chief: Person, run: Run, path: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = chief.client.cookies
    assert strict.post(path, {"run": run.pk, "reason": "x"}).status_code == 403


def test_asking_for_the_reason_changes_nothing(chief: Person, run: Run, redis: Redis) -> None:
    announced(redis, run)
    assert "Heat pumps" in page(chief, f"{STOP}?run={run.pk}")
    assert not log.read(redis, str(run.pk))[-1].terminal


def test_one_that_has_ended_is_not_stopped_again(chief: Person, run: Run, redis: Redis) -> None:
    announced(redis, run).complete("done")
    do(chief, STOP, run)
    assert kept() == []
    assert "it had ended already" in said(chief)


def test_without_redis_nothing_is_said_to_be_done(chief: Person, run: Run, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    do(chief, STOP, run)
    assert kept() == []
    assert "not possible just now" in said(chief)


def test_a_failed_run_is_resumed_for_its_owner(
    chief: Person, run: Run, redis: Redis, owner: Person
) -> None:
    failed(redis, run)
    response = do(chief, RESUME, run, reason="The provider is back.")
    fork = Run.objects.exclude(pk=run.pk).get()
    assert response["Location"] == f"{RUNS}{fork.pk}/change/"
    assert (fork.owner, fork.forked_from) == (owner.user, run)
    assert fork.spans.filter(path="blog/a", status="completed").exists()
    assert kept() == [("resume", "chief@example.org", run.pk, "The provider is back.")]


def test_a_run_is_done_again_from_a_step(chief: Person, run: Run, redis: Redis) -> None:
    failed(redis, run)
    html = page(chief, f"{RUNS}{run.pk}/change/?span=blog/a")
    assert "Run again from here…" in html
    assert "blog/a" in page(chief, f"{RESUME}?run={run.pk}&step=blog/a")
    given = {"run": run.pk, "reason": "It was wrong.", "turn": uuid4(), "step": "blog/a"}
    chief.client.post(RESUME, given)
    fork = Run.objects.exclude(pk=run.pk).get()
    assert not fork.spans.filter(path="blog/a", status="completed").exists()
    assert kept() == [("restart", "chief@example.org", run.pk, "It was wrong.")]
    assert Intervention.objects.get().step == "blog/a"


def test_a_step_that_there_is_not(chief: Person, run: Run, redis: Redis) -> None:
    failed(redis, run)
    given = {"run": run.pk, "reason": "x", "turn": uuid4(), "step": "<b>blog/none</b>"}
    chief.client.post(RESUME, given)
    assert (Run.objects.count(), kept()) == (1, [])
    html = page(chief, RUNS)
    assert "No span" in html
    assert "<b>blog/none" not in html


def test_a_form_that_is_sent_twice_resumes_once(chief: Person, run: Run, redis: Redis) -> None:
    failed(redis, run)
    turn = str(uuid4())
    places = {do(chief, RESUME, run, turn=turn)["Location"] for _ in range(2)}
    assert len(places) == 1
    assert (Run.objects.count(), len(kept())) == (2, 1)


def test_what_goes_on_cannot_be_resumed(chief: Person, run: Run, redis: Redis) -> None:
    announced(redis, run)
    do(chief, RESUME, run)
    assert (Run.objects.count(), kept()) == (1, [])
    assert "is not resumed: the run is" in said(chief)


def test_an_owners_quota_holds_for_staff_too(
    chief: Person, run: Run, redis: Redis, settings: Any
) -> None:
    failed(redis, run)
    settings.GX = replace(settings.GX, user_concurrent_runs=0)
    do(chief, RESUME, run)
    assert (Run.objects.count(), kept()) == (1, [])
    assert "as many runs as they may" in said(chief)


def test_notices_that_were_given_up_are_told_again(chief: Person, run: Run) -> None:
    gone = Notice.objects.create(run=run, kind="run_finished", tries=5, given_up=True)
    do(chief, TELL, run, reason="The bug is mended.")
    gone.refresh_from_db()
    assert (gone.given_up, gone.tries) == (False, 0)
    assert kept() == [("tell", "chief@example.org", run.pk, "The bug is mended.")]


def test_hostile_reasons_are_words(chief: Person, run: Run, redis: Redis) -> None:
    announced(redis, run)
    hostile = "\n".join(MARKDOWN)[:1000].replace("\0", "")
    do(chief, STOP, run, reason=hostile)
    for path in (f"{RUNS}{run.pk}/change/", "/admin/runs/intervention/"):
        root = parsed(page(chief, path))
        texts = [n for n in root.walk() if n.tag == "bdi" and "fired" in n.text]
        assert texts
        assert all(not list(node.walk()) for node in texts)
