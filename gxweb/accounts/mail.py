"""Mail to people. It leaves after the answer: how long a mail server takes tells nothing about who
has an account."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from gxweb.accounts.throttle import Limit
from gxweb.errors import TooMany

logger = logging.getLogger(__name__)

# One thread: mail is rare. It is finished before the process ends.
_outbox = ThreadPoolExecutor(1, thread_name_prefix="mail")


def compose(to: str, template: str, context: Mapping[str, object]) -> EmailMessage:
    """The template's first line is the subject."""
    text = render_to_string(template, {**context, "site": settings.PUBLIC_URL})
    subject, _, body = text.strip().partition("\n")
    return EmailMessage(subject.strip(), body.strip() + "\n", to=[to])


def post(message: EmailMessage) -> Future[None]:
    return _outbox.submit(_send, message)


def write(to: str, template: str, context: Mapping[str, object]) -> None:
    post(compose(to, template, context))


def write_once(limit: Limit, to: str, template: str, context: Mapping[str, object]) -> None:
    """Nobody's letter box can be filled from here."""
    try:
        limit.take(to)
    except TooMany:
        return
    write(to, template, context)


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except OSError as error:  # smtplib's errors are of this family
        # Without the address: logs are read by others.
        logger.error("a mail could not be sent: %s", type(error).__name__)


def flush() -> None:
    """Waits until all that was posted so far has left."""
    _outbox.submit(lambda: None).result()
