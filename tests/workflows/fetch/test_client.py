"""Over real sockets: what is answered, what is refused, and that no canary is ever touched."""

from __future__ import annotations

import asyncio
import gzip
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workflows.fetch.web import PUBLIC, Web, page, redirect, web
from workflows.fetch import Fetcher, Refused
from workflows.fetch.bodies import DECODED_MAX, RAW_MAX
from workflows.fetch.networks import is_public

HTML = b"<p>Hello</p>"


@pytest.fixture
async def site() -> AsyncIterator[Web]:
    async with web() as made:
        made.pages["/"] = page(HTML, "Content-Type: text/html")
        yield made
        assert made.touched == 0


async def refused(site: Web, url: str, **more: Any) -> str:
    with pytest.raises(Refused) as why:
        await site.fetcher.fetch(url, **more)
    assert why.value.message.endswith(".")
    return why.value.code


async def test_a_page_comes_with_its_host_by_name_and_no_secrets(site: Web) -> None:
    found = await site.fetcher.fetch(site.url("/?q=ä"))
    assert found.status == 404
    found = await site.fetcher.fetch(site.url())
    assert (found.status, found.body, found.url) == (200, HTML, site.url())
    head = site.asked[-1].lower()
    assert f"host: site.example:{site.port}\r\n" in head
    assert "cookie" not in head
    assert "authorization" not in head


async def test_proxies_of_the_environment_are_not_asked(
    site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{site.canary}")
    assert (await site.fetcher.fetch(site.url())).status == 200


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["::1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        [PUBLIC, "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%lo"],
    ],
)
async def test_every_address_behind_a_name_must_be_public(site: Web, answers: list[str]) -> None:
    site.names["trap.example"] = answers
    assert await refused(site, site.url(host="trap.example")) == "forbidden_address"


@pytest.mark.parametrize("answers", [[], ["8.8.8.8"] * 200])
async def test_a_name_with_no_address_or_too_many(site: Web, answers: list[str]) -> None:
    site.names["odd.example"] = answers
    assert await refused(site, site.url(host="odd.example")) == "unreachable"


async def test_a_name_that_is_not_there_says_so(site: Web) -> None:
    assert await refused(site, f"http://nobody.example:{site.port}/") == "unreachable"


async def test_a_name_is_asked_for_once_so_that_rebinding_gains_nothing(site: Web) -> None:
    said = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])

    async def rebind(host: str) -> list[str]:
        return next(said)

    fetcher = Fetcher(site.fetcher.allow, rebind)
    assert (await fetcher.fetch(site.url())).status == 200
    with pytest.raises(Refused, match="inner network"):
        await fetcher.fetch(site.url())


async def test_a_silent_name_server_costs_five_seconds(
    site: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.fetch.resolving.PATIENCE_S", 0.05)

    async def never(host: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(Refused) as why:
        await Fetcher(site.fetcher.allow, never).fetch(site.url())
    assert why.value.code == "timeout"


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://127.0.0.1:{port}/", "forbidden_address"),
        ("http://[::1]:{port}/", "forbidden_address"),
        ("//127.0.0.1:{port}/", "forbidden_address"),
        ("http://user@site.example/", "forbidden_address"),
        ("http://trap.example:{port}/", "forbidden_address"),
        ("file:///etc/passwd", "invalid_input"),
        ("http://0x7f.1/", "invalid_input"),
        ("/loop", "unreachable"),
        ("/", "unreachable"),
    ],
)
async def test_each_redirect_is_checked_whole(site: Web, location: str, code: str) -> None:
    site.names["trap.example"] = ["127.0.0.1"]
    site.pages["/"] = site.pages["/loop"] = redirect(location.format(port=site.port))
    assert await refused(site, site.url()) == code


async def test_five_redirects_are_followed_and_six_are_not(site: Web) -> None:
    for number in range(7):
        site.pages[f"/{number}"] = redirect(f"/{number + 1}")
    site.pages["/5"] = page(HTML)
    assert (await site.fetcher.fetch(site.url("/0"))).url == site.url("/5")
    site.pages["/5"] = redirect("/6")
    assert await refused(site, site.url("/0")) == "unreachable"


@pytest.mark.parametrize(
    "body",
    [
        page(b"x", f"Content-Length: {10**10}"),
        page(b"x" * (RAW_MAX + 64 * 1024)),
        page(gzip.compress(b"\0" * (DECODED_MAX + 2)), "Content-Encoding: gzip"),
        page(gzip.compress(gzip.compress(b"\0" * 10**6)), "Content-Encoding: gzip, gzip"),
        page(HTML, "Content-Encoding: br"),
        page(HTML, "Content-Encoding: gzip"),
        page(gzip.compress(HTML)[:-9], "Content-Encoding: gzip"),
        page(HTML, *(f"X-{n}: {'y' * 20}" for n in range(2000))),
        page(HTML, *(f"X-{n}: y" for n in range(10_000))),
        page(HTML, f"Content-Length: {len(HTML) + 5}"),
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
    ids=[
        "10 GB said",
        "too long",
        "bomb",
        "two codings",
        "unknown coding",
        "no gzip",
        "cut gzip",
        "headers",
        "10,000 headers",
        "short",
        "no HTTP",
        "nothing",
    ],
)
async def test_bodies_that_are_not_taken(site: Web, body: bytes) -> None:
    site.pages["/"] = body
    assert await refused(site, site.url()) == "unreachable"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Ty",
        page(HTML, f"Content-Length: {len(HTML) + 5}"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
    ids=["at once", "in its head", "in its body", "between its chunks"],
)
async def test_an_answer_that_breaks_off_may_be_whole_the_next_time(site: Web, body: bytes) -> None:
    site.pages["/"] = body
    with pytest.raises(Refused, match="it broke off") as why:
        await site.fetcher.fetch(site.url())
    assert why.value.retryable


@pytest.mark.parametrize("coding", ["utf-8", "latin-1"])
async def test_a_redirect_may_be_spelt_in_letters(site: Web, coding: str) -> None:
    site.pages["/"] = "HTTP/1.1 302 Found\r\nLocation: /Übersicht-Größe\r\n\r\n".encode(coding)
    site.pages["/%C3%9Cbersicht-Gr%C3%B6%C3%9Fe"] = page(HTML)
    assert (await site.fetcher.fetch(site.url())).status == 200


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_one_coding_is_unpacked(site: Web, coding: str) -> None:
    packed = gzip.compress(HTML) if coding == "gzip" else zlib.compress(HTML)
    site.pages["/"] = page(packed, f"Content-Encoding: {coding}")
    assert (await site.fetcher.fetch(site.url())).body == HTML


async def test_an_endless_body_ends(site: Web) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            await writer.drain()

    site.pages["/"] = endless
    assert await refused(site, site.url()) == "unreachable"


async def test_a_byte_now_and_then_ends_at_the_total(site: Web) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    site.pages["/"] = drip
    assert await refused(site, site.url(), total_s=0.3) == "timeout"


async def test_no_first_byte_in_time(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    monkeypatch.setattr("workflows.fetch.client.FIRST_BYTE_S", 0.05)
    site.pages["/"] = silent
    assert await refused(site, site.url()) == "timeout"


# --- whatever the URL: it is refused, or the connection goes to an address that was checked

_watched: list[str] | None = None


def _see(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.connect" and _watched is not None:
        address = args[1]
        _watched.append(str(address[0] if isinstance(address, tuple) else address))


sys.addaudithook(_see)


@contextmanager
def connections() -> Iterator[list[str]]:
    global _watched
    seen: list[str] = []
    _watched = seen
    try:
        yield seen
    finally:
        _watched = None


HOSTS = st.one_of(
    st.ip_addresses().map(lambda ip: f"[{ip}]" if ip.version == 6 else str(ip)),
    st.sampled_from(
        ["127.0.0.1", "127.1", "2130706433", "localhost", "a@127.0.0.1", "x.example", "[::1]"]
    ),
    st.text(alphabet="0123456789.x:[]@%abc。１٠①-", max_size=24),
)


@given(
    scheme=st.sampled_from(["http", "https", "HTTP", "//", "file"]),
    host=HOSTS,
    port=st.sampled_from(["", ":80", ":443", ":6379"]),
    answers=st.lists(st.ip_addresses().map(str), max_size=3),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_connects_to_what_was_checked_or_not_at_all(
    scheme: str, host: str, port: str, answers: list[str]
) -> None:
    checked: list[str] = []

    async def resolve(name: str) -> list[str]:
        checked.extend(answers)
        return answers

    async def ask() -> None:
        # No answer is waited for: only where the connection goes counts.
        await Fetcher((), resolve).fetch(f"{scheme}://{host}{port}/", total_s=0.02)

    with connections() as seen, suppress(Refused):
        asyncio.run(ask())
    for address in seen:
        assert is_public(ip_address(address)), address
        assert not checked or address in checked
