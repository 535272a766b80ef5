"""Tokens: shown once, found by their secret alone, and only while they are good."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from gxweb.accounts.bearer import find_token
from gxweb.accounts.models import ApiToken, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("ada@example.org", "a long password")


def test_token_has_its_form_and_only_its_hash_is_kept(user: User) -> None:
    row, token = ApiToken.objects.issue(user=user, scopes=["read", "start"])
    assert re.fullmatch(r"gx_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}", token)
    kept = [str(value) for value in ApiToken.objects.values_list().get()]
    secret = token.rpartition(row.id + "_")[2]
    assert not any(secret in value for value in kept)


def test_token_leads_to_its_person_and_scopes(user: User) -> None:
    _, token = ApiToken.objects.issue(user=user, scopes=["read"])
    assert find_token(token) == (user, frozenset({"read"}))
    assert ApiToken.objects.get().last_used_at is not None


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"digest": "0" * 64},
    ],
)
def test_token_that_is_no_good_leads_nowhere(user: User, change: dict[str, object]) -> None:
    _, token = ApiToken.objects.issue(user=user, scopes=["read"])
    ApiToken.objects.update(**change)
    assert find_token(token) is None


def test_token_of_a_closed_account_leads_nowhere(user: User) -> None:
    _, token = ApiToken.objects.issue(user=user, scopes=["read"])
    User.objects.update(is_active=False)
    assert find_token(token) is None


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "x", lambda t: t[:-1] + "\n"])
def test_token_is_compared_whole(user: User, change: object) -> None:
    _, token = ApiToken.objects.issue(user=user, scopes=["read"])
    assert callable(change)
    assert find_token(change(token)) is None


def test_token_is_good_while_nothing_can_be_written(user: User) -> None:
    _, token = ApiToken.objects.issue(user=user, scopes=["read"])

    def locked(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    with connection.execute_wrapper(locked):
        assert find_token(token) == (user, frozenset({"read"}))


def test_revoked_token_stays_revoked(user: User) -> None:
    row, token = ApiToken.objects.issue(user=user, scopes=["read"], days=3)
    row.revoke()
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert row.expires_at is not None
    assert find_token(token) is None
