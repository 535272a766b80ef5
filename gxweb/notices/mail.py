"""A mail on the end of a run, to those who asked for it.

The signal only writes down that one is to be sent: one row for each run, however often it is told.
A loop of control's sends what is due. A mail server that is away is asked again, for most of a day;
only a crash between its answer and our note of it sends a mail twice, under the same Message-ID.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from gxweb.accounts.mail import compose
from gxweb.notices.models import Mail
from gxweb.notices.places import place
from runs import listing, signals
from runs.chores import CHORES
from runs.connections import AWAY
from runs.models import Run

BATCH = 20
TRIES = 11
# Longer than a try at sending lasts, so that no two controls send the same.
FIRST_WAIT = timedelta(minutes=1)
TITLE = 80

logger = logging.getLogger(__name__)


def listen() -> None:
    signals.run_finished.connect(on_finish, sender=Run, dispatch_uid="gxweb.notices.mail")
    CHORES["mail"] = send


def on_finish(run: Run, **_: Any) -> None:
    if _wanted(run):
        Mail.objects.get_or_create(run=run)


def _wanted(run: Run) -> bool:
    owner: Any = run.owner
    wishes: dict[str, bool] = {
        Run.Status.COMPLETED: owner.mail_when_finished,
        Run.Status.FAILED: owner.mail_when_failed,
    }
    return bool(owner.is_active) and wishes.get(run.status, False)


def send() -> bool:
    """Send what is due. True: there may be more."""
    due = Mail.objects.filter(sent_at=None, tries__lt=TRIES, due_at__lte=timezone.now())
    found = list(due.select_related("run__owner").defer("run__output").order_by("due_at")[:BATCH])
    for row in found:
        if row.claim(until=timezone.now() + FIRST_WAIT * 2**row.tries):
            _send(row)
    return len(found) == BATCH


def _send(row: Mail) -> None:
    if not _wanted(row.run):
        row.delete()  # they thought better of it
        return
    try:
        letter(row.run).send()
    except AWAY:
        raise
    except OSError as error:  # smtplib's errors are of this family
        # Without the address: logs are read by others.
        logger.warning("the mail on run %s waits: %s", row.run_id, type(error).__name__)
    except Exception:
        logger.exception("the mail on run %s cannot be written", row.run_id)
    else:
        row.sent()


def letter(run: Run) -> EmailMessage:
    template = "finished" if run.status == Run.Status.COMPLETED else "failed"
    context = {
        "title": _line(_title(run))[:TITLE],
        "why": _line(run.error_message),
        "link": settings.PUBLIC_URL + place(run.workflow, run.pk),
        "wishes": settings.PUBLIC_URL + reverse("accounts:account"),
    }
    message = compose(str(run.owner), f"notices/mail/{template}.txt", context)
    message.extra_headers = {
        "Message-ID": f"<run-{run.pk}@{settings.PUBLIC_HOST}>",
        "Auto-Submitted": "auto-generated",
    }
    return message


def _title(run: Run) -> str:
    first = next(iter(run.input.values()), "") if isinstance(run.input, dict) else ""
    return first if isinstance(first, str) and first.strip() else listing.title(run.workflow)


def _line(text: str) -> str:
    """On one line, whatever a person or a model has put into it: a subject is a header."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(shown.split())
