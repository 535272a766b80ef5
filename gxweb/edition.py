"""The edition: what pages and their assets are made of, in a few letters. Another after a deploy.

Addresses of assets carry it, so that a new page never meets an old stylesheet out of a browser's
cache; their names stay, so that a page of before finds what it still asks for. The chips' socket
tells it, so that a page that was left open over a deploy can say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings

MADE_OF = ("templates", "static", "requirements.lock")  # the last: htmx and the admin come with it


@lru_cache(maxsize=1)
def edition() -> str:
    """That of this process: what it has loaded does not change while it lives."""
    return of(settings.BASE_DIR / name for name in MADE_OF)


def of(places: Iterator[Path]) -> str:
    """Equal for equal files, wherever they lie."""
    digest = sha256()
    for place in places:
        for path in sorted([place, *place.rglob("*")]):
            if path.is_file():
                digest.update(f"{path.relative_to(place.parent)}\0".encode())
                digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:10]
