"""Notices that were given up: a product's bug, which staff see and have told again."""

from __future__ import annotations

from runs.models import Notice, Run
from tests.runs.admin.conftest import RUNS, page, parsed
from tests.runs.serving import Person

PATH = "/admin/runs/notice/"


def test_they_are_listed_with_their_run(viewer: Person, run: Run) -> None:
    Notice.objects.create(run=run, kind="run_finished", tries=5, given_up=True)
    Notice.objects.create(run=run, kind="run_started")
    root = parsed(page(viewer, f"{PATH}?given_up__exact=1"))
    links = [n.attributes["href"] for n in root.walk() if n.tag == "a"]
    assert links.count(f"{RUNS}{run.pk}/change/") == 1
    assert page(viewer, f"{PATH}{Notice.objects.first().pk}/change/")  # type: ignore[union-attr]


def test_who_may_has_them_told_again(chief: Person, viewer: Person, run: Run) -> None:
    gone = Notice.objects.create(run=run, kind="run_finished", tries=5, given_up=True)
    waiting = Notice.objects.create(run=run, kind="run_started")
    chosen = {"action": "tell_again", "_selected_action": [gone.pk, waiting.pk]}
    response = chief.client.post(PATH, chosen)
    assert response["Location"] == f"{RUNS}telling/?run={run.pk}"
    assert "Tell again" not in page(viewer, PATH)


def test_rows_are_not_written(chief: Person, run: Run) -> None:
    row = Notice.objects.create(run=run, kind="run_finished", given_up=True)
    for way in ("add/", f"{row.pk}/delete/"):
        assert chief.client.post(f"{PATH}{way}", {"post": "yes"}).status_code == 403
    chief.client.post(f"{PATH}{row.pk}/change/", {"given_up": ""})
    row.refresh_from_db()
    assert row.given_up
