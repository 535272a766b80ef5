"""Signing up: in one step, onward to where one was going, and silent about other people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from gxweb.accounts import signup
from gxweb.accounts.models import User
from gxweb.accounts.throttle import Limit
from tests.gxweb.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
FORM = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
URL = "/accounts/signup/"


def test_one_is_signed_in_and_where_one_wanted_to_be(client: Client) -> None:
    response = client.post(URL, FORM | {"next": "/runs/"})
    assert (response.status_code, response["Location"]) == (302, "/runs/")
    assert client.get("/runs/").status_code == 200
    assert User.objects.get().check_password(PASSWORD)


def test_the_address_of_the_first_page_survives(client: Client) -> None:
    page = client.get(URL, {"url": 'acme.com/?a=1&b="2"'}).content.decode()
    assert 'name="url" value="acme.com/?a=1&amp;b=&quot;2&quot;"' in page
    response = client.post(URL, FORM | {"url": "acme.com"})
    assert response["Location"] == "/sites/new/?url=acme.com"


@pytest.mark.parametrize(
    "change",
    [
        {"email": "no address"},
        {"password2": "another one entirely"},
        {"password1": "short", "password2": "short"},
        {"password1": "password123", "password2": "password123"},
        {"password1": "new@example.org", "password2": "new@example.org"},
    ],
)
def test_what_is_wrong_is_said_at_the_field(client: Client, change: dict[str, str]) -> None:
    response = client.post(URL, FORM | change)
    assert response.status_code == 200
    assert 'class="errorlist"' in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["ada@example.org", "ADA@Example.org"])
def test_a_taken_address_is_refused_without_a_word_on_why(
    client: Client, ada: User, mailed: Callable[[], list[EmailMessage]], email: str
) -> None:
    html = client.post(URL, FORM | {"email": email}).content.decode()
    assert "No account could be made with this address and password" in html
    assert not {"already", "exists", "taken"} & set(html.lower().split())
    assert User.objects.count() == 1
    assert [(m.to, m.subject) for m in mailed()] == [
        ([ada.email], "Somebody tried to sign up with your address")
    ]


def test_a_letter_box_is_not_filled(
    client: Client, ada: User, mailed: Callable[[], list[EmailMessage]]
) -> None:
    for _ in range(3):
        client.post(URL, FORM | {"email": ada.email})
    assert len(mailed()) == 1


def test_a_taken_address_costs_a_hash_like_a_free_one(
    client: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = User.set_password

    def counted(self: User, raw: Any) -> None:
        hashed.append(self.email)
        real(self, raw)

    monkeypatch.setattr(User, "set_password", counted)
    for email in (ada.email, "free@example.org"):
        client.post(URL, FORM | {"email": email})
    assert hashed == [ada.email, "free@example.org"]


def test_an_address_signs_up_so_often(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signup, "FROM_ADDRESS", Limit("few", most=1, seconds=60))
    assert client.post(URL, FORM).status_code == 302
    assert Client().post(URL, FORM | {"email": "b@example.org"}).status_code == 429
    assert User.objects.count() == 1


def test_nothing_but_the_address_can_be_set(client: Client) -> None:
    client.post(URL, FORM | {"is_staff": "1", "is_superuser": "1", "id": "7"})
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (False, False)


def test_who_is_signed_in_goes_on(as_ada: Client) -> None:
    assert as_ada.get(URL, {"next": "/runs/"})["Location"] == "/runs/"
