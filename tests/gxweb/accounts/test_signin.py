"""Signing in and out: the same answer whatever is wrong, and not without end."""

from __future__ import annotations

import pytest
from django.test import Client

from gxweb.accounts import credentials
from gxweb.accounts.models import User

pytestmark = pytest.mark.django_db
FORM = {"email": "ada@example.org", "password": "a long password"}


@pytest.fixture
def user() -> User:
    return User.objects.create_user(**FORM)


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_sign_in_goes_where_one_wanted_to(client: Client, user: User) -> None:
    response = client.post("/accounts/login/", {**FORM, "next": "/runs/"})
    assert (response.status_code, response["Location"]) == (302, "/runs/")
    assert "sessionid" in response.cookies


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "http:///evil"]
)
def test_sign_in_does_not_send_one_elsewhere(client: Client, user: User, place: str) -> None:
    response = client.post("/accounts/login/", {**FORM, "next": place})
    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.parametrize("change", [{"email": "x@example.org"}, {"password": "wrong"}])
def test_sign_in_says_the_same_for_whatever_is_wrong(
    client: Client, user: User, change: dict[str, str]
) -> None:
    response = client.post("/accounts/login/", {**FORM, **change})
    assert response.status_code == 200
    assert "do not match an account" in response.content.decode()
    assert not signed_in(client)


def test_a_closed_account_is_like_none(client: Client, user: User) -> None:
    User.objects.update(is_active=False)
    response = client.post("/accounts/login/", FORM)
    assert "do not match an account" in response.content.decode()
    assert not signed_in(client)


@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
def test_an_account_is_tried_so_often_whether_there_is_one_or_not(
    client: Client, user: User, email: str
) -> None:
    wrong = {"email": email, "password": "wrong"}
    tries = [
        client.post("/accounts/login/", wrong, REMOTE_ADDR=f"10.0.0.{n}").status_code
        for n in range(credentials.OF_ACCOUNT.most + 1)
    ]
    assert tries == [200] * credentials.OF_ACCOUNT.most + [429]
    refused = client.post("/accounts/login/", FORM | {"email": email.upper()})
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= credentials.OF_ACCOUNT.seconds
    assert "a little too often" in refused.content.decode()


def test_an_address_tries_so_often_whoever_it_tries(client: Client, user: User) -> None:
    answers = [
        client.post("/accounts/login/", {"email": f"a{n}@example.org", "password": "x"}).status_code
        for n in range(credentials.FROM_ADDRESS.most + 1)
    ]
    assert answers == [200] * credentials.FROM_ADDRESS.most + [429]
    assert client.post("/accounts/login/", FORM, REMOTE_ADDR="10.9.9.9").status_code == 302


def test_signing_in_well_counts_for_nothing(user: User) -> None:
    for _ in range(credentials.FROM_ADDRESS.most + 1):
        assert Client().post("/accounts/login/", FORM).status_code == 302


def test_what_was_typed_is_kept_but_not_the_password(client: Client, user: User) -> None:
    html = client.post(
        "/accounts/login/", FORM | {"password": "wrong-canary", "url": "acme.com", "next": "/runs/"}
    ).content.decode()
    assert "wrong-canary" not in html
    assert 'value="acme.com"' in html
    assert "/accounts/signup/?next=%2Fruns%2F&amp;url=acme.com" in html


def test_sign_in_needs_the_csrf_token(user: User) -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", FORM)
    assert response.status_code == 403
    assert "too old to act on" in response.content.decode()


def test_sign_out_is_a_post(client: Client, user: User) -> None:
    client.force_login(user)
    assert client.get("/accounts/logout/").status_code == 405
    assert signed_in(client)
    assert client.post("/accounts/logout/").status_code == 302
    assert not signed_in(client)


def test_the_admin_has_no_door_of_its_own(client: Client, user: User) -> None:
    response = client.get("/admin/login/?next=/admin/runs/")
    assert response["Location"] == "/accounts/login/?next=%2Fadmin%2Fruns%2F"
    client.force_login(user)
    assert client.get("/admin/", follow=True).status_code == 403


def test_pages_carry_the_policy(client: Client) -> None:
    response = client.get("/accounts/login/")
    policy = response["Content-Security-Policy"]
    for part in ("script-src 'self'", "style-src 'self'", "img-src 'self' data:"):
        assert part in policy
    assert "unsafe" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert "no-store" in response["Cache-Control"]
