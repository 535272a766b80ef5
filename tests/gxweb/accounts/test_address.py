"""Another address: only by a link that went there, only for the one who asked."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from gxweb.accounts.models import User
from tests.gxweb.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
URL = "/accounts/email/"
FORM = {"email": "new@example.org", "password": PASSWORD}
Mailed = Callable[[], list[EmailMessage]]


def asked(client: Client, mailed: Mailed) -> str:
    """The link that went to the new address."""
    client.post(URL, FORM)
    message = mailed()[-1]
    assert message.to == ["new@example.org"]
    found = re.search(r"(/accounts/email/\S+)", str(message.body))
    assert found
    return found[1]


def test_it_changes_on_a_press_and_the_old_address_is_told(as_ada: Client, mailed: Mailed) -> None:
    link = asked(as_ada, mailed)
    assert "Change it" in as_ada.get(link).content.decode()
    assert User.objects.get().email == "ada@example.org"
    assert as_ada.post(link)["Location"] == "/accounts/"
    assert User.objects.get().email == "new@example.org"
    assert mailed()[-1].to == ["ada@example.org"]
    assert as_ada.get("/accounts/").status_code == 200
    assert "not good" in as_ada.post(link).content.decode()


def test_it_takes_the_password(as_ada: Client, mailed: Mailed) -> None:
    html = as_ada.post(URL, FORM | {"password": "wrong"}).content.decode()
    assert "This is not your password" in html
    assert mailed() == []


def test_a_link_of_another_does_nothing(as_ada: Client, mailed: Mailed) -> None:
    link = asked(as_ada, mailed)
    bob = Client()
    bob.force_login(User.objects.create_user("bob@example.org"))
    assert "not good" in bob.post(link).content.decode()
    assert set(User.objects.values_list("email", flat=True)) == {
        "ada@example.org", "bob@example.org",
    }  # fmt: skip


def test_a_taken_address_gets_no_link_and_the_page_does_not_tell(
    as_ada: Client, mailed: Mailed
) -> None:
    free = as_ada.post(URL, FORM).content.decode()
    assert len(mailed()) == 1
    User.objects.create_user("new@example.org")
    taken = as_ada.post(URL, FORM).content.decode()
    csrf = re.compile(r'csrfmiddlewaretoken" value="\w+"')
    assert csrf.sub("", free) == csrf.sub("", taken)
    assert len(mailed()) == 1


def test_an_address_taken_meanwhile_is_not_taken_twice(as_ada: Client, mailed: Mailed) -> None:
    link = asked(as_ada, mailed)
    User.objects.create_user("NEW@example.org")
    assert "not good" in as_ada.post(link).content.decode()


@pytest.mark.parametrize("token", ["made-up", "e30:1:x"])
def test_a_made_up_link_does_nothing(as_ada: Client, token: str) -> None:
    assert "not good" in as_ada.get(f"{URL}{token}/").content.decode()
