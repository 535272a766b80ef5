"""Addresses as a template shows them: where they lead, and nothing that only looks like it."""

from __future__ import annotations

import pytest

from runs.templatetags.addresses import colours, leads, path


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/", "a.example"),
        ("https://a.example/b/c?d=1", "a.example/b/c"),
        ("https://a.example/" + "b" * 80, "a.example/" + "b" * 48 + "…"),
        ("https://a.example/@evil.example", "a.example"),
        ("javascript:fired(1)", ""),
        ("https://[::1", ""),
        (7, ""),
        (None, ""),
    ],
)
def test_host_and_path_are_shown(url: object, shown: str) -> None:
    assert leads(url) + path(url) == shown


@pytest.mark.parametrize(
    ("said", "found"), [(["#112233", "red", 3, "#12345"], ["#112233"]), ("#112233", []), (None, [])]
)
def test_only_plain_colours_are_drawn(said: object, found: list[str]) -> None:
    assert colours(said) == found
