"""Escaping and swapping: the little that all parts of a page share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from django.template.loader import get_template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

REPLACE = mark_safe(' hx-swap-oob="true"')


def exact(text: str) -> SafeString:
    """Escaped so that the parsed text is the text: a parser would turn CR into LF and drop NUL."""
    out = str(escape(text))
    if "\r" in out or "\0" in out:
        out = out.replace("\r", "&#13;").replace("\0", "\ufffd")
    return mark_safe(out)  # noqa: S308 - escaped above


def part(name: str, context: Mapping[str, Any], swap: str = "") -> SafeString:
    """The part of this name from `templates/runs/parts`."""
    html = get_template(f"runs/parts/{name}.html").render({**context, "swap": swap})
    return mark_safe(html)  # noqa: S308 - Django's own answer, whose stubs say less


def joined(parts: Iterable[str]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308 - parts come from templates, which escape


def into(how: str, html: str) -> str:
    """A part whose content is put at a place, where a plain swap would replace the place."""
    return f'<div hx-swap-oob="{how}">{html}</div>'


def behind(place: str, html: str) -> str:
    """A part that is added to a text, which the page's own script puts in."""
    return f'<div hx-swap-oob="beforeend:{place}" data-keep="">{html}</div>'


def element_id(name: str) -> str:
    """A short name for an element: the same in every rendering, and safe in a selector."""
    return blake2b(name.encode(), digest_size=6).hexdigest()
