"""What a reader of many pages asks of the client: a say in redirects, beginnings, not itself."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest

from tests.workflows.fetch.web import Web, page, redirect, web
from workflows.fetch import Fetcher, Refused
from workflows.fetch.bodies import RAW_MAX
from workflows.fetch.targets import Target


@pytest.fixture
async def site() -> AsyncIterator[Web]:
    async with web() as made:
        yield made


async def test_a_redirect_is_followed_only_with_leave(site: Web) -> None:
    site.pages = {"/old": redirect("/closed"), "/closed": page(b"secret")}
    asked: list[str] = []

    async def refuse(there: Target) -> None:
        asked.append(there.path)
        raise Refused("robots_denied", "Closed.")

    with pytest.raises(Refused, match="Closed"):
        await site.fetcher.fetch(site.url("/old"), permit=refuse)
    assert asked == ["/closed"]
    assert len(site.asked) == 1


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_the_beginning_of_what_is_too_large(site: Web, coding: str) -> None:
    whole = b"0123456789" * 1_200_000
    body, headers = whole[: 3 * RAW_MAX], []
    if coding:
        body, headers = gzip.compress(whole), ["Content-Encoding: gzip"]
    site.pages["/map"] = page(body, *headers)
    with pytest.raises(Refused, match="large"):
        await site.fetcher.fetch(site.url("/map"))
    found = await site.fetcher.fetch(site.url("/map"), cut=True)
    assert whole.startswith(found.body)
    assert len(found.body) >= RAW_MAX


@pytest.mark.parametrize("path", ["/", "/away"])
async def test_an_installation_does_not_read_itself(site: Web, path: str) -> None:
    site.pages = {"/": page(b"me"), "/away": redirect(site.url("/", "own.example"))}
    site.names["own.example"] = ["127.0.0.2"]
    host = "own.example" if path == "/" else "site.example"
    fetcher = Fetcher(site.fetcher.allow, site.resolve, own=frozenset({("own.example", site.port)}))
    with pytest.raises(Refused, match="this very site") as why:
        await fetcher.fetch(site.url(path, host))
    assert why.value.code == "forbidden_address"


def test_its_own_address_is_taken_from_the_environment() -> None:
    assert Fetcher.from_env({"PUBLIC_URL": "https://Gx.Example"}).own == {("gx.example", 443)}
    assert Fetcher.from_env({"PUBLIC_URL": "http://127.0.0.1:8000"}).own == {("127.0.0.1", 8000)}
    assert Fetcher.from_env({}).own == frozenset()
