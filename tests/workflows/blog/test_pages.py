"""Pages that the author names are material: quoted word for word, with the page as the source."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import escape

import pytest

from tests.workflows.blog.worlds import folded, licence
from tests.workflows.fetch.web import PUBLIC, Web, page, web
from workflows.blog.flow import write_blog
from workflows.blog.notes import Origin, notes_of
from workflows.catalog import Brief
from workflows.engine import Failure


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Web]:
    """A site of licences on an address of this machine that we may read."""
    async with web() as made:
        monkeypatch.setenv("GX_FETCH_ALLOW", f"{PUBLIC}/32:{made.port}")
        for path, name in (("/gpl", "GPL-2"), ("/mpl", "MPL-2.0")):
            text = "".join(f"<p>{escape(part)}</p>" for part in licence(name).split("\n\n"))
            head = f"<head><title>The {name}</title></head>"
            html = f"<html>{head}<body><article>{text}</article></body></html>"
            made.pages[path] = page(html.encode(), "Content-Type: text/html; charset=utf-8")
        yield made


def at(site: Web, path: str) -> str:
    return f"http://{PUBLIC}:{site.port}{path}"


async def test_a_post_is_written_from_pages_and_says_which(site: Web) -> None:
    urls = (at(site, "/gpl"), at(site, "/mpl"), at(site, "/gpl"))
    post = await write_blog(Brief("What licences ask", urls=urls, words=600))
    titles = {source.url: source.title for source in post.sources}
    assert titles == {urls[0]: "The GPL-2", urls[1]: "The MPL-2.0"}
    whole = {urls[0]: folded(licence("GPL-2")), urls[1]: folded(licence("MPL-2.0"))}
    assert [one.quote for one in post.sources if one.quote not in whole[one.url or ""]] == []
    assert len(site.asked) == 2


async def test_notes_and_pages_are_told_apart(site: Web) -> None:
    brief = Brief("Licences", notes=licence("Apache-2.0"), urls=(at(site, "/gpl"),), words=800)
    post = await write_blog(brief)
    assert {source.url for source in post.sources} == {None, at(site, "/gpl")}


async def test_a_page_that_cannot_be_read_is_left_out(site: Web) -> None:
    brief = Brief("Licences", notes=licence("Apache-2.0"), urls=(at(site, "/none"),), words=300)
    post = await write_blog(brief)
    assert {source.url for source in post.sources} == {None}


@pytest.mark.parametrize(
    ("url", "type"),
    [
        ("http://169.254.169.254/latest/", "forbidden_address"),
        ("not an address", "invalid_input"),
        ("file:///etc/passwd", "invalid_input"),
    ],
)
async def test_with_nothing_else_to_write_from_it_says_why(site: Web, url: str, type: str) -> None:
    with pytest.raises(Failure) as why:
        await write_blog(Brief("Licences", urls=(url,)))
    assert why.value.type == type


def test_words_lead_back_to_where_they_stand() -> None:
    first, second = Origin("https://a.example/", "A"), Origin("https://b.example/", "B")
    notes = notes_of(
        "Salt is dear.", [(first, "Wool is warm.\n\nSilk is cool."), (second, "Tin is soft.")]
    )
    assert notes.origin_of("Salt is dear.") is None
    assert notes.origin_of("Silk is cool.") == first
    assert notes.origin_of("Tin is soft.") == second
    assert notes.origin_of("Lead is heavy.") is None
    assert notes_of("", [(first, "Wool is warm.")]).origin_of("Wool is warm.") == first
