"""Who may see a run, what the database itself refuses, and transitions with one winner."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AbstractUser, AnonymousUser, Permission
from django.db import IntegrityError
from django.utils import timezone

from runs.models import BEFORE, Run, Span
from workflows.wire.cursor import Cursor


def make(owner: AbstractUser, **changes: Any) -> Run:
    return Run.objects.create(
        **{"owner": owner, "workflow": "blog", "version": 1, "input": {}} | changes
    )


@pytest.fixture
def bob(transactional_db: None, django_user_model: Any) -> Any:
    return django_user_model.objects.create_user(email="bob@example.org")


def test_a_run_is_seen_by_its_owner_only(alice: AbstractUser, bob: AbstractUser) -> None:
    run = make(alice)
    make(bob)
    assert list(Run.objects.visible_to(alice)) == [run]
    assert list(Run.objects.visible_to(AnonymousUser())) == []


def test_a_person_who_was_deactivated_sees_nothing(alice: AbstractUser) -> None:
    make(alice)
    alice.is_active = False
    assert list(Run.objects.visible_to(alice)) == []


def test_staff_need_the_permission_and_the_permitted_need_to_be_staff(
    alice: AbstractUser, bob: Any
) -> None:
    run = make(alice)
    bob.is_staff = True
    assert list(Run.objects.visible_to(bob)) == []
    bob.user_permissions.add(Permission.objects.get(codename="view_run"))
    bob = type(bob).objects.get(pk=bob.pk)
    assert list(Run.objects.visible_to(bob)) == []
    bob.is_staff = True
    assert list(Run.objects.visible_to(bob)) == [run]


def test_a_key_is_unique_for_its_owner(alice: AbstractUser, bob: AbstractUser) -> None:
    make(alice, key="k")
    make(bob, key="k")
    make(alice)
    make(alice)
    with pytest.raises(IntegrityError):
        make(alice, key="k")


@pytest.mark.parametrize(
    ("status", "finished_at"), [("running", timezone.now()), ("completed", None), ("odd", None)]
)
def test_a_status_says_whether_the_run_is_finished(
    alice: AbstractUser, status: str, finished_at: Any
) -> None:
    with pytest.raises(IntegrityError):
        make(alice, status=status, finished_at=finished_at)


def test_sets_have_names(alice: AbstractUser) -> None:
    live = make(alice)
    opened = make(alice, cursor_attempt=1)
    ended = make(alice, status="failed", finished_at=timezone.now())
    assert set(Run.objects.live()) == {live, opened}
    assert list(Run.objects.finished()) == [ended]
    assert list(Run.objects.unopened()) == [live]


def test_an_attempt_is_taken_once_and_above_what_the_log_has_seen(run: Run) -> None:
    late = Run.objects.get(pk=run.pk)
    assert run.take_attempt(above=6)
    assert run.attempt == 7
    assert not late.take_attempt()
    assert not late.take_over()


def test_a_takeover_counts_a_crash(run: Run) -> None:
    assert run.take_over()
    run.refresh_from_db()
    assert (run.attempt, run.crashes) == (2, 1)


def test_a_finished_run_gives_out_no_attempt(run: Run) -> None:
    Run.objects.update(status="failed", finished_at=timezone.now())
    assert not run.take_attempt()
    assert not run.rewind()
    assert not run.advance(Cursor(1, 1))


def test_a_rewind_fails_when_a_projector_moved_the_cursor(run: Run) -> None:
    projector = Run.objects.get(pk=run.pk)
    assert projector.advance(Cursor(0, 1))
    assert not run.rewind()
    assert projector.rewind()
    assert projector.cursor == Cursor(2, BEFORE)


def test_one_projector_moves_the_cursor(run: Run) -> None:
    other = Run.objects.get(pk=run.pk)
    assert run.advance(Cursor(0, 1), status="queued")
    assert not other.advance(Cursor(0, 1))


def test_documents_keep_order_and_nul(run: Run) -> None:
    said = {"b": 1, "a": "\x00", "ü": None}
    Run.objects.update(input=said)
    run.refresh_from_db()
    assert (run.input, list(run.input)) == (said, ["b", "a", "ü"])


def test_writing_a_span_again_is_an_update(run: Run) -> None:
    assert Span.make_id(run.id, "blog") == Span.make_id(run.id, "blog")
    assert Span.make_id(run.id, "blog") != Span.make_id(run.id, "blog[1]")
