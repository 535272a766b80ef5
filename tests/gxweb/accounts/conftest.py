"""People with passwords that cost nothing to check, and what was mailed to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMessage
from django.test import Client

from gxweb.accounts import mail
from gxweb.accounts.models import User

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def no_mail_on_its_way() -> Iterator[None]:
    """What one test wrote must not arrive in the next."""
    yield
    mail.flush()


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada@example.org", PASSWORD)


@pytest.fixture
def as_ada(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def on_redis(settings: Any, redis_url: str) -> None:
    settings.GX = replace(settings.GX, redis_url=redis_url, broker_url=redis_url)


@pytest.fixture
def mailed() -> Callable[[], list[EmailMessage]]:
    """All mail so far, also that which was still on its way."""

    def look() -> list[EmailMessage]:
        mail.flush()
        return list(django_mail.outbox)

    return look
