"""Products are told at least once, and their bugs stay theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.dispatch import Signal
from django.utils import timezone

from runs import notices, signals
from runs.models import Notice, Run
from runs.notices import TRIES, tell


@contextmanager
def heard(signal: Signal, receiver: Callable[..., None]) -> Iterator[None]:
    signal.connect(receiver, sender=Run)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=Run)


def finished(run: Run) -> Notice:
    return Notice.objects.create(run=run, kind=Notice.Kind.FINISHED)


def wait() -> None:
    Notice.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def test_what_is_due_is_told_once_with_the_run(run: Run) -> None:
    finished(run)
    told: list[Any] = []

    def hear(run: Run, **_: Any) -> None:
        told.append(run)

    with heard(signals.run_finished, hear):
        tell()
        tell()
    assert told == [run]
    assert not Notice.objects.exists()


def test_a_receiver_that_fails_is_tried_again_and_then_given_up(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    notice = finished(run)
    tries = []

    def fail(**_: Any) -> None:
        tries.append(1)
        raise ValueError("a product's bug")

    with heard(signals.run_finished, fail):
        for _ in range(TRIES + 2):
            tell()
            wait()
    assert len(tries) == TRIES
    notice.refresh_from_db()
    assert notice.given_up
    assert "a product's bug" in caplog.text


def test_a_bug_stops_no_other_receiver_and_no_other_run(run: Run, alice: Any) -> None:
    other = Run.objects.create(owner=alice, workflow="blog", version=1, input={})
    finished(run)
    finished(other)
    told: list[Run] = []

    def fail(run: Run, **_: Any) -> None:
        raise ValueError(run)

    def hear(run: Run, **_: Any) -> None:
        told.append(run)

    with heard(signals.run_finished, fail), heard(signals.run_finished, hear):
        tell()
    assert told == [run, other]


def test_two_controls_do_not_tell_the_same_at_once(run: Run) -> None:
    mine, theirs = finished(run), Notice.objects.get()
    later = timezone.now() + timedelta(seconds=2)
    assert mine.claim(until=later)
    assert not theirs.claim(until=later)
    assert not notices.tell()
    assert Notice.objects.get().tries == 1


def test_one_that_was_given_up_can_be_told_again(run: Run) -> None:
    notice = finished(run)
    assert not notice.revive()  # its turn comes by itself
    Notice.objects.update(tries=TRIES, given_up=True)
    assert notice.revive()
    told: list[Any] = []

    def hear(run: Run, **_: Any) -> None:
        told.append(run)

    with heard(signals.run_finished, hear):
        tell()
    assert told == [run]
