"""One page has one key; traps are known by their looks; a site is its registrable domain."""

import pytest

from workflows.fetch import Refused
from workflows.ingest.addresses import Site, given, place_of

ONE = [
    "https://acme.example/shop/?b=2&a=1",
    "http://www.acme.example:80/shop?a=1&b=2&utm_source=mail",
    "https://ACME.example/shop/index.html?a=1&b=2#top",
    "https://acme.example/shop;jsessionid=1A?a=1&b=2",
    "https://acme.example/%73hop?a=1&b=2&PHPSESSID=x&gclid=y",
]


def test_forms_of_one_address_have_one_key() -> None:
    assert len({place_of(url).key for url in ONE}) == 1


@pytest.mark.parametrize(
    "other",
    ["https://acme.example/shop", "https://acme.example/Shop?a=1&b=2",
     "https://acme.example:8443/shop?a=1&b=2", "https://acme.example/shop?a=2&b=1"],
)  # fmt: skip
def test_other_pages_have_other_keys(other: str) -> None:
    allow = ()
    try:
        assert place_of(other, allow).key != place_of(ONE[0]).key
    except Refused:
        assert ":8443" in other


def test_what_is_fetched_loses_only_what_is_not_the_page() -> None:
    found = place_of("https://acme.example/Shop/?q=a%20b&utm_medium=x#frag")
    assert found.url == "https://acme.example/Shop/?q=a+b"


@pytest.mark.parametrize(
    ("path", "dated"),
    [
        ("/2024/05/", True), ("/events/2024-05-17", True), ("/calendar?month=5&year=2024", True),
        ("/c?date=2024-05-17", True), ("/blog/2024/05/of-salt", False), ("/post/12", False),
        ("/update-2", False), ("/salt", False),
    ],
)  # fmt: skip
def test_calendars_are_known_by_their_looks(path: str, dated: bool) -> None:
    assert place_of(f"https://acme.example{path}").dated is dated


@pytest.mark.parametrize(
    "path",
    ["/a/b/a/b/a/b", "/1/2/3/4/5/6/7/8/9/10/11", "/?a=1&b=1&c=1&d=1&e=1", f"/{'x' * 1100}",
     "/?" + "&".join(f"p{n}=1" for n in range(80))],
)  # fmt: skip
def test_what_has_no_end(path: str) -> None:
    assert place_of(f"https://acme.example{path}").unbounded


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("https://acme.co.uk/x", True), ("https://www.acme.co.uk/x", True),
        ("https://shop.acme.co.uk/x", True), ("https://evil.co.uk/x", False),
        ("https://notacme.co.uk/x", False), ("https://acme.co.uk.evil.example/", False),
    ],
)  # fmt: skip
def test_a_site_is_its_registrable_domain(url: str, inside: bool) -> None:
    assert Site.of(place_of("https://acme.co.uk/")).holds(place_of(url)) is inside


def test_pages_of_a_shared_domain_are_not_one_site() -> None:
    site = Site.of(place_of("https://ann.github.io/"))
    assert not site.holds(place_of("https://bob.github.io/"))


@pytest.mark.parametrize(
    ("typed", "url"),
    [("acme.com", "https://acme.com"), (" http://acme.com ", "http://acme.com"),
     ("acme.com:8080/x", "https://acme.com:8080/x"), ("//acme.com", "//acme.com")],
)  # fmt: skip
def test_what_people_type(typed: str, url: str) -> None:
    assert given(typed) == url
