"""People: one account per address, however it is written."""

import pytest
from django.contrib.auth import authenticate
from django.db import IntegrityError, transaction

from gxweb.accounts.models import User

pytestmark = pytest.mark.django_db


def test_address_is_unique_in_any_case() -> None:
    User.objects.create_user("ada@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("ADA@example.org")
    assert User.objects.count() == 1


def test_sign_in_takes_the_address_in_any_case() -> None:
    user = User.objects.create_user("Ada@example.org", "a long password")
    assert authenticate(username="aDA@EXAMPLE.org", password="a long password") == user
    assert authenticate(username="ada@example.org", password="another") is None


def test_superuser_may_all() -> None:
    user = User.objects.create_superuser("root@example.org", "a long password")
    assert (user.is_staff, user.is_superuser, str(user)) == (True, True, "root@example.org")
