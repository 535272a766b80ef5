"""A page taken apart: its text, and what it says of itself. Runs in the process of `extraction`."""

from __future__ import annotations

import re
from typing import Any

import trafilatura
from justext import get_stoplist
from lxml import html
from lxml.html import HtmlElement
from trafilatura import baseline, external

from workflows.fetch.bodies import mark
from workflows.fetch.hidden import without_hidden
from workflows.fetch.markup import lean
from workflows.fetch.page_head import head_of
from workflows.fetch.page_links import links_of
from workflows.fetch.sketch import sketch

LONGEST = 400_000
SCANT = 200  # characters; a page with less may have its text made by a script
# Marks that are the same in all encodings with ASCII inside.
_META = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?([\w:.-]{1,40})", re.IGNORECASE)
# Whose little words tell text from the rest of a short page.
_TONGUES = (
    "English", "German", "French", "Spanish", "Italian", "Portuguese", "Dutch", "Polish", "Czech",
    "Russian", "Turkish", "Arabic",
)  # fmt: skip
_APPS = "//*[@id='root' or @id='app' or @id='__next' or @id='__nuxt' or @ng-app or @data-reactroot]"


def dissected(body: bytes, charset: str = "", url: str = "") -> dict[str, Any]:
    """`text`: paragraphs with blank lines between them; `loose`: the numbers of those that do not
    stand in the page as they are here, such as rows of a table. See `page_head` for the rest."""
    tree = _tree(lean(decoded(body, charset)))
    if tree is None:
        return {"title": "", "text": "", "loose": [], "links": [], "sketch": []}
    script = _made_by_script(tree)
    asks = bool(tree.xpath("//input[@type='password']"))
    head = head_of(without_hidden(tree), url)
    links = links_of(tree, url)
    paragraphs = _paragraphs(tree)
    text = "\n\n".join(paragraphs)[:LONGEST]
    return {
        **head,
        "text": text,
        "loose": _loose(paragraphs, _seen(tree)),
        "links": links,
        "sketch": sketch(text),
        "needs_script": script and len(text) < SCANT,
        "asks_sign_in": asks and len(text) < 4 * SCANT,
    }


def warm() -> None:
    """Load once what the pages to come need: else each fork of a short one reads the words of a
    hundred languages, which takes it a third of a second and 35 MB."""
    words = {word for tongue in _TONGUES for word in get_stoplist(tongue)}
    vars(external)["JT_STOPLIST"] = tuple(words)
    dissected(b"<p>A short page.</p>")


def decoded(body: bytes, said: str) -> str:
    """By its mark, by what the server says, by what the page says, else as it looks."""
    meta = _META.search(body[:4096])
    for name in (mark(body), said, meta[1].decode() if meta else "", "utf-8"):
        try:
            return body.decode(name) if name else _never()
        except (LookupError, UnicodeError):
            continue
    return _guessed(body) or body.decode(said or "utf-8", "replace")


def _never() -> str:
    raise LookupError


def _guessed(body: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415 - few pages need it

    best = from_bytes(body[:20_000]).best()
    return body.decode(best.encoding, "replace") if best else ""


def _tree(text: str) -> HtmlElement | None:
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (ValueError, AssertionError, html.etree.ParserError):
        return None


def _paragraphs(tree: HtmlElement) -> list[str]:
    copied = html.document_fromstring(html.tostring(tree, encoding="unicode"))
    found = trafilatura.extract(
        copied, output_format="txt", include_comments=False, include_tables=True, favor_recall=True
    )
    if not found or len(found) < SCANT:
        # It takes lists of links for navigation; a page may be nothing else.
        _, plainer, _ = baseline(html.tostring(tree, encoding="unicode"))
        found = plainer if len(plainer) > len(found or "") else found
    # One line is one paragraph there.
    return [line.strip() for line in (found or "").splitlines() if line.strip()]


def _seen(tree: HtmlElement) -> str:
    """All that readers see, as it stands there."""
    for node in tree.xpath("//script | //style | //noscript | //head"):
        if node.getparent() is not None:
            node.drop_tree()
    return " ".join(str(tree.text_content()).split())


def _loose(paragraphs: list[str], seen: str) -> list[int]:
    return [n for n, text in enumerate(paragraphs) if " ".join(text.split()) not in seen]


def _made_by_script(tree: HtmlElement) -> bool:
    return bool(tree.xpath("//script")) and bool(
        tree.xpath(_APPS) or tree.xpath("//noscript") or tree.xpath("//script[@src]")
    )
