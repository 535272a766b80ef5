"""Tells products what happened, from the outbox that the projector fills.

Each notice is told at least once, in its own turn: a receiver's bug is logged, tried again a few
times and then kept for staff to see; it stops neither the projector nor other runs.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.dispatch import Signal
from django.utils import timezone

from runs import signals
from runs.models import Notice, Run

logger = logging.getLogger(__name__)

BATCH = 100
TRIES = 5
FIRST_WAIT = timedelta(seconds=2)
SIGNALS: dict[str, Signal] = {kind.value: getattr(signals, kind.value) for kind in Notice.Kind}


def tell() -> bool:
    """Tell what is due. True: there may be more."""
    due = Notice.objects.filter(given_up=False, due_at__lte=timezone.now()).order_by("id")
    found = list(due.select_related("run", "span")[:BATCH])
    for notice in found:
        _tell(notice)
    return len(found) == BATCH


def _tell(notice: Notice) -> None:
    wait = FIRST_WAIT * 2**notice.tries
    if not notice.claim(until=timezone.now() + wait):
        return
    if _heard(notice):
        notice.delete()
    elif notice.tries + 1 >= TRIES:
        logger.error("%s was not heard in %d tries: given up", notice, TRIES)
        notice.give_up()


def _heard(notice: Notice) -> bool:
    """Whether every receiver took it."""
    named = {"run": notice.run}
    if notice.span is not None:
        named |= {"span": notice.span}  # type: ignore[dict-item]
    heard = True
    for receiver, answer in SIGNALS[notice.kind].send_robust(sender=Run, **named):
        if isinstance(answer, Exception):
            logger.error("%s: %r failed", notice, receiver, exc_info=answer)
            heard = False
    return heard
