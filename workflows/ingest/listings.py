"""Lists of pages that a site gives: sitemaps and their indexes, feeds, `llms.txt`.

They are read as they come, without a tree, and no further than so many entries and bytes: a million
of them cost what the first thousands do.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin
from xml.sax import SAXException

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

MOST_ENTRIES = 20_000
MOST_BYTES = 50 * 1024 * 1024
DEEPEST = 12
PIECE = 64 * 1024
_LINK = re.compile(r"\[([^\]\n]{1,200})\]\((https?://[^\s)]{1,2000}|/[^\s)]{0,2000})\)")


@dataclass(frozen=True, slots=True)
class Listed:
    """`priority`: 0 to 1, as the site says it; 0.5 when it does not."""

    url: str
    priority: float = 0.5
    title: str = ""


@dataclass
class Listing:
    """`cut`: there is more than was read."""

    pages: list[Listed] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)  # further sitemaps
    cut: bool = False


class _Enough(Exception):
    """No more is wanted."""


def xml_listing(body: bytes, url: str) -> Listing:
    """A sitemap, an index of sitemaps, RSS or Atom; what is broken gives what came before."""
    found = Listing()
    parser: Any = DefusedExpatParser(forbid_dtd=False, forbid_entities=True, forbid_external=True)
    parser.setContentHandler(_Handler(found, url))
    with suppress(SAXException, DefusedXmlException, ValueError, _Enough):
        for piece in _pieces(body, found):
            parser.feed(piece)
    return found


def _pieces(body: bytes, found: Listing) -> Iterator[bytes]:
    """Unpacked if it is packed, whatever it is called."""
    size, source = 0, io.BytesIO(body)
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if body.startswith(b"\x1f\x8b") else None
    while raw := source.read(PIECE):
        while raw:
            try:
                piece = unpack.decompress(raw, PIECE) if unpack else raw
            except zlib.error:
                return
            raw = unpack.unconsumed_tail if unpack else b""
            size += len(piece)
            yield piece
            if size > MOST_BYTES:
                found.cut = True
                return


class _Handler:
    """Of the parser's events those that matter; names without their namespace."""

    def __init__(self, found: Listing, url: str) -> None:
        self._found, self._url = found, url
        self._path: list[str] = []
        self._texts: dict[str, str] = {}
        self._text: list[str] = []

    def startElement(self, name: str, attributes: Any) -> None:  # noqa: N802
        name = name.rpartition(":")[2].lower()
        self._path.append(name)
        if len(self._path) > DEEPEST:
            raise _Enough
        self._text = []
        if name in ("url", "sitemap", "item", "entry"):
            self._texts = {}
        rel = attributes.get("rel", "alternate")
        if name == "link" and "entry" in self._path and rel == "alternate":
            self._texts.setdefault("loc", attributes.get("href", ""))

    def characters(self, text: str) -> None:
        if sum(map(len, self._text)) < 4096:
            self._text.append(text)

    def endElement(self, name: str) -> None:  # noqa: N802
        name = self._path.pop()
        text = "".join(self._text).strip()
        self._text = []
        inside = self._path[-1] if self._path else ""
        if text and inside in ("url", "sitemap", "item", "entry"):
            self._texts.setdefault("loc" if name == "link" else name, text)
        if name == "sitemap":
            self._found.lists.append(urljoin(self._url, self._texts.get("loc", "")))
        elif name in ("url", "item", "entry"):
            self._add()

    def _add(self) -> None:
        with suppress(ValueError):
            url = urljoin(self._url, self._texts.get("loc", ""))
            title = self._texts.get("title", "")[:200]
            self._found.pages.append(Listed(url, _priority(self._texts), title))
        if len(self._found.pages) >= MOST_ENTRIES:
            self._found.cut = True
            raise _Enough

    def __getattr__(self, name: str) -> Any:
        """The parser tells more than is asked."""
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_: None


def _priority(texts: dict[str, str]) -> float:
    try:
        return min(1.0, max(0.0, float(texts.get("priority", "") or 0.5)))
    except ValueError:
        return 0.5


def text_listing(text: str, url: str) -> Listing:
    """`llms.txt`: Markdown whose links are what the site wants read."""
    found = Listing()
    for title, there in _LINK.findall(text[: 500 * 1024])[:MOST_ENTRIES]:
        with suppress(ValueError):
            found.pages.append(Listed(urljoin(url, there), 0.8, title))
    return found


def plain_listing(text: str) -> Listing:
    """A sitemap of plain text: an address on each line."""
    lines = (line.strip() for line in text[:MOST_BYTES].splitlines()[:MOST_ENTRIES])
    return Listing([Listed(line) for line in lines if line.startswith(("http://", "https://"))])
