"""Where the starts of one owner wait for their turn, so that a quota is exact."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, transaction

from runs.refusals import Unavailable

PATIENCE_S = 20.0  # as SQLite waits for its lock
_next = threading.Lock()


@contextmanager
def in_turn(owner_id: int) -> Iterator[None]:
    """A transaction beside which no other start of this owner runs. Raises OperationalError, and
    Unavailable when the owner's account has gone in the meantime."""
    if connection.features.has_select_for_update:
        with transaction.atomic():
            _be_patient()
            _find(owner_id)
            yield
    else:
        with _turn() as leave, transaction.atomic():
            # With the commit, so that the next does not wait for what is done after it.
            transaction.on_commit(leave)
            _find(owner_id)
            yield


def _be_patient() -> None:
    """For so long, and no longer: others wait for us."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{round(1000 * PATIENCE_S)}ms'")


def _find(owner_id: int) -> None:
    owner = get_user_model().objects.select_for_update().filter(pk=owner_id)
    if not owner.values_list("pk"):
        raise Unavailable


@contextmanager
def _turn() -> Iterator[Callable[[], None]]:
    """Gives what ends it early.

    On SQLite a transaction that begins IMMEDIATE is the line. But who waits for its lock looks
    again and again, ever less often, and of many some would wait for seconds: those of one process
    wait here, where the next is woken at once.
    """
    if connection.in_atomic_block:
        yield _nothing  # it has SQLite's lock, for which the one whose turn it is may be waiting
        return
    if not _next.acquire(timeout=PATIENCE_S):
        raise OperationalError("no start has got its turn for long")
    turn = [_next]

    def leave() -> None:
        if turn:
            turn.pop().release()

    try:
        yield leave
    finally:
        leave()


def _nothing() -> None:
    """There is no turn to end."""
