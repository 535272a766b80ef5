"""The page of a question: it works with nothing but a browser's forms."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AbstractUser
from django.test import Client
from redis import Redis

from runs.models import Run
from tests.runs.worker import Worker
from workflows.wire import inbox
from workflows.wire.events import RunWaiting
from workflows.wire.inbox import Letter

FORM = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "sections": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"heading": {"type": "string", "minLength": 1}},
                "required": ["heading"],
            },
        },
    },
    "required": ["title", "sections"],
}
DEFAULT = {"title": "T<b>", "sections": [{"heading": "One"}]}
SENT = {"answer.title": "New", "answer.sections.0.heading": "One", "answer.sections.0._place": "1"}


@pytest.fixture
def browser(alice: AbstractUser) -> Client:
    client = Client()
    client.force_login(alice)  # type: ignore[arg-type]
    return client


@pytest.fixture
def asked(worker: Worker) -> Worker:
    until = worker.clock + 60_000
    assert worker.say((RunWaiting("outline", "Shape it", FORM, DEFAULT, until), None)).ok
    return worker


def address(run: Run, what: str = "answers/outline/") -> str:
    return f"/runs/{run.id}/{what}"


def test_the_run_page_leads_to_the_form(browser: Client, run: Run, asked: Worker) -> None:
    html = browser.get(address(run, "")).content.decode()
    assert 'data-key="outline"' in html
    assert "Waiting for your answer: Shape it" in html
    assert 'id="run-countdown"' in html
    response = browser.get(address(run, "answers/"))
    assert (response.status_code, response["Location"]) == (302, address(run))


def test_the_form_shows_what_would_be_taken(browser: Client, run: Run, asked: Worker) -> None:
    html = browser.get(address(run)).content.decode()
    assert 'value="T&lt;b&gt;"' in html
    assert 'name="answer.sections.0.heading"' in html
    part = browser.get(address(run, "answers/"), headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<form")


def test_nobody_is_told_that_it_goes_on_where_no_answer_would_end_it(
    browser: Client, run: Run, worker: Worker
) -> None:
    asked = RunWaiting("outline", "Shape it", FORM, None, worker.clock + 60_000)
    assert worker.say((asked, None)).ok
    for path in ("", "answers/outline/"):
        html = browser.get(address(run, path)).content.decode()
        assert "The time to answer ends at <time" in html
        assert "goes on by itself at" not in html
        assert "with what stands here" not in html


def test_an_answer_is_sent(browser: Client, run: Run, asked: Worker, redis: Redis) -> None:
    response = browser.post(address(run), SENT)
    assert (response.status_code, response["Location"]) == (302, address(run, ""))
    value = {"title": "New", "sections": [{"heading": "One"}]}
    assert inbox.read(redis, str(run.id)).answers[asked.tip] == Letter("user", value)
    response = browser.post(address(run), SENT, follow=True)
    assert "This was answered already" in response.content.decode()


def test_what_is_wrong_stands_beside_its_field(browser: Client, run: Run, asked: Worker) -> None:
    response = browser.post(address(run), SENT | {"answer.title": ""})
    html = response.content.decode()
    assert response.status_code == 422
    assert 'aria-describedby="f-answer-title-wrong"' in html
    assert "Should have at least 1 characters." in html
    assert 'value="One"' in html, "what was typed is kept"


def test_one_more_entry_without_a_script(
    browser: Client, run: Run, asked: Worker, redis: Redis
) -> None:
    response = browser.post(address(run), SENT | {"_add": "answer.sections"})
    html = response.content.decode()
    assert 'name="answer.sections.1.heading"' in html
    assert 'value="New"' in html
    found = inbox.read(redis, str(run.id))
    assert (found.answers, [signal.name for signal in found.signals]) == ({}, ["hold"])


def test_a_touch_holds_the_clock(browser: Client, run: Run, asked: Worker, redis: Redis) -> None:
    response = browser.post(address(run, "signals/hold/"), headers={"HX-Request": "true"})
    assert response.status_code == 204
    assert [signal.name for signal in inbox.read(redis, str(run.id)).signals] == ["hold"]
    assert browser.post(address(run, "signals/explode/")).status_code == 302


def test_there_is_nothing_to_answer(browser: Client, run: Run, worker: Worker) -> None:
    assert browser.get(address(run)).status_code == 302
    assert browser.get(address(run, "answers/")).status_code == 302
    html = browser.get(address(run, "")).content.decode()
    assert 'id="run-question" class="ask" data-key="" hidden' in html


def test_who_is_not_signed_in_is_sent_to(run: Run, asked: Worker) -> None:
    for path in ("answers/", "answers/outline/"):
        assert "/accounts/login/" in Client().get(address(run, path))["Location"]
    assert "/accounts/login/" in Client().post(address(run, "signals/hold/"))["Location"]


def test_a_signal_takes_along_what_its_form_says_and_leads_back(
    browser: Client, run: Run, worker: Worker, redis: Redis
) -> None:
    sent = {"url": "https://a.example/", "next": "/posts/"}
    response = browser.post(address(run, "signals/finish/"), sent)
    assert response["Location"] == "/posts/"
    (signal,) = inbox.read(redis, str(run.id)).signals
    assert (signal.name, signal.value) == ("finish", {"url": "https://a.example/"})
    browser.post(address(run, "signals/finish/"))
    assert inbox.read(redis, str(run.id)).signals[-1].value is None
