"""Where one goes on to: on this site, and with what was typed."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from gxweb.accounts.onward import Onward, onward


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ({}, "/"),
        ({"next": "/runs/"}, "/runs/"),
        ({"next": "https://evil.example/"}, "/"),
        ({"next": "/\\evil.example"}, "/"),
        ({"url": " acme.com "}, "/?url=acme.com"),
        ({"url": "https://a.b/?x=1&y=2", "next": "/p/?q=1"},
         "/p/?q=1&url=https%3A%2F%2Fa.b%2F%3Fx%3D1%26y%3D2"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post"])
def test_target(given: dict[str, str], target: str, method: str) -> None:
    assert onward(getattr(RequestFactory(), method)("/", given)).target == target


def test_query_carries_both_to_the_next_page() -> None:
    assert Onward("/runs/", "a&b").query == "?next=%2Fruns%2F&url=a%26b"
    assert Onward().query == ""


def test_it_does_not_grow_without_end() -> None:
    assert len(onward(RequestFactory().get("/", {"url": "x" * 9999})).url) == 2000
