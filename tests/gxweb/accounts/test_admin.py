"""People in the admin: found, kept out, never deleted; nobody raises themselves, nothing secret
is shown."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from gxweb.accounts.models import ApiToken, User

pytestmark = pytest.mark.django_db
USERS, TOKENS = "/admin/accounts/user/", "/admin/accounts/apitoken/"


def staff(email: str, *permissions: str, **fields: Any) -> tuple[User, Client]:
    person = User.objects.create_user(email, "a good password", is_staff=True, **fields)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(person)
    return person, client


@pytest.fixture
def desk() -> tuple[User, Client]:
    """May look after people, and is no superuser."""
    return staff("desk@example.org", "view_user", "change_user", "view_apitoken")


@pytest.fixture
def person() -> User:
    return User.objects.create_user("ada@example.org", "another good password")


def test_people_are_found_by_address(desk: tuple[User, Client], person: User) -> None:
    html = desk[1].get(f"{USERS}?q=ADA@").content.decode()
    assert "ada@example.org" in html
    assert "desk@example.org</a></th>" not in html


@pytest.mark.parametrize(("path", "name"), [(USERS, "People"), (TOKENS, "Tokens")])
def test_a_list_has_a_name_and_the_look_of_the_others(
    desk: tuple[User, Client], path: str, name: str
) -> None:
    html = desk[1].get(path).content.decode()
    assert re.search(rf"<h1>\s*{name}\s*</h1>", html)
    assert "admin/gx/list.css" in html


def test_no_hash_is_shown(desk: tuple[User, Client], person: User) -> None:
    html = desk[1].get(f"{USERS}{person.pk}/change/").content.decode()
    algorithm, *parts = person.password.split("$")
    assert "Set another" in html
    assert algorithm not in html
    assert not [part for part in parts if len(part) > 6 and part[:6] in html]


def test_an_account_is_closed(desk: tuple[User, Client], person: User) -> None:
    desk[1].post(f"{USERS}{person.pk}/change/", {"email": person.email})
    person.refresh_from_db()
    assert not person.is_active


def test_nobody_raises_themselves_or_others(desk: tuple[User, Client], person: User) -> None:
    everything = {
        "is_active": "on", "is_staff": "on", "is_superuser": "on",
        "user_permissions": [p.pk for p in Permission.objects.all()],
    }  # fmt: skip
    for target in (desk[0], person):
        path = f"{USERS}{target.pk}/change/"
        assert desk[1].post(path, {**everything, "email": target.email}).status_code == 302
        found = User.objects.get(pk=target.pk)
        assert (found.is_superuser, found.is_staff) == (False, target is desk[0])
        assert found.user_permissions.count() == (3 if target is desk[0] else 0)


def test_other_staff_are_a_superusers_to_change(desk: tuple[User, Client]) -> None:
    others = [staff("other@example.org")[0], staff("root@example.org", is_superuser=True)[0]]
    for other in others:
        before = other.password
        for way in ("change/", "password/"):
            given = {"email": "taken@example.org", "password1": "x" * 12, "password2": "x" * 12}
            assert desk[1].post(f"{USERS}{other.pk}/{way}", given).status_code == 403
        other.refresh_from_db()
        assert (other.password, other.email) != (before, "taken@example.org")
        assert other.password == before


def test_nobody_is_deleted_here(person: User) -> None:
    _, root = staff("root@example.org", is_superuser=True)
    assert root.post(f"{USERS}{person.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"}
    root.post(USERS, chosen)
    assert User.objects.filter(pk=person.pk).exists()


def test_tokens_are_seen_without_their_hash_and_revoked(
    desk: tuple[User, Client], person: User
) -> None:
    row, token = ApiToken.objects.issue(user=person, scopes=["read"], name="laptop")
    for path in (TOKENS, f"{TOKENS}{row.pk}/change/"):
        html = desk[1].get(path).content.decode()
        assert "laptop" in html
        assert row.digest not in html
        assert token not in html
    chosen = {"action": "revoke", "_selected_action": [row.pk]}
    desk[1].post(TOKENS, chosen)
    assert ApiToken.objects.find(token) is not None
    _, reviser = staff("keys@example.org", "view_apitoken", "change_apitoken")
    reviser.post(TOKENS, chosen)
    assert ApiToken.objects.find(token) is None


def test_tokens_are_neither_made_nor_changed_here(person: User) -> None:
    _, root = staff("root@example.org", is_superuser=True)
    row, _ = ApiToken.objects.issue(user=person, scopes=["read"])
    for way in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
        assert root.post(f"{TOKENS}{way}", {"post": "yes", "scopes": "start"}).status_code == 403
    assert re.fullmatch("read", ApiToken.objects.get().scopes)


def test_rights_are_ticked_and_only_those_that_open_something(person: User) -> None:
    _, root = staff("root@example.org", is_superuser=True)
    path = f"{USERS}{person.pk}/change/"
    html = root.get(path).content.decode()
    assert "Can resume any run" in html
    assert "Can delete span" not in html
    right = Permission.objects.get(codename="cancel_run")
    given = {"email": person.email, "is_active": "on", "is_staff": "on"}
    root.post(path, {**given, "user_permissions": [right.pk]})
    assert User.objects.get(pk=person.pk).has_perm("runs.cancel_run")
