"""One parser: what it lets through is canonical, and everything else is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.fetch.refusals import Refused
from workflows.fetch.resolving import addresses
from workflows.fetch.targets import onward, target
from workflows.wire.reach import Reach, parse_all

NO_ADDRESS = [
    "",
    "acme",
    "//127.0.0.1/",
    "http:/\\127.0.0.1/",
    "http:///path",
    "http://",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO",
    "ftp://example.com/",
    "javascript:alert(1)",
    "data:text/html,x",
    "http:example.com",
    "http://exa mple.com/",
    "http://example.com\\@127.0.0.1/",
    "http://example.com/\r\nHost: x",
    "http://example.com/\tx",
    "http://example.com\x00.evil.com/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://1.2.3.4.5/",
    "http://127.0.0.0x1/",
    "http://[::1%25lo]/",
    "http://[fe80::1%eth0]/",
    "http://[::g]/",
    "http://[::1/",
    "http://::1/",
    "http://example.com:0x50/",
    "http://example.com:/x:y",
    "http://example.com:123456/",
    "http://xn--a.com/",
    "http://exa%00mple.com/",
    "http://ex%61mple.com/",
    "http://" + "a" * 64 + ".com/",
    "http://a..com/",
    "http://.com/",
    "http://example.com/" + "x" * 10_000,
    "http://\u202eexample.com/",
    "http://ex\u200bample.com/",
    "http://１２７.1/",
    "http://①②⑦.1/",
]
FORBIDDEN = [
    "http://example.com@127.0.0.1/",
    "http://user:pass@example.com/",
    "http://localhost/",
    "http://localhost./",
    "http://LOCALHOST/",
    "http://intranet/",
    "http://a.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://x.onion/",
    "http://router.home.arpa/",
    "http://example.com:22/",
    "http://example.com:6379/",
    "https://example.com:8443/",
    "http://8.8.8.8:8000/",
    "http://ｌocalhost/",
]


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises(Refused) as refused:
        target(url)
    assert refused.value.code == "invalid_input"


@pytest.mark.parametrize("url", FORBIDDEN)
def test_what_nobody_may_make_us_read(url: str) -> None:
    with pytest.raises(Refused) as refused:
        target(url)
    assert refused.value.code == "forbidden_address"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.COM", "http://example.com/"),
        ("https://example.com:443/a?b=c#d", "https://example.com/a?b=c"),
        ("http://example.com:443/", "http://example.com:443/"),
        (" https://example.com./x ", "https://example.com/x"),
        ("https://bücher.example/ä?ü=ö", "https://xn--bcher-kva.example/%C3%A4?%C3%BC=%C3%B6"),
        ("http://ｅｘａｍｐｌｅ．com/", "http://example.com/"),
        ("http://127.0.0.1./", "http://127.0.0.1/"),
        ("http://１２７。０。０。１/", "http://127.0.0.1/"),
        ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("https://example.com/%2e%2e/x", "https://example.com/%2e%2e/x"),
    ],
)
def test_what_is_one_becomes_canonical(url: str, canonical: str) -> None:
    assert target(url).url == canonical


def test_the_addresses_behind_a_name_are_not_asked_for_yet() -> None:
    assert target("http://127.0.0.1/").literal is not None
    assert target("http://example.com/").literal is None


def test_a_private_place_can_be_opened_by_name_or_network_at_its_port() -> None:
    allow = parse_all("docs:8080, 127.0.0.0/8:9000, [::1/128]:9000")
    assert target("http://docs:8080/", allow).port == 8080
    assert target("http://127.0.0.1:9000/", allow).port == 9000
    assert target("http://[::1]:9000/", allow).authority == "[::1]:9000"
    for url in ("http://docs/", "http://docs:9000/", "http://docs.:8081/"):
        with pytest.raises(Refused):
            target(url, allow)


async def test_another_port_of_an_opened_network_stays_closed() -> None:
    allow = parse_all("docs:8080, 127.0.0.0/8:9000")
    assert await addresses(target("http://127.0.0.9:9000/", allow), allow=allow)
    for url in ("http://127.0.0.1:8080/", "http://127.0.0.1/", "http://10.0.0.1:9000/"):
        with pytest.raises(Refused, match="inner network"):
            await addresses(target(url, allow), allow=allow)
    with pytest.raises(Refused, match="port 9000"):
        await addresses(target("http://8.8.8.8:9000/", allow), allow=allow)


@pytest.mark.parametrize(
    "said", ["x", "x:0", "x:65536", "x:http", "10.0.0.0/33:80", ":80", "::1:80x"]
)
def test_a_wrong_place_is_named(said: str) -> None:
    with pytest.raises(ValueError, match="not"):
        Reach.parse(said)


def test_a_redirect_is_relative_and_checked_whole() -> None:
    here = target("https://example.com/a/b")
    assert onward(here, "../c").url == "https://example.com/c"
    assert onward(here, "//other.example/x").url == "https://other.example/x"
    for location in ("http://example.com/", "file:///etc/passwd", "//user@x.com/", "//localhost/"):
        with pytest.raises(Refused):
            onward(here, location)


@given(st.text(max_size=80) | st.builds("http://{}/".format, st.text(max_size=40)))
def test_it_refuses_or_is_its_own_canonical_form(url: str) -> None:
    try:
        found = target(url)
    except Refused:
        return
    assert found.url.isascii()
    assert target(found.url) == found
