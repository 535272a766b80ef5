"""A new password, by the old one or by mail; what the old one opened is closed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from gxweb.accounts import credentials, password
from gxweb.accounts.models import User
from tests.gxweb.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "another good password"
CHANGE = {"password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
RESET = {"new_password1": NEW, "new_password2": NEW}
Mailed = Callable[[], list[EmailMessage]]


def link_of(message: EmailMessage) -> str:
    found = re.search(r"(/accounts/password/reset/\S+)", str(message.body))
    assert found
    return found[1]


def test_changing_it_ends_all_other_sessions(as_ada: Client, ada: User, mailed: Mailed) -> None:
    elsewhere = Client()
    elsewhere.force_login(ada)
    response = as_ada.post("/accounts/password/", CHANGE)
    assert (response.status_code, response["Location"]) == (302, "/accounts/")
    assert as_ada.get("/accounts/").status_code == 200
    assert elsewhere.get("/accounts/").status_code == 302
    assert User.objects.get().check_password(NEW)
    assert [m.subject for m in mailed()] == ["Your password was changed"]


@pytest.mark.parametrize(
    "change",
    [{"password": "wrong"}, {"new_password1": "x", "new_password2": "x"}, {"new_password1": "y"}],
)
def test_a_change_that_does_not_fit_changes_nothing(as_ada: Client, change: dict[str, str]) -> None:
    assert as_ada.post("/accounts/password/", CHANGE | change).status_code == 200
    assert User.objects.get().check_password(PASSWORD)


def test_a_found_session_cannot_try_passwords_without_end(as_ada: Client) -> None:
    answers = [
        as_ada.post("/accounts/password/", CHANGE | {"password": "x"}).status_code
        for _ in range(credentials.OF_ACCOUNT.most + 1)
    ]
    assert answers[-2:] == [200, 429]


def test_a_link_is_good_once(client: Client, ada: User, mailed: Mailed) -> None:
    client.post("/accounts/password/reset/", {"email": "ADA@example.org"})
    link = link_of(mailed()[0])
    form = client.get(link, follow=True)
    assert form.redirect_chain[0][0].endswith("/set/")
    response = client.post(form.request["PATH_INFO"], RESET)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert "_auth_user_id" in client.session
    assert User.objects.get().check_password(NEW)
    again = Client().get(link, follow=True)
    assert "not good any more" in again.content.decode()


def test_a_reset_ends_sessions_and_an_old_lock(client: Client, ada: User, mailed: Mailed) -> None:
    thief = Client()
    thief.force_login(ada)
    for _ in range(credentials.OF_ACCOUNT.most):
        credentials.OF_ACCOUNT.take(ada.email)
    client.post("/accounts/password/reset/", {"email": ada.email})
    form = client.get(link_of(mailed()[0]), follow=True)
    client.post(form.request["PATH_INFO"], RESET)
    assert thief.get("/accounts/").status_code == 302
    login = Client().post("/accounts/login/", {"email": ada.email, "password": NEW})
    assert login.status_code == 302


def test_unknown_and_closed_addresses_get_the_same_answer_and_no_mail(
    client: Client, ada: User, mailed: Mailed
) -> None:
    User.objects.create_user("closed@example.org", PASSWORD, is_active=False)
    answers = [
        client.post("/accounts/password/reset/", {"email": email})
        for email in (ada.email, "nobody@example.org", "closed@example.org")
    ]
    assert len({(a.status_code, a["Location"], a.content) for a in answers}) == 1
    assert [m.to for m in mailed()] == [[ada.email]]


@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
def test_links_are_sent_so_often(client: Client, ada: User, email: str) -> None:
    answers = [
        client.post("/accounts/password/reset/", {"email": email}).status_code
        for _ in range(password.TO_ADDRESS.most + 1)
    ]
    assert answers == [302] * password.TO_ADDRESS.most + [429]


@pytest.mark.parametrize("uid", ["MQ", "!!", "OTk5", "LTE"])
def test_a_made_up_link_says_so(client: Client, ada: User, uid: str) -> None:
    page = client.get(f"/accounts/password/reset/{uid}/made-up/", follow=True)
    assert "not good any more" in page.content.decode()


def test_a_link_dies_when_the_password_changes(client: Client, ada: User, mailed: Mailed) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    ada.set_password(NEW)
    ada.save()
    page = client.get(link_of(mailed()[0]), follow=True)
    assert "not good any more" in page.content.decode()
