"""`manage.py issue_token`: the token alone on standard output, words for people beside it."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from gxweb.accounts.bearer import find_token
from gxweb.accounts.models import ApiToken, User

pytestmark = pytest.mark.django_db


def issue(*args: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("issue_token", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_issue_token_prints_a_token_that_works() -> None:
    user = User.objects.create_user("ada@example.org")
    out, _ = issue("Ada@Example.org", "--scopes", "read,start", "--days", "7")
    assert find_token(out.strip()) == (user, frozenset({"read", "start"}))
    row = ApiToken.objects.get()
    assert row.expires_at is not None
    assert (row.expires_at - row.created_at).days in {6, 7}


def test_issue_token_creates_a_person_who_can_sign_in(client: Client) -> None:
    out, err = issue("new@example.org", "--create")
    assert find_token(out.strip()) is not None
    found = re.search(r"password (\S+)", err)
    assert found
    form = {"email": "NEW@example.org", "password": found[1]}
    assert client.post("/accounts/login/", form).status_code == 302
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)


def test_issue_token_leaves_the_password_of_somebody_who_is_there() -> None:
    User.objects.create_user("ada@example.org", "her own password")
    _, err = issue("ada@example.org", "--create")
    assert "password" not in err
    assert User.objects.get().check_password("her own password")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["nobody@example.org"], "nobody with the address"),
        (["not an address", "--create"], "not an email address"),
        (["ada@example.org", "--scopes", "read,rule"], "--scopes"),
        (["ada@example.org", "--scopes", ""], "--scopes"),
        (["ada@example.org", "--days", "0"], "--days"),
    ],
)
def test_issue_token_refuses_in_one_line(args: list[str], why: str) -> None:
    User.objects.create_user("ada@example.org")
    with pytest.raises(CommandError, match=re.escape(why)):
        issue(*args)
    assert not ApiToken.objects.exists()


def test_issue_token_refuses_a_closed_account() -> None:
    User.objects.create_user("ada@example.org", is_active=False)
    with pytest.raises(CommandError, match="closed"):
        issue("ada@example.org")
