"""Where one lands."""

import pytest
from django.test import Client

from gxweb.accounts.models import User


@pytest.mark.django_db
def test_home_is_for_everybody_and_runs_for_people(client: Client) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/runs/")["Location"] == "/accounts/login/?next=/runs/"
    client.force_login(User.objects.create_user("ada@example.org"))
    assert client.get("/runs/").status_code == 200
