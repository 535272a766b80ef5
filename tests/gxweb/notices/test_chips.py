"""Which chips a person has, and what it costs to know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gxweb.accounts.models import User
from gxweb.notices import chips
from gxweb.notices.chips import MOST, Chips
from gxweb.notices.models import Dismissal
from runs.models import Run

pytestmark = pytest.mark.django_db
START = timezone.now() - timedelta(hours=1)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada@example.org")


def run(owner: User, minute: int = 0, status: str = "running", **fields: Any) -> Run:
    at = START + timedelta(minutes=minute)
    ended = status in ("completed", "failed", "cancelled")
    fields = {"input": {"topic": f"Topic {minute}"}, **fields}
    return Run.objects.create(
        owner=owner, workflow="blog", version=1, status=status, created_at=at,
        finished_at=at + timedelta(minutes=1) if ended else None, **fields,
    )  # fmt: skip


def of(owner: User) -> Chips:
    return chips.of([owner.pk]).get(owner.pk, chips.NONE)


def told(owner: User) -> list[tuple[str, str]]:
    return [(chip.title, chip.words) for chip in of(owner).shown]


def test_each_live_run_has_its_topic_and_how_far_it_is(ada: User) -> None:
    run(ada, 1, "queued")
    run(ada, 2, progress_done=3.0, progress_total=9.0)
    run(ada, 3, "waiting", progress_done=3.0, progress_total=9.0)
    assert told(ada) == [
        ("Topic 3", "waits for you"), ("Topic 2", "3/9"), ("Topic 1", "queued"),
    ]  # fmt: skip


def test_it_turns_into_how_it_ended_until_it_is_dismissed(ada: User) -> None:
    ready, failed = run(ada, 1, "completed"), run(ada, 2, "failed")
    assert told(ada) == [("Topic 2", "failed"), ("Topic 1", "ready")]
    Dismissal.objects.create(run=failed)
    assert told(ada) == [("Topic 1", "ready")]
    Run.objects.filter(pk=ready.pk).update(finished_at=timezone.now() - timedelta(days=2))
    assert of(ada) == Chips()


def test_a_run_that_its_owner_stopped_just_goes(ada: User) -> None:
    run(ada, 1, "cancelled", cancelled_by="owner")
    run(ada, 2, "cancelled", cancelled_by="staff")
    assert told(ada) == [("Topic 2", "stopped")]


def test_a_handful_is_shown_and_the_others_are_counted(ada: User) -> None:
    for minute in range(7):
        run(ada, minute)
    assert ([title for title, _ in told(ada)], of(ada).more) == (
        ["Topic 6", "Topic 5", "Topic 4"], 4,
    )  # fmt: skip


def test_what_has_ended_is_seen_among_much_that_goes_on(ada: User) -> None:
    for minute in range(5):
        run(ada, minute)
        run(ada, 10 + minute, "completed")
    assert told(ada) == [
        ("Topic 14", "ready"), ("Topic 13", "ready"), ("Topic 4", "running"),
    ]  # fmt: skip
    assert (of(ada).live, of(ada).more) == (5, 4)


def test_nobody_sees_the_runs_of_others_staff_neither(ada: User) -> None:
    run(ada)
    chief = User.objects.create_superuser("chief@example.org")
    assert of(chief) == Chips()


def test_its_cost_does_not_grow_with_people_or_runs(ada: User) -> None:
    people = [ada, *(User.objects.create_user(f"{n}@example.org") for n in range(9))]
    for person in people:
        for minute in range(6):
            run(person, minute)
            run(person, minute, "completed")
    owners = [person.pk for person in people]
    chips.of(owners)
    with CaptureQueriesContext(connection) as asked:
        found = chips.of(owners)
    assert len(asked) == 1
    assert {len(one.shown) for one in found.values()} == {MOST}
    assert "input" not in str(asked.captured_queries)


def test_without_a_topic_it_is_called_like_its_workflow(ada: User) -> None:
    run(ada, input={})
    assert told(ada) == [("Blog post", "running")]


# --- In the header ----------------------------------------------------------------------------


@pytest.fixture
def browser(ada: User) -> Client:
    made = Client()
    made.force_login(ada)
    return made


def test_every_page_has_them_without_redis(browser: Client, ada: User, settings: Any) -> None:
    made = run(ada, 2, input={"topic": "<b>Salt</b>\n"}, progress_done=3.0, progress_total=9.0)
    for path in ("/posts/", "/runs/", "/accounts/", "/posts/new/", "/"):
        page = browser.get(path).content.decode()
        assert f'data-chip="{made.pk}"' in page, path
        assert "&lt;b&gt;Salt&lt;/b&gt;" in page
        assert '<span class="chips-words"> run is</span> going' in page


def test_a_page_asks_as_little_for_many_as_for_none(browser: Client, ada: User) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as questions:
            browser.get("/accounts/")
        return len(questions)

    for minute in range(6):
        run(ada, minute)
        run(ada, minute, "completed")
    asked()  # the titles
    many = asked()
    Run.objects.all().delete()
    assert many == asked()


def test_who_is_not_signed_in_has_no_place_for_them() -> None:
    assert 'id="chips"' not in Client().get("/").content.decode()


def test_a_chip_is_put_away_for_good_and_only_by_its_owner(browser: Client, ada: User) -> None:
    made, live = run(ada, 1, "completed"), run(ada, 2)
    stranger = Client()
    stranger.force_login(User.objects.create_user("bob@example.org"))
    path = f"/notices/{made.pk}/dismissal/"
    assert stranger.post(path).status_code == 404
    assert browser.post(f"/notices/{uuid4()}/dismissal/").status_code == 404
    assert of(ada).ended
    assert [browser.post(path).status_code for _ in range(2)] == [204, 204]
    assert browser.post(f"/notices/{live.pk}/dismissal/").status_code == 204
    assert told(ada) == [("Topic 2", "running")]
