"""Sessions whose time is over: Django leaves them in SQL, for good, with whose they were."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.contrib.sessions.models import Session
from django.utils import timezone

from runs.chores import CHORES

EVERY_S = 3600.0
BATCH = 500  # at once: others write, too


def listen() -> None:
    CHORES["sessions"] = Sweep()


class Sweep:
    """Takes away those that are over, now and then. Two at once do no harm."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.due_at = clock()

    def __call__(self) -> bool:
        """True: there are more."""
        if self.clock() < self.due_at:
            return False
        over = Session.objects.filter(expire_date__lt=timezone.now())
        found = list(over.values_list("pk", flat=True)[:BATCH])
        Session.objects.filter(pk__in=found).delete()
        more = len(found) == BATCH
        if not more:
            self.due_at = self.clock() + EVERY_S
        return more
