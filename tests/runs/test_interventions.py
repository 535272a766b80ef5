"""What staff did is kept: with its reason, unchanged, and longer than what it was done to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from runs.erasing import erase
from runs.interventions import REASON_MAX, Intervention, recorded
from runs.models import Run
from tests.runs.serving import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief() -> Person:
    return Person("chief@example.org", is_staff=True)


@pytest.fixture
def run() -> Run:
    return Person("owner@example.org").owns()


def done_by(chief: Person, run: Run, reason: str = "It floods the provider.") -> Intervention:
    with recorded(by=chief.user, what="cancel", run=run.id, reason=reason):
        pass
    return Intervention.objects.select_related("by", "run").get()


def test_who_did_what_to_which_run_and_why(chief: Person, run: Run) -> None:
    row = done_by(chief, run, "  It floods the provider.\n")
    assert (row.by, row.what, row.run, row.reason) == (
        chief.user, "cancel", run, "It floods the provider.",
    )  # fmt: skip


@pytest.mark.parametrize("reason", ["", " \n\t"])
def test_nothing_is_done_without_a_reason(chief: Person, run: Run, reason: str) -> None:
    with (
        pytest.raises(ValueError, match="reason"),
        recorded(by=chief.user, what="cancel", run=run.id, reason=reason),
    ):
        pytest.fail("it was done")
    assert not Intervention.objects.exists()


def test_a_long_reason_is_cut(chief: Person, run: Run) -> None:
    assert len(done_by(chief, run, "x" * (REASON_MAX + 1)).reason) == REASON_MAX


def test_what_could_not_be_done_is_not_kept(chief: Person, run: Run) -> None:
    deed = recorded(by=chief.user, what="cancel", run=run.id, reason="Why not")
    deed.__enter__()
    assert Intervention.objects.count() == 1
    assert deed.__exit__(ConnectionError, ConnectionError(), None) is False
    assert not Intervention.objects.exists()


def test_a_row_is_never_changed_nor_removed(chief: Person, run: Run) -> None:
    row = done_by(chief, run)
    with pytest.raises(TypeError):
        row.save()
    with pytest.raises(TypeError):
        row.delete()


def test_it_outlives_the_run_and_the_account(chief: Person, run: Run) -> None:
    done_by(chief, run)
    by, of = chief.user.pk, run.id
    run.delete()
    get_user_model().objects.filter(pk=by).delete()
    row = Intervention.objects.get()
    assert (row.by_id, row.run_id) == (by, of)


def test_an_erased_run_leaves_no_words_of_its_own(
    chief: Person, run: Run, settings: Any, redis_url: str
) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url)
    why = {"what": "restart", "reason": "It was wrong.", "step": 'extract["https://a.example"]'}
    with recorded(by=chief.user, run=run.id, **why):
        pass
    Run.objects.filter(pk=run.pk).update(status="completed", finished_at=timezone.now())
    run.refresh_from_db()
    erase(run)
    row = Intervention.objects.get()
    assert (row.run_id, row.step, row.reason) == (run.id, "", "It was wrong.")
