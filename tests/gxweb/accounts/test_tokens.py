"""One's tokens on a page: shown once, listed, revoked; nobody else's."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from gxweb.accounts import tokens
from gxweb.accounts.models import ApiToken, User
from gxweb.accounts.token import FORM as SHAPE

pytestmark = pytest.mark.django_db
URL = "/accounts/tokens/"
FORM = {"name": "Nightly", "scopes": ["read", "start"], "days": "30"}


def test_a_token_is_shown_once_and_works(as_ada: Client, ada: User) -> None:
    response = as_ada.post(URL, FORM)
    found = SHAPE.search(response.content.decode())
    assert found
    row = ApiToken.objects.find(found[0])
    assert row is not None
    assert (row.user, row.name, row.scopes) == (ada, "Nightly", "start,read")
    assert row.expires_at is not None
    assert 29 <= (row.expires_at - timezone.now()).days <= 30
    assert "no-store" in response["Cache-Control"]
    later = as_ada.get(URL).content.decode()
    assert found[0] not in later
    assert "Nightly" in later


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"scopes": []}, {"scopes": ["admin"]}, {"days": "9999"}]
)
def test_what_does_not_fit_makes_no_token(as_ada: Client, change: dict[str, object]) -> None:
    response = as_ada.post(URL, FORM | change)
    assert 'class="errorlist"' in response.content.decode()
    assert not ApiToken.objects.exists()


def test_without_an_end_there_is_none(as_ada: Client) -> None:
    as_ada.post(URL, FORM | {"days": ""})
    assert ApiToken.objects.get().expires_at is None


def test_revoking_ends_it_at_once(as_ada: Client, ada: User) -> None:
    row, token = ApiToken.objects.issue(user=ada, scopes=["read"], name="Old")
    path = f"{URL}{row.pk}/revocation/"
    assert as_ada.get(path).status_code == 405
    assert as_ada.post(path)["Location"] == URL
    assert ApiToken.objects.find(token) is None
    assert f"gx_{row.pk}" not in as_ada.get(URL).content.decode()
    assert as_ada.post(path).status_code == 302


def test_nobody_sees_or_revokes_anothers(as_ada: Client) -> None:
    bob = User.objects.create_user("bob@example.org")
    row, token = ApiToken.objects.issue(user=bob, scopes=["read"], name="Bobs")
    assert "Bobs" not in as_ada.get(URL).content.decode()
    for id in (row.pk, "unknown1"):
        assert as_ada.post(f"{URL}{id}/revocation/").status_code == 404
    assert ApiToken.objects.find(token) is not None


def test_there_is_an_end_to_how_many(as_ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 1)
    as_ada.post(URL, FORM)
    assert "Revoke one" in as_ada.post(URL, FORM).content.decode()
    assert ApiToken.objects.count() == 1


def test_a_name_is_only_text(as_ada: Client) -> None:
    html = as_ada.post(URL, FORM | {"name": "<img src=x onerror=alert(1)>"}).content.decode()
    assert not re.search("<img src=x", html)
