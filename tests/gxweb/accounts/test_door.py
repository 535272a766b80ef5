"""Whoever is signed out in the midst of a page signs in and comes back to that page."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
RUN, SITE = f"/runs/{ID}/", f"/sites/{ID}/"


@pytest.mark.parametrize(
    ("page", "command"),
    [
        (RUN, f"{RUN}cancellation/"),
        (RUN, f"{RUN}signals/finish/"),
        (RUN, f"{RUN}answers/outline/"),
        (RUN, f"{RUN}forks/"),
        (SITE, f"{SITE}fields/name/"),
        (f"{SITE}?a=b", f"{SITE}proposals/7/acceptance/"),
    ],
)
def test_a_command_of_a_page_leads_the_whole_page_to_the_door(page: str, command: str) -> None:
    behind = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}
    answer = Client().post(command, headers=behind)
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == f"/accounts/login/?next={quote(page)}"
    assert Client().post(command).status_code == 302


def test_a_page_of_elsewhere_is_not_come_back_to() -> None:
    behind = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/x/"}
    answer = Client().post(f"{RUN}cancellation/", headers=behind)
    assert answer["HX-Redirect"] == f"/accounts/login/?next={RUN}"
