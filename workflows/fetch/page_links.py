"""Where a page leads: its links in their order, each once, and whether it names them as its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urldefrag, urljoin

from lxml.html import HtmlElement

MOST = 400
TEXT = 100
_NAVIGATION = {"nav", "header"}
_PLACES = {"nav", "header", "footer", "aside", "main", "article", "body"}


def links_of(tree: HtmlElement, url: str) -> list[dict[str, Any]]:
    """`url`: absolute and without its fragment; `text`: what the link says; `nav`: it stands in the
    page's navigation. Those that are marked as nofollow are left out."""
    base = _base(tree, url)
    found: dict[str, dict[str, Any]] = {}
    for node in tree.iter("a", "area"):
        if len(found) >= MOST:
            break
        there = _leads(node, base)
        if there and there not in found:
            text = " ".join(str(node.text_content()).split())[:TEXT]
            found[there] = {"url": there, "text": text, "nav": _is_navigation(node)}
    return list(found.values())


def _base(tree: HtmlElement, url: str) -> str:
    node = tree.find(".//base")
    try:
        return urljoin(url, node.get("href", "")) if node is not None else url
    except ValueError:
        return url


def _leads(node: HtmlElement, base: str) -> str:
    said = (node.get("href") or "").strip()
    if not said or said.startswith("#") or "nofollow" in (node.get("rel") or "").lower():
        return ""
    try:
        found = urldefrag(urljoin(base, said)).url
    except ValueError:
        return ""
    return found if found.startswith(("http://", "https://")) and len(found) <= 2048 else ""


def _is_navigation(node: HtmlElement) -> bool:
    place = next((one.tag for one in node.iterancestors() if one.tag in _PLACES), "")
    return place in _NAVIGATION
