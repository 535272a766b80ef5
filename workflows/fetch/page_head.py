"""What a page says of itself: Open Graph, JSON-LD, its icons, colours, language and feeds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from lxml.html import HtmlElement

LONG, SHORT = 500, 300
KINDS, COLOURS, FEEDS = 8, 6, 3
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})(?![0-9a-fA-F])")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8}){0,2}")
_FEEDS = ("application/rss+xml", "application/atom+xml")


def head_of(tree: HtmlElement, url: str) -> dict[str, Any]:
    """Addresses are absolute, and web addresses; texts are one line each."""
    meta = _metas(tree)
    data = list(_json_ld(tree))
    base = _base(tree, url)
    named = next((text for one in data if (text := _line(one.get("name"), SHORT))), "")
    told = next((text for one in data if (text := _line(one.get("description"), LONG))), "")
    return {
        "title": _line(tree.findtext(".//title"), SHORT) or _heading(tree),
        "description": meta.get("og:description") or meta.get("description") or told,
        "site_name": meta.get("og:site_name") or meta.get("application-name") or named,
        "language": _language(tree, meta),
        "image": _address(base, meta.get("og:image", "")),
        "icon": _icon(tree, base),
        "colours": _colours(tree, meta),
        "about": _kinds(data),
        "canonical": _link(tree, base, "canonical"),
        "feeds": _feeds(tree, base),
    }


def _metas(tree: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.iterfind(".//meta"):
        name = (node.get("property") or node.get("name") or "").strip().lower()
        if name and (said := _line(node.get("content"), LONG)):
            found.setdefault(name, said)
    return found


def _line(said: Any, most: int) -> str:
    return " ".join(said.split())[:most] if isinstance(said, str) else ""


def _heading(tree: HtmlElement) -> str:
    heading = tree.find(".//h1")
    return "" if heading is None else _line(str(heading.text_content()), SHORT)


def _json_ld(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    for node in tree.xpath("//script[@type='application/ld+json']")[:10]:
        try:
            said = json.loads((node.text or "")[:100_000])
        except (ValueError, RecursionError):
            continue
        yield from _objects(said)


def _objects(said: Any) -> Iterator[dict[str, Any]]:
    several = said if isinstance(said, list) else [said]
    for one in several[:20]:
        if isinstance(one, dict):
            graph = one.get("@graph")
            yield from (part for part in [one, *(graph if isinstance(graph, list) else [])][:20]
                        if isinstance(part, dict))  # fmt: skip


def _kinds(data: list[dict[str, Any]]) -> list[str]:
    found: list[str] = []
    for one in data:
        kinds = one.get("@type")
        found += [kind for kind in (kinds if isinstance(kinds, list) else [kinds])
                  if isinstance(kind, str) and re.fullmatch(r"[A-Za-z]{2,40}", kind)]  # fmt: skip
    return list(dict.fromkeys(found))[:KINDS]


def _language(tree: HtmlElement, meta: dict[str, str]) -> str:
    said = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    said = said or tree.get("xml:lang") or meta.get("og:locale", "").replace("_", "-")
    found = _LANGUAGE.match(said.strip())
    return found[0].lower() if found else ""


def _base(tree: HtmlElement, url: str) -> str:
    node = tree.find(".//base")
    return _address(url, node.get("href", "")) or url if node is not None else url


def _address(base: str, said: str) -> str:
    """Absolute; empty unless it is one of the web."""
    try:
        found = urljoin(base, said.strip()) if said.strip() else ""
    except ValueError:
        return ""
    return found if found.startswith(("http://", "https://")) and len(found) <= 2048 else ""


def _link(tree: HtmlElement, base: str, rel: str) -> str:
    for node in tree.iterfind(".//link"):
        if rel in (node.get("rel") or "").lower().split():
            return _address(base, node.get("href") or "")
    return ""


def _icon(tree: HtmlElement, base: str) -> str:
    return _link(tree, base, "apple-touch-icon") or _link(tree, base, "icon")


def _feeds(tree: HtmlElement, base: str) -> list[str]:
    nodes = (node for node in tree.iterfind(".//link") if node.get("type") in _FEEDS)
    found = (_address(base, node.get("href") or "") for node in nodes)
    return [feed for feed in found if feed][:FEEDS]


def _colours(tree: HtmlElement, meta: dict[str, str]) -> list[str]:
    """What it says is its colour, then what its own styles say most."""
    said = [meta.get("theme-color", ""), meta.get("msapplication-tilecolor", "")]
    styles = " ".join((node.text or "")[:50_000] for node in tree.xpath("//style")[:5])
    counted: dict[str, int] = {}
    for colour in _COLOUR.findall(styles):
        counted[_six(colour)] = counted.get(_six(colour), 0) + 1
    spoken = [_six(found[0]) for one in said if (found := _COLOUR.match(one.strip()))]
    common = sorted((one for one in counted if not _is_grey(one)), key=lambda one: -counted[one])
    return list(dict.fromkeys([*spoken, *common]))[:COLOURS]


def _six(colour: str) -> str:
    digits = colour[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def _is_grey(colour: str) -> bool:
    parts = [int(colour[n : n + 2], 16) for n in (1, 3, 5)]
    return max(parts) - min(parts) < 24
