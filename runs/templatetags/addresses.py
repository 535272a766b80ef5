"""Addresses that pages or models have named, as a template may show them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.template import Library

from runs.links import shown_address

register = Library()
PATH = 50
_PLAIN = re.compile(r"/[A-Za-z0-9/%._~+-]*")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@register.filter
def leads(url: Any) -> str:
    """Where a link to it leads, in short; empty: there must be none."""
    return shown_address(url)


@register.filter
def path(url: Any) -> str:
    """What stands behind the host, in short; nothing that could be taken for another host."""
    found = urlsplit(url).path if leads(url) else ""
    shown = found if _PLAIN.fullmatch(found) and found != "/" else ""
    return shown if len(shown) <= PATH else f"{shown[: PATH - 1]}…"


@register.filter
def colours(said: Any) -> list[str]:
    """Those that are plain colours."""
    found = said if isinstance(said, list | tuple) else ()
    return [one for one in found if isinstance(one, str) and _COLOUR.fullmatch(one)][:5]
