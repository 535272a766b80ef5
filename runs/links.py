"""Links of a text: which may be, and the host that is shown beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from markdown_it.token import Token

_ADDRESS = re.compile(r"(https?://[^/\\]|mailto:)", re.IGNORECASE)


def allowed(url: str) -> bool:
    """With its slashes: `http:x` would lead to a page of our own site."""
    return _ADDRESS.match(url) is not None and _parts(url) is not None


def hosted(tokens: Sequence[Token]) -> list[Token]:
    """Behind each link stands where it leads, unless that is all it says; an image is its words."""
    out: list[Token] = []
    open_at = 0
    for token in tokens:
        out.append(words(token.content) if token.type == "image" else token)
        if token.type == "link_open":
            open_at = len(out)
        elif token.type == "link_close":
            out += _host(out[open_at - 1], "".join(t.content for t in out[open_at:-1]))
    return out


def _host(link: Token, said: str) -> list[Token]:
    host = _leads_to(str(link.attrGet("href") or ""))
    plain = said == host or _leads_to(said) == host
    return [] if plain or not host else [words(f" ({host})")]


def _leads_to(url: str) -> str:
    parts = _parts(url)
    if parts is None:
        return url
    return parts.path if parts.scheme == "mailto" else parts.hostname or ""


def _parts(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def shown_address(url: object) -> str:
    """Where a link to this address leads, in short; empty if there must be none."""
    return _leads_to(url) if isinstance(url, str) and allowed(url) else ""


def words(said: str) -> Token:
    return Token("text", "", 0, content=said)
