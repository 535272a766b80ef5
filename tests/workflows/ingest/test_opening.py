"""Whoever names a site knows within seconds whether it can be read: every answer that is made to
last, and every address that leads astray, ends with a sentence, and nobody inside was called.

HOSTILE=1 takes all of them with the real limits: each ends within 15 seconds, in 64 MB more.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from tests.chaos.memory import watched
from tests.workflows.fetch.test_networks import CLOSED
from tests.workflows.fetch.test_targets import FORBIDDEN, NO_ADDRESS
from tests.workflows.fetch.web import Answer, Web, page, redirect, web
from workflows.catalog.site import SiteBrief
from workflows.engine import Failure
from workflows.fetch import Fetcher
from workflows.fetch.extractor import EXTRACTOR
from workflows.ingest.flow import read_site

REAL = bool(os.environ.get("HOSTILE"))
AT_MOST_S, AT_MOST_MB = 15.0, 64.0
COMMON = ("drip", "silent", "inside")  # for every day
pytestmark = pytest.mark.timeout(180)
HTML = b"<p>Hello</p>"


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Web]:
    if not REAL:
        for name, seconds in {
            "fetch.client.FIRST_BYTE_S": 0.2, "fetch.resolving.PATIENCE_S": 0.2,
            "ingest.visiting.OPENING_S": 0.5, "ingest.flow.OPENING_S": 0.5,
        }.items():  # fmt: skip
            monkeypatch.setattr(f"workflows.{name}", seconds)
    async with web() as made:
        monkeypatch.setattr(Fetcher, "from_env", lambda _: made.fetcher)
        yield made
        assert made.touched == 0


async def drip(writer: asyncio.StreamWriter) -> None:
    """A byte now and then, of which there are many to come."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9999\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(1 if REAL else 0.05)


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


ANSWERS: dict[str, Answer] = {
    "drip": drip,
    "silent": silent,
    "endless": endless,
    "10 GB said": page(b"x", f"Content-Length: {10**10}"),
    "bomb": page(gzip.compress(b"\0" * 60_000_000), "Content-Encoding: gzip"),
    "two codings": page(gzip.compress(gzip.compress(HTML)), "Content-Encoding: gzip, gzip"),
    "10,000 headers": page(HTML, *(f"X-{n}: y" for n in range(10_000))),
    "nested": page(b"<div>" * 300_000, "Content-Type: text/html"),
    "attributes": page(b"<p" + b" a=b" * 400_000 + b">", "Content-Type: text/html"),
    "entities": page(
        b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>',
        "Content-Type: text/xml",
    ),
    "no page": page(b"MZ\0\0" * 99, "Content-Type: text/html"),
    "inside": redirect("http://127.0.0.1:{port}/"),
    "inside, in short": redirect("//127.0.0.1:{port}/"),
    "inside, by name": redirect("http://trap.example:{port}/"),
    "a file": redirect("file:///etc/passwd"),
    "a loop": redirect("/"),
    "500": page(b"", status="500 Oh"),
    "nothing": b"",
}


async def ended(url: str) -> tuple[str, float]:
    """What somebody who named it is told, and after how long."""
    began = time.monotonic()
    with pytest.raises(Failure) as why:
        await read_site(SiteBrief(url))
    return why.value.message, time.monotonic() - began


def laid(site: Web, said: Answer) -> Answer:
    port = str(site.port).encode()
    return said.replace(b"{port}", port) if isinstance(said, bytes) else said


async def assert_told(url: str) -> None:
    if REAL:
        await EXTRACTOR.take_apart(b"<p>Before it is measured</p>", "", url)
    with watched(SimpleNamespace(pid=os.getpid())) as held:  # type: ignore[arg-type]
        said, took = await ended(url)
    assert said.endswith("."), said
    if REAL:
        print(f"{took:5.2f} s {max(0, held.more):5.1f} MB {url[:60]!r}: {said}")
        assert took <= AT_MOST_S
        assert held.more <= AT_MOST_MB


@pytest.mark.parametrize("where", ["/", "/robots.txt"])
@pytest.mark.parametrize("name", ANSWERS if REAL else COMMON)
async def test_a_hostile_answer_ends_with_a_sentence(site: Web, name: str, where: str) -> None:
    site.names["trap.example"] = ["127.0.0.1"]
    site.pages = {where: laid(site, ANSWERS[name])}
    print(name, where, end=" ")
    await assert_told(site.url())


async def test_a_host_that_is_slow_everywhere_is_not_waited_for_twice(site: Web) -> None:
    site.pages = {"/robots.txt": page(b"", status="404 No"), "/": silent}
    said, _ = await ended(site.url())
    assert "did not answer within" in said
    assert len(site.asked) <= 4
    site.asked.clear()
    site.pages["/robots.txt"] = silent
    await ended(site.url())
    assert all("/robots.txt" in head.splitlines()[0] for head in site.asked)
    assert len(site.asked) <= 3


@pytest.mark.skipif(not REAL, reason="tests/workflows/fetch has them one by one")
@pytest.mark.parametrize("url", [*NO_ADDRESS, *FORBIDDEN])
async def test_a_hostile_address_ends_with_a_sentence(site: Web, url: str) -> None:
    await assert_told(url)


@pytest.mark.skipif(not REAL, reason="tests/workflows/fetch has them one by one")
async def test_an_address_inside_ends_with_a_sentence(site: Web) -> None:
    for address in CLOSED:
        await assert_told(f"http://[{address}]/" if ":" in address else f"http://{address}/")
        site.names["trap.example"] = [address]
        await assert_told("http://trap.example/")


async def test_a_silent_name_server_ends_with_a_sentence(
    site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(host: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    asked = Fetcher(site.fetcher.allow, never)
    monkeypatch.setattr(Fetcher, "from_env", lambda _: asked)
    await assert_told("http://silent.example/")
