"""Sitemaps, feeds and llms.txt, small, broken, huge and hostile."""

import gzip
import tracemalloc

import pytest

from workflows.ingest.listings import MOST_ENTRIES, plain_listing, text_listing, xml_listing

HERE = "https://acme.example/sitemap.xml"


def urls(body: str | bytes) -> list[str]:
    raw = body.encode() if isinstance(body, str) else body
    return [page.url for page in xml_listing(raw, HERE).pages]


def entries(count: int) -> bytes:
    return b"<urlset>" + b"".join(
        b"<url><loc>https://acme.example/%d</loc></url>" % n for n in range(count)
    )


def test_a_sitemap_with_priorities() -> None:
    found = xml_listing(
        b"<?xml version='1.0'?><s:urlset xmlns:s='http://www.sitemaps.org/schemas/sitemap/0.9'>"
        b"<s:url><s:loc> /a </s:loc><s:priority>0.9</s:priority></s:url>"
        b"<s:url><s:loc>https://acme.example/b</s:loc><s:priority>9</s:priority></s:url></s:urlset>",
        HERE,
    )
    assert [(page.url, page.priority) for page in found.pages] == [
        ("https://acme.example/a", 0.9), ("https://acme.example/b", 1.0),
    ]  # fmt: skip


def test_an_index_names_lists() -> None:
    body = b"<sitemapindex><sitemap><loc>/1.xml.gz</loc></sitemap></sitemapindex>"
    assert xml_listing(body, HERE).lists == ["https://acme.example/1.xml.gz"]


def test_packed_ones_are_unpacked() -> None:
    assert urls(gzip.compress(entries(3) + b"</urlset>")) == [
        f"https://acme.example/{n}" for n in range(3)
    ]


@pytest.mark.parametrize(
    "feed",
    [
        "<rss><channel><link>/</link><item><title>A</title><link>/a</link></item></channel></rss>",
        "<feed xmlns='http://www.w3.org/2005/Atom'><link href='/'/><entry><title>A</title>"
        "<link rel='self' href='/no'/><link href='/a'/></entry></feed>",
    ],
)
def test_feeds(feed: str) -> None:
    [one] = xml_listing(feed.encode(), HERE).pages
    assert (one.url, one.title) == ("https://acme.example/a", "A")


def test_a_million_entries_cost_what_the_first_cost() -> None:
    body = entries(1_000_000)
    # Looked at from here on only: what is made above is not its doing.
    tracemalloc.start()
    try:
        found = xml_listing(body, HERE)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.pages) == MOST_ENTRIES
    assert found.cut
    assert peak < 32 * 1024 * 1024


def test_what_breaks_off_gives_what_came_before() -> None:
    assert len(urls(entries(5))) == 5
    assert len(urls(gzip.compress(entries(500))[:-900])) < 500


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><urlset><url><loc>&b;</loc></url>"


@pytest.mark.parametrize(
    "hostile",
    [
        BOMB,
        "<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><urlset><url><loc>&f;</loc></url>",
        "<!DOCTYPE x SYSTEM 'http://127.0.0.1/x.dtd'><urlset>" + "<a>" * 100_000,
        "<a>" * 200_000,
        "\x00\x01\x02",
        "<html><body>no</body></html>",
    ],
)
def test_hostile_ones_name_nothing(hostile: str) -> None:
    assert urls(hostile) == []


def test_a_packed_bomb_is_read_to_its_bound() -> None:
    bomb = gzip.compress(b"<urlset>" + b" " * 80_000_000, 9)
    assert xml_listing(bomb, HERE).cut


def test_llms_txt_and_plain_lists() -> None:
    text = "# Acme\n- [Docs](/docs): all\n- [Old](http://acme.example/old)\n- [no](mailto:x@y)"
    assert [page.url for page in text_listing(text, HERE).pages] == [
        "https://acme.example/docs", "http://acme.example/old",
    ]  # fmt: skip
    assert [page.url for page in plain_listing("https://a.example/\nfoo\n").pages] == [
        "https://a.example/"
    ]
