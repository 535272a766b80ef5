"""A command leads back to the page that it came from, if that is one of ours."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import RequestFactory

from runs.returning import came_from

RUN = UUID("00000000-0000-4000-8000-000000000000")
OWN = f"/runs/{RUN}/"


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("/sites/1/", "/sites/1/"),
        ("", OWN),
        ("//evil.example/", OWN),
        ("https://evil.example/", OWN),
        ("http://testserver/x/", OWN),
    ],
)
def test_only_a_path_of_ours_is_led_back_to(said: str, place: str) -> None:
    assert came_from(RequestFactory().post("/", {"next": said}), RUN) == place
