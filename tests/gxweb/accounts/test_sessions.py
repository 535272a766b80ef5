"""Sessions that are over do not pile up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from gxweb.accounts import sessions
from gxweb.accounts.sessions import Sweep
from runs.chores import CHORES

pytestmark = pytest.mark.django_db


def kept(number: int, *, ends_in: timedelta) -> None:
    until = timezone.now() + ends_in
    Session.objects.bulk_create(
        Session(session_key=f"{ends_in}-{n}", session_data="", expire_date=until)
        for n in range(number)
    )


def test_control_sweeps_them() -> None:
    assert isinstance(CHORES["sessions"], Sweep)


def test_what_is_over_goes_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "BATCH", 2)
    kept(3, ends_in=timedelta(seconds=-60))
    kept(2, ends_in=timedelta(hours=1))
    sweep = Sweep(clock=lambda: 0.0)
    assert (sweep(), sweep()) == (True, False)
    assert Session.objects.count() == 2
    assert not Session.objects.filter(expire_date__lt=timezone.now()).exists()


def test_it_looks_seldom() -> None:
    now = [0.0]
    sweep = Sweep(clock=lambda: now[0])
    sweep()
    kept(1, ends_in=timedelta(seconds=-60))
    now[0] = sessions.EVERY_S - 1
    sweep()
    assert Session.objects.count() == 1
    now[0] = sessions.EVERY_S
    sweep()
    assert not Session.objects.exists()
