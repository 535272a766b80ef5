"""Who may see a run of somebody else's may do nothing to it without another permission, and what
staff do is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from gxweb.accounts.models import ApiToken
from runs.interventions import Intervention
from runs.models import Run
from runs.projector import Projector
from runs.rights import UNSAID
from tests.runs.worker import Worker
from workflows.wire.events import Error, RunFailed

Staff = Callable[..., tuple[Client, Client]]
JSON = "application/json"


@pytest.fixture
def staff() -> Staff:
    """The browser of one with these permissions, and a program with a token."""

    def make(*permissions: str) -> tuple[Client, Client]:
        people = get_user_model().objects
        person = people.create_user(email="grace@example.org", is_staff=True)
        names = ["view_run", *permissions]
        person.user_permissions.set(Permission.objects.filter(codename__in=names))
        scopes = ("start", "read", "cancel")
        _, token = ApiToken.objects.issue(user=person, scopes=scopes)  # type: ignore[arg-type]
        browser = Client()
        browser.force_login(person)
        return browser, Client(headers={"Authorization": f"Bearer {token}"})

    return make


def kept() -> list[tuple[str, str, str]]:
    return list(Intervention.objects.order_by("pk").values_list("what", "step", "reason"))


def test_who_may_only_see_it_can_do_nothing_to_it(run: Run, worker: Worker, staff: Staff) -> None:
    browser, program = staff()
    page = browser.get(f"/runs/{run.id}/").content.decode()
    assert 'data-status="running"' in page
    for control in ('class="stop"', 'id="run-forks"', 'id="run-answer"', 'class="finish"'):
        assert control not in page
    for act in ("cancellation", "forks", "answers/outline", "signals/finish"):
        assert browser.post(f"/runs/{run.id}/{act}/").status_code == 404
        said = program.post(f"/api/runs/{run.id}/{act}", {}, content_type=JSON)
        assert (said.status_code, said.json()["type"]) == (403, "urn:gxweb:forbidden")
    assert program.get(f"/api/runs/{run.id}").json()["status"] == "running"
    assert kept() == []


def test_what_staff_stop_is_kept(run: Run, worker: Worker, staff: Staff) -> None:
    browser, program = staff("cancel_run")
    assert 'class="stop"' in browser.get(f"/runs/{run.id}/").content.decode()
    browser.post(f"/runs/{run.id}/cancellation/")
    assert program.get(f"/api/runs/{run.id}").json()["status"] == "cancelled"
    again = program.post(f"/api/runs/{run.id}/cancellation", {"reason": "x"}, content_type=JSON)
    assert again.status_code == 409
    assert kept() == [("cancel", "", UNSAID)], "what was not done is not kept"


def test_a_reason_that_is_given_is_kept(run: Run, staff: Staff) -> None:
    _, program = staff("cancel_run")
    program.post(f"/api/runs/{run.id}/cancellation", {"reason": "It floods."}, content_type=JSON)
    assert kept() == [("cancel", "", "It floods.")]


def test_what_staff_begin_again_is_kept_and_its_owners(
    run: Run, worker: Worker, projector: Projector, staff: Staff
) -> None:
    worker.begin("blog")
    worker.section("blog/a", "one", "Warm.")
    worker.say((RunFailed(Error("timeout", "Too slow.")), None))
    projector.poll()
    browser, program = staff("resume_run")
    browser.post(f"/runs/{run.id}/forks/")
    program.post(f"/api/runs/{run.id}/forks", {"from": ["blog/a"]}, content_type=JSON)
    assert kept() == [("resume", "", UNSAID), ("restart", "blog/a", UNSAID)]
    assert set(run.forks.values_list("owner", flat=True)) == {run.owner_id}


def test_an_owner_leaves_no_row(run: Run, client: Client) -> None:
    client.force_login(run.owner)
    assert 'class="stop"' in client.get(f"/runs/{run.id}/").content.decode()
    client.post(f"/runs/{run.id}/cancellation/")
    assert kept() == []
