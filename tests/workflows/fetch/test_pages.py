"""All that a page says: of itself, in which encoding, and where it leads."""

from __future__ import annotations

import asyncio

import pytest

from workflows.fetch import Fetched, Page, dissection, page_of
from workflows.fetch.extractor import Extractor
from workflows.fetch.refusals import Refused
from workflows.fetch.sketch import alike, sketch

TALE = "The wool is washed, carded and spun before anybody weaves it. " * 5
HEAD = """<html lang="en-GB"><head><title> Salt &amp; Co </title>
<meta property="og:site_name" content="Salt"><meta name="description" content="We sell salt.">
<meta property="og:image" content="/hero.png"><meta name="theme-color" content="#0AF">
<link rel="icon" href="/icon.svg"><link rel="canonical" href="https://site.example/">
<link rel="alternate" type="application/atom+xml" href="feed.xml">
<script type="application/ld+json">{"@graph": [{"@type": "Store", "name": "Salt & Co"}]}</script>
</head><body>"""


async def read(
    body: str | bytes, kind: str = "text/html", url: str = "https://site.example/a/b"
) -> Page:
    raw = body.encode() if isinstance(body, str) else body
    return await page_of(Fetched(url, 200, {"content-type": kind}, raw))


async def test_what_a_page_says_of_itself() -> None:
    page: Page = await read(f"{HEAD}<main><p>{TALE}</p></main></body></html>")
    assert (page.title, page.site_name, page.language) == ("Salt & Co", "Salt", "en-gb")
    assert page.description == "We sell salt."
    assert page.image == "https://site.example/hero.png"
    assert page.icon == "https://site.example/icon.svg"
    assert page.colours == ("#00aaff",)
    assert page.about == ("Store",)
    assert page.feeds == ("https://site.example/a/feed.xml",)
    assert page.canonical == "https://site.example/"


async def test_links_are_absolute_and_come_once() -> None:
    page = await read(
        "<nav><a href='/shop#top'>Shop</a></nav><p><a href='/shop'>again</a><a href='c'>C</a>"
        "<a href='javascript:x()'>no</a><a href='mailto:a@b'>no</a><a href='#x'>no</a>"
        "<a rel=nofollow href=/no>no</a><a href='http://[bad'>no</a><a hidden href=/trap>t</a></p>"
    )
    assert [(link.url, link.text, link.nav) for link in page.links] == [
        ("https://site.example/shop", "Shop", True),
        ("https://site.example/a/c", "C", False),
    ]


@pytest.mark.parametrize(
    ("words", "coding", "kind", "meta"),
    [
        ("Žluťoučký kůň úpěl", "iso-8859-2", "text/html; charset=iso-8859-2", ""),
        ("Съешь ещё этих булок", "windows-1251", "text/html", "<meta charset=windows-1251>"),
        ("いろはにほへと", "shift_jis", "text/html", "<meta charset='shift_jis'>"),
        ("Grüße aus Köln", "utf-16", "text/html", ""),
        ("Grüße aus Köln", "utf-8", "text/html; charset=latin-9000", ""),
        ("Grüße aus Köln", "utf-8", "text/html; charset=ascii", ""),
    ],
)
async def test_encodings(words: str, coding: str, kind: str, meta: str) -> None:
    page = await read(f"<html><head>{meta}</head><p>{words} {TALE}</p></html>".encode(coding), kind)
    assert words in page.text


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("Grüße".encode(), "text/plain", "Grüße"),
        ("Grüße".encode("latin-1"), "text/plain", "Grüße"),
        ("Grüße".encode("iso-8859-2"), "text/plain; charset=iso-8859-2", "Grüße"),
        ("\ufeffGrüße".encode(), "text/plain", "Grüße"),
        ("Grüße".encode("utf-16"), "text/markdown", "Grüße"),
        (b"One.\r\n\r\nTwo.\rThree.", "text/plain", "One.\n\nTwo.\nThree."),
        # Names that Python knows, and no text is in.
        *((b"Words.", f"text/plain; charset={name}", "Words.") for name in ("hex", "undefined")),
        *((b"Words.", f"text/plain; charset={name}", "Words.") for name in ("idna", "\0", "zip")),
    ],
)
async def test_plain_text_in_any_encoding(body: bytes, kind: str, text: str) -> None:
    assert (await read(body, kind)).text == text


async def test_a_page_in_an_encoding_that_is_none_is_read() -> None:
    for name in ("hex", "undefined", "idna", "\0"):
        assert "wool" in (await read(f"<p>{TALE}</p>", f"text/html; charset={name}")).text


async def test_lists_of_links_are_text_too() -> None:
    items = "".join(f"<li><a href='/{n}'>Chapter {n} of the long book</a></li>" for n in range(20))
    page = await read(f"<body><ul>{items}</ul></body>")
    assert "Chapter 7 of the long book" in page.text


async def test_rows_of_tables_are_loose() -> None:
    rows = "<tr><td>Grain</td><td>Price</td></tr>" * 3
    page = await read(f"<article><p>{TALE}</p><table>{rows}</table><p>{TALE}</p></article>")
    paragraphs = page.text.split("\n\n")
    assert all("|" in paragraphs[n] for n in page.loose)
    assert not any("wool" in paragraphs[n] for n in page.loose)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<div id=root></div><script src=/app.js></script>", "needs_script"),
        ("<noscript>Enable JavaScript</noscript><script>go()</script>", "needs_script"),
        ("<form>Sign in <input type=password></form>", "asks_sign_in"),
    ],
)
async def test_pages_without_text_say_why(body: str, why: str) -> None:
    page = await read(body)
    assert page.empty
    assert getattr(page, why)


def test_forks_find_the_words_of_languages_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred languages' words cost a third of a second and 35 MB, for each short page."""
    asked: list[None] = []
    monkeypatch.setattr("trafilatura.external.JT_STOPLIST", None)
    monkeypatch.setattr("trafilatura.external.jt_stoplist_init", lambda: asked.append(None))
    dissection.warm()
    assert dissection.dissected(b"<p>It was a short page.</p>")["text"] == "It was a short page."
    assert asked == []


async def test_a_process_that_died_is_replaced() -> None:
    made = Extractor()
    try:
        for _ in range(2):
            found = await made.take_apart(f"<p>{TALE}</p>".encode(), "", "https://a.example/")
            assert "wool" in found["text"]
            assert made._process is not None
            made._process.kill()
    finally:
        made.close()


async def test_one_page_that_hurts_does_not_hurt_the_next() -> None:
    made = Extractor()
    try:
        before = await asyncio.gather(
            made.take_apart(b"<div>" * 1_500_000, "", ""),
            made.take_apart(f"<p>{TALE}</p>".encode(), "", "https://a.example/"),
            return_exceptions=True,
        )
        assert isinstance(before[0], Refused | dict)
        assert isinstance(before[1], dict)
    finally:
        made.close()


def test_nearly_equal_texts_are_alike() -> None:
    words = [f"word{n}" for n in range(400)]
    one, other = " ".join(words), " ".join([*words[:200], "changed", *words[201:]])
    assert alike(sketch(one), sketch(other))
    assert not alike(sketch(one), sketch(" ".join(words[::-1])))
    assert not alike(sketch("short"), sketch("short"))
