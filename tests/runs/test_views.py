"""Pages of runs: who sees them, what stands on them, and that they do without Redis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client, RequestFactory
from redis import Redis

from runs import forking, lifecycle
from runs.models import Run
from runs.projector import Projector
from runs.views import form_key, told
from tests.runs.render.dom import Node, parse
from tests.runs.serving import Person
from tests.runs.worker import serve
from tests.runs.writer import ROOT, Writer, done, opened, packed, wrote
from tests.valkey import free_port
from workflows.wire import log
from workflows.wire.cursor import Cursor
from workflows.wire.events import Error, RunFailed, RunStarted, SpanFailed, Text

pytestmark = pytest.mark.django_db

ONE, TWO = f"{ROOT}/write_section[0]", f"{ROOT}/write_section[1]"


@pytest.fixture(autouse=True)
def on_redis(settings: Any, redis_url: str) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url)


@pytest.fixture
def owner() -> Person:
    return Person("owner@example.org")


@pytest.fixture
def stranger() -> Person:
    return Person("stranger@example.org")


def page_of(person: Person, run: Writer) -> Node:
    return main_of(person, f"/runs/{run.run}/")


def main_of(person: Person, path: str) -> Node:
    response = person.client.get(path)
    assert response.status_code == 200
    return parse(response.content.decode().partition("<main>")[2].partition("</main>")[0])


def begin(redis: Redis, owner: Person) -> Writer:
    return Writer(redis, str(owner.owns(attempt=1).id)).begin()


def test_the_page_shows_the_log_as_it_is_now(owner: Person, redis: Redis) -> None:
    run = begin(redis, owner).say(opened(ONE), wrote(ONE, "section-1", 0, "a < b\n\n  c"))
    page = page_of(owner, run)
    root = page.find("data-run", run.run)
    assert root.attributes["data-status"] == "running"
    assert root.attributes["data-cursor"] == str(run.tip)
    assert page.find("data-section", "1").text == "a < b\nc\n"
    rows = [(n.attributes["data-span"], n.attributes["data-status"]) for n in page.all("data-span")]
    assert rows == [(ROOT, "running"), (ONE, "running")]


def test_what_an_earlier_attempt_finished_is_marked(owner: Person, redis: Redis) -> None:
    run = begin(redis, owner).say(opened(ONE), done(ONE)).start(2, RunStarted("w2", 1, "crashed"))
    assert page_of(owner, run).find("data-span", ONE).attributes["data-replayed"] == "true"


def test_nobody_is_asked_to_sign_in_and_comes_back(client: Client, owner: Person) -> None:
    path = f"/runs/{owner.owns().id}/"
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_a_foreign_run_is_404_like_an_unknown_one(
    owner: Person, stranger: Person, redis: Redis
) -> None:
    run = begin(redis, owner)
    for person, path in [(stranger, run.run), (owner, "00000000-0000-4000-8000-000000000000")]:
        assert person.client.get(f"/runs/{path}/").status_code == 404
        assert person.client.post(f"/runs/{path}/cancellation/").status_code == 404


def test_a_page_is_private(owner: Person, redis: Redis) -> None:
    response = owner.client.get(f"/runs/{begin(redis, owner).run}/")
    assert "no-store" in response["Cache-Control"]


def test_without_redis_the_page_says_that_updates_are_paused(owner: Person, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    response = owner.client.get(f"/runs/{owner.owns().id}/")
    page = parse(response.content.decode().partition("<main>")[2].partition("</main>")[0])
    assert "updates paused" in page.text
    assert page.all("data-connection")[0].attributes["data-connection"] == "paused"
    assert page.all("data-cursor")[0].attributes["data-cursor"] == ""


def test_without_a_worker_the_page_says_so(owner: Person, redis: Redis) -> None:
    run = owner.owns()
    Writer(redis, str(run.id)).queue()
    path = f"/runs/{run.id}/"
    assert b"No worker is connected" in owner.client.get(path).content
    serve(redis)
    assert b"No worker is connected" not in owner.client.get(path).content


def test_stop_cancels_and_leads_back(owner: Person, redis: Redis) -> None:
    run = begin(redis, owner).say((ROOT, Text("section-1", 0, "kept")))
    response = owner.client.post(f"/runs/{run.run}/cancellation/")
    assert (response.status_code, response["Location"]) == (302, f"/runs/{run.run}/")
    tip = log.tip(redis, run.run)
    assert tip == log.Tip(Cursor(2, 0), "run.cancelled")
    page = page_of(owner, run)
    assert page.all("data-run")[0].attributes["data-status"] == "cancelled"
    assert page.find("data-section", "1").text == "kept\n"


def test_stop_by_htmx_is_answered_without_a_page(owner: Person, redis: Redis) -> None:
    run = begin(redis, owner)
    path, headers = f"/runs/{run.run}/cancellation/", {"HX-Request": "true"}
    assert [owner.client.post(path, headers=headers).status_code for _ in range(2)] == [204, 204]


def test_stop_needs_the_csrf_token(owner: Person, redis: Redis) -> None:
    run = begin(redis, owner)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner.user)
    assert strict.post(f"/runs/{run.run}/cancellation/").status_code == 403


def test_stop_when_signed_out_leads_back_to_the_page(client: Client, owner: Person) -> None:
    path = f"/runs/{owner.owns().id}/"
    response = client.post(f"{path}cancellation/")
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_stop_without_redis_says_so(owner: Person, settings: Any) -> None:
    settings.GX = replace(settings.GX, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    path = f"/runs/{owner.owns().id}/"
    response = owner.client.post(f"{path}cancellation/", headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Refresh"]) == (204, "true")
    assert "could not be stopped" in owner.client.get(path).content.decode()


def test_reading_changes_nothing(owner: Person, redis: Redis) -> None:
    run = begin(redis, owner)
    assert owner.client.get(f"/runs/{run.run}/cancellation/").status_code == 405


def test_the_list_shows_ones_own_runs_newest_first(owner: Person, stranger: Person) -> None:
    older, newer, foreign = owner.owns(), owner.owns(), stranger.owns()
    html = owner.client.get("/runs/").content.decode()
    assert html.index(str(newer.id)) < html.index(str(older.id))
    assert str(foreign.id) not in html


def test_an_empty_list_says_what_will_be_there(owner: Person) -> None:
    assert "Nothing has run yet" in owner.client.get("/runs/").content.decode()


def test_the_list_is_filtered_and_says_when_nothing_is_like_that(owner: Person) -> None:
    failed = owner.owns()
    html = owner.client.get("/runs/?status=queued&q=").content.decode()
    assert str(failed.id) in html
    assert "No run is like that" in owner.client.get("/runs/?q=nowhere").content.decode()


def test_the_trace_shows_each_step(owner: Person, redis: Redis) -> None:
    run = begin(redis, owner).say(opened(ONE), done(ONE))
    response = owner.client.get(f"/runs/{run.run}/trace/")
    page = parse(response.content.decode().partition("<main>")[2].partition("</main>")[0])
    rows = [(n.attributes["data-span"], n.attributes["data-status"]) for n in page.all("data-span")]
    assert rows == [(ROOT, "running"), (ONE, "completed")]
    assert "no-store" in response["Cache-Control"]


def test_a_foreign_trace_is_404(owner: Person, stranger: Person) -> None:
    assert stranger.client.get(f"/runs/{owner.owns().id}/trace/").status_code == 404


@pytest.mark.parametrize(
    ("given", "leads"), [("/posts/1/", "/posts/1/"), ("//evil.example/", ""), ("https://e.com", "")]
)
def test_stop_leads_back_to_where_it_was_pressed(
    owner: Person, redis: Redis, given: str, leads: str
) -> None:
    run = begin(redis, owner)
    response = owner.client.post(f"/runs/{run.run}/cancellation/", {"next": given})
    assert response["Location"] == (leads or f"/runs/{run.run}/")


def test_nobody_has_no_list(client: Client) -> None:
    assert client.get("/runs/")["Location"] == "/accounts/login/?next=/runs/"


on_commit = pytest.mark.django_db(transaction=True)  # what is started is announced after it


def failed(redis: Redis, owner: Person) -> Writer:
    """One step finished, another failed, and with it the run."""
    error = Error("timeout", "Too slow.")
    run = begin(redis, owner).say(opened(ONE), wrote(ONE, "section-1", 0, "One."), done(ONE))
    run.say(opened(TWO), (TWO, SpanFailed(error)), (ROOT, SpanFailed(error)))
    run._send(log.append_call(run.run, run.tip, [packed(RunFailed(error))]))
    Projector(redis).poll()
    return run


def forms(page: Node, run: Writer) -> list[Node]:
    return [n for n in page.all("action") if n.attributes["action"] == f"/runs/{run.run}/forks/"]


@on_commit
def test_a_failed_run_is_resumed_as_a_new_one(owner: Person, redis: Redis) -> None:
    run = failed(redis, owner)
    [form] = forms(page_of(owner, run), run)
    key = form.find("name", "key").attributes["value"]
    path = f"/runs/{run.run}/forks/"
    response = owner.client.post(path, {"key": key})
    new = Run.objects.exclude(pk=run.run).get()
    assert (response.status_code, response["Location"]) == (302, f"/runs/{new.pk}/")
    assert owner.client.post(path, {"key": key})["Location"] == f"/runs/{new.pk}/"
    page = main_of(owner, f"/runs/{new.pk}/")
    assert page.find("data-span", ONE).attributes["data-replayed"] == "true"
    assert page.find("data-section", "1").text == "One.\n"
    assert page.find("href", f"/runs/{run.run}/").text == f"run {run.run[:8]}"
    assert page_of(owner, run).find("href", f"/runs/{new.pk}/").text == f"run {str(new.pk)[:8]}"


@on_commit
def test_a_failed_step_has_a_button_of_its_own(owner: Person, redis: Redis) -> None:
    run = failed(redis, owner)
    for path in (f"/runs/{run.run}/", f"/runs/{run.run}/trace/"):
        page = main_of(owner, path)
        [button] = [n for n in page.all("form") if n.attributes.get("name") == "from"]
        assert (button.attributes["form"], button.attributes["value"]) == ("run-forks", TWO)
        assert page.find("id", "run-forks")
    key = page.find("name", "key").attributes["value"]
    first, second = (
        owner.client.post(f"/runs/{run.run}/forks/", {"key": key, "from": from_})["Location"]
        for from_ in (TWO, ONE)
    )
    assert first != second


@on_commit
def test_what_was_taken_over_is_marked_in_the_trace(owner: Person, redis: Redis) -> None:
    run = failed(redis, owner)
    new = owner.client.post(f"/runs/{run.run}/forks/")["Location"]
    page = main_of(owner, f"{new}trace/")
    row = page.find("data-span", ONE)
    assert f"taken over from run {run.run}" in row.text
    assert not list(row.all("width"))  # it took no time here


@pytest.mark.parametrize(
    ("given", "why"), [({}, "still going on"), ({"from": "nothing"}, "Look at it once more")]
)
def test_what_cannot_be_done_again_says_so_where_it_was_pressed(
    owner: Person, redis: Redis, given: dict[str, str], why: str
) -> None:
    run = begin(redis, owner)
    Projector(redis).poll()
    path = f"/runs/{run.run}/"
    assert owner.client.post(f"{path}forks/", given)["Location"] == path
    assert why in owner.client.get(path).content.decode()


def test_a_fork_when_signed_out_leads_back_to_the_page(client: Client, owner: Person) -> None:
    path = f"/runs/{owner.owns().id}/"
    response = client.post(f"{path}forks/")
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")


def test_another_request_with_no_form_of_ours_is_one_of_its_own(owner: Person) -> None:
    request = RequestFactory().post("/", {"key": "x"})
    assert form_key(request) is None


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (lifecycle.OverQuota("Too many."), "Too many."),
        (lifecycle.Unavailable(), "Try again in a moment"),
        (forking.NotResumable("completed"), "has completed"),
        (forking.TooLarge(), "more than can be taken over"),
    ],
)
def test_a_refusal_is_a_sentence(refusal: lifecycle.Refused, said: str) -> None:
    assert said in told(refusal)
